//! What the account's functions share: the concurrency that some have reserved is missing for the others.

use evenkeel_sim::call::Service;

use super::*;

/// Two functions, of which the first has to wait for the second.
const NAMES: [&str; 2] = ["a-grows", "b-shrinks"];

impl Scene {
    fn reserve(&self, counts: [i32; 2]) {
        for (name, count) in NAMES.iter().zip(counts) {
            self.manifest_of(name, &format!("  concurrency: {{ reserved: {count} }}\n"));
        }
    }

    fn reserved(&self) -> Vec<Value> {
        let get = (Service::Lambda, "GetFunctionConcurrency");
        let shown = NAMES.iter().map(|it| self.call(get.0, get.1, (it, Value::Null)));
        shown.map(|it| it["ReservedConcurrentExecutions"].clone()).collect()
    }

    /// When each change of a reservation began and whether it was accepted, by the scene's clock.
    fn reservations(&self) -> Vec<(f64, bool)> {
        let world = self.sim.shared.world();
        let journal = world.journal().since(0);
        let puts = journal.iter().filter(|it| it.operation == "PutFunctionConcurrency");
        puts.map(|it| (it.began, it.status < 300)).collect()
    }
}

/// The floor of 100 unreserved is AWS's; whoever is refused for it does not wait out his minute.
#[tokio::test(flavor = "multi_thread")]
async fn what_one_function_gives_back_another_gets_at_once() {
    let scene = Scene::new().await;
    scene.reserve([100, 800]);
    scene.apply().await;
    let daemon = scene.start();
    scene.until("in sync", |it| it.row("Concurrency")["status"] == "synced").await;
    let before = scene.reservations().len();
    // The one that grows is told first, and has been refused when the other is told.
    scene.manifest_of(NAMES[0], "  concurrency: { reserved: 700 }\n");
    scene.until("a refusal", |it| it.reservations().len() > before).await;
    scene.manifest_of(NAMES[1], "  concurrency: { reserved: 200 }\n");
    scene.until("both", |it| it.reserved() == [json!(700), json!(200)]).await;
    let calls = scene.reservations().split_off(before);
    let [(_, false), .., (shrunk, true), (grown, true)] = calls[..] else { panic!("{calls:?}") };
    assert!(grown - shrunk < 20.0, "{calls:?}");
    drop(daemon);
    scene.assert_quiet().await;
}
