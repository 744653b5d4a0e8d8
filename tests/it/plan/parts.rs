//! Golden plans of what a function has besides itself: what was applied before, what somebody did by hand, and the
//! manifest in; what `evenkeel plan` prints out. The real binary, on the stand-in.

use std::fs;

use crate::common::{cases, golden, scene::Scene, sections};

#[tokio::test(flavor = "multi_thread")]
async fn every_plan_of_a_part_is_as_written() {
    for case in cases("plan/parts", &["txt"]) {
        let text = fs::read_to_string(&case).unwrap();
        let (input, _) = text.split_once("== plan\n").unwrap_or((&text, ""));
        golden(&case, &format!("{input}== plan\n{}", plan(input).await));
    }
}

async fn plan(input: &str) -> String {
    let sections = sections(input);
    let section = |name: &str| sections.get(name).map_or("", String::as_str);
    let members =
        |name: &str| section(name).lines().map(|it| format!("  {it}\n")).collect::<String>();
    let scene = Scene::new().await;
    if sections.contains_key("before") {
        scene.manifest(&members("before"));
        scene.apply().await;
    }
    for hand in section("hands").lines() {
        let (call, body) = hand.split_once(' ').unwrap();
        let (call, qualifier) = call.split_once(':').map_or((call, None), |it| (it.0, Some(it.1)));
        // The stand-in knows operations by their own constants.
        scene.lambda(call.to_owned().leak(), qualifier, serde_json::from_str(body).unwrap());
    }
    scene.manifest(&members("manifest"));
    let (code, text) = scene.on_manifests(&["plan"]).await;
    assert!(code < 2, "{text}");
    // What goes to the log is no part of it.
    let shown = |it: &&str| !it.is_empty() && !it.starts_with('{');
    text.lines().filter(shown).map(|it| format!("{it}\n")).collect()
}
