//! Plans of what a function has besides itself: what was applied before, what somebody did by hand, and the
//! manifest in; what `evenkeel plan -o json` says. The real binary, on the stand-in.

use tokio::runtime::Runtime;

use super::{Input, hold};
use crate::common::scene::Scene;

#[test]
fn every_plan_of_a_part_is_as_written() {
    let runtime = Runtime::new().unwrap();
    hold("parts", |input| runtime.block_on(plan(input)));
}

async fn plan(input: &Input) -> String {
    let scene = Scene::new().await;
    if input.get("before").is_some() {
        scene.manifest(&input.members("before"));
        scene.apply().await;
    }
    for hand in input.section("hands").lines() {
        let (call, body) = hand.split_once(' ').unwrap();
        let (call, qualifier) = call.split_once(':').map_or((call, None), |it| (it.0, Some(it.1)));
        // The stand-in knows operations by their own constants.
        scene.lambda(call.to_owned().leak(), qualifier, serde_json::from_str(body).unwrap());
    }
    scene.manifest(&input.members("manifest"));
    let (code, text) = scene.planned(&[]).await;
    assert!(code < 2, "{text}");
    // What goes to the log is no part of it.
    let shown = |it: &&str| !it.is_empty() && !it.starts_with('{');
    text.lines().filter(shown).map(|it| format!("{it}\n")).collect()
}
