//! The daemon on a fleet: what a pass costs, how fast the first verdict comes, and how soon changes are seen
//! and written. Where a clock is hurried, our own time counts as many times as much.

use std::{fs, time::Duration};

use evenkeel_sim::journal::Entry;

use super::{
    manifests,
    report::{self, Report, percentile},
    stage::Fleet,
};

/// AWS's rate of all control-plane calls but two, a second.
const RATE: f64 = 15.0;
/// AWS's rate of GetFunction, a second.
const GET_RATE: f64 = 100.0;
/// What is only watched on functions is read with a GetFunction each, as fast as two calls of that rate allow.
const WATCHED_RATE: f64 = RATE * SHARE * 0.25 / 2.0;
/// The share of it that is used unless somebody says otherwise.
pub const SHARE: f64 = 0.5;
pub const HURRY: f64 = 4.0;
/// What a look at a repository costs: those that no manifest names are looked at once.
const REPOSITORY_CALLS: usize = 4;
/// How many changes are made: enough for a worst one that means something.
const CHANGES: usize = 16;
const SAVES: usize = 20;

fn pages(count: usize) -> usize {
    count.div_ceil(50)
}

/// Lists are pages one after the other: the bound that quotas set, in seconds.
fn list_bound(count: usize, share: f64) -> f64 {
    pages(count) as f64 / (RATE * share)
}

/// How many functions the audit reads a second, once the first one is over (docs/reference/currency.md).
fn audit_rate(count: usize) -> f64 {
    let (count, ours) = (count as f64, GET_RATE * SHARE);
    let quarter = ours * 0.25;
    if count / quarter <= 600.0 { quarter.min(count / 85.5) } else { ours * 0.15 }
}

fn of(entries: &[&Entry], operation: &str) -> usize {
    entries.iter().filter(|it| it.operation == operation).count()
}

/// When the next list of functions begins.
pub async fn began(fleet: &Fleet, mark: usize) -> f64 {
    let first = |calls: &[&Entry]| {
        calls.iter().find(|it| it.operation == "ListFunctions").map(|it| it.began)
    };
    fleet.until(mark, first).await
}

/// When it is at its end.
pub async fn ended(fleet: &Fleet, mark: usize, count: usize) -> f64 {
    let last = |calls: &[&Entry]| {
        let mut lists = calls.iter().filter(|it| it.operation == "ListFunctions");
        lists.nth(pages(count) - 1)?.ended
    };
    fleet.until(mark, last).await
}

/// What one pass over a fleet costs that is as it should be: the first list after the first audit, from its first page
/// to its last.
pub async fn pass(count: usize, report: &mut Report) {
    let fleet = Fleet::made(count, HURRY).await;
    let daemon = fleet.start(SHARE);
    daemon.ready().await;
    daemon.verified(count).await;
    let mark = fleet.mark();
    let (began, cpu) = (began(&fleet, mark).await, daemon.cpu());
    let ended = ended(&fleet, mark, count).await;
    // What came with the last page is still being taken in.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let cpu = daemon.cpu() - cpu;
    let during = |it: &&&Entry| it.began >= began && it.began <= ended;
    let (lists, images, gets, looks, all) = fleet.calls(mark, |calls| {
        let calls: Vec<&Entry> = calls.iter().filter(during).copied().collect();
        let [lists, images, gets, tags] =
            ["ListFunctions", "BatchGetImage", "GetFunction", "ListTagsForResource"]
                .map(|it| of(&calls, it));
        (lists, images, gets, REPOSITORY_CALLS * tags, calls.len())
    });
    // The audit is none of this pass, and chance spreads it.
    let wall = ended - began;
    let audit = (audit_rate(count) + WATCHED_RATE) * wall;
    let audit = audit + 3.0 * audit.sqrt() + 1.0;
    // Images are asked for on their own beat, of thirty seconds.
    let beats = (wall / 30.0).ceil();
    let allowed = pages(count) + count.div_ceil(100) + 5;
    let most = allowed as f64 + manifests::REPOSITORIES as f64 * beats;
    let rss = daemon.rss_mb();
    assert_eq!(daemon.synced().await, count);
    report::heading(&format!("A pass over {count} functions that are as they should be"));
    let row = |value: usize| (value as f64, "calls");
    report.add(("pass.calls", count), row(all - gets - looks), Some(most));
    let most = pages(count) as f64;
    report.add(("pass.list_functions_calls", count), row(lists), Some(most));
    report.add(("pass.batch_get_image_calls", count), row(images), None);
    report.add(("pass.get_function_calls", count), row(gets), Some(audit));
    report.add(("pass.repository_look_calls", count), row(looks), None);
    report.add(("pass.throttled_calls", count), row(fleet.throttled()), Some(0.0));
    report.add(("pass.wall_s", count), (wall, "s"), Some(1.2 * list_bound(count, SHARE) + 1.0));
    report.add(("pass.cpu_s", count), (cpu, "s"), Some(1.5));
    report.add(("pass.rss_mb", count), (rss, "MB"), Some(250.0));
    // Somebody has asked for all metrics by now.
    report.add(("pass.rss_scraped_mb", count), (daemon.rss_mb(), "MB"), Some(250.0));
}

/// From the start of the process to a verdict on every function, against the quota bound.
pub async fn verdict(count: usize, share: f64, report: &mut Report) {
    let fleet = Fleet::made(count, 1.0).await;
    let began = fleet.now();
    let daemon = fleet.start(share);
    daemon.ready().await;
    let took = fleet.now() - began;
    // Those that no exact read has confirmed yet are as they should be as far as the list shows.
    let right = daemon.synced().await + daemon.count("unverified").await;
    report::heading(&format!(
        "From start to a verdict on {count} functions, with {share} of the quota"
    ));
    let ratio = took / list_bound(count, share);
    report.add(("cold.verdict_s", count), (took, "s"), None);
    report.add(("cold.verdict_over_bound", count), (ratio, "times"), Some(1.2));
    report.add(("cold.not_in_sync", count), ((count - right) as f64, "objects"), Some(0.0));
    report.add(("cold.throttled_calls", count), (fleet.throttled() as f64, "calls"), Some(0.0));
}

/// `kill -9`, and a new start: until an exact read has confirmed every function. The bound is the list and then a
/// GetFunction for each, at the rates that may be used.
pub async fn restart(count: usize, report: &mut Report) {
    let fleet = Fleet::made(count, 1.0).await;
    let daemon = fleet.start(SHARE);
    daemon.ready().await;
    daemon.verified(count).await;
    // It is killed, since a daemon that is dropped is.
    drop(daemon);
    let began = fleet.now();
    let daemon = fleet.start(SHARE);
    daemon.ready().await;
    let unread = count - daemon.synced().await;
    daemon.verified(count).await;
    let took = fleet.now() - began;
    let bound = list_bound(count, SHARE) + count as f64 / (GET_RATE * SHARE);
    report::heading(&format!("{count} functions after kill -9, with {SHARE} of the quota"));
    report.add(("restart.unread_at_first", count), (unread as f64, "objects"), None);
    report.add(("restart.verified_s", count), (took, "s"), None);
    report.add(("restart.verified_over_bound", count), (took / bound, "times"), Some(1.2));
    let throttled = fleet.throttled() as f64;
    report.add(("restart.throttled_calls", count), (throttled, "calls"), Some(0.0));
}

/// A change behind our back: when it is seen, and when it is mended.
pub async fn change(count: usize, report: &mut Report) {
    let fleet = Fleet::made(count, HURRY).await;
    let daemon = fleet.start(SHARE);
    daemon.ready().await;
    let list = list_bound(count, SHARE);
    let resync = (4.0 * list).max(30.0);
    let mut changed = Vec::new();
    // Spread over two resyncs, at no set time.
    for change in 0..CHANGES {
        let number = (change * 577 + 13) % count;
        let mark = fleet.mark();
        if fleet.by_hand(number) {
            changed.push((format!("job-{number:05}"), mark, fleet.now()));
        }
        let pause = resync * (1.0 + (change % 5) as f64 / 2.0) / CHANGES as f64;
        fleet.pass(Duration::from_secs_f64(pause)).await;
    }
    let (mut seen, mut mended) = (Vec::new(), Vec::new());
    for (name, mark, at) in &changed {
        let update = |calls: &[&Entry]| {
            let mine = || calls.iter().filter(|it| it.resource == *name);
            let update =
                mine().find(|it| it.operation == "UpdateFunctionConfiguration" && it.effect)?;
            let look = mine().find(|it| it.operation == "GetFunction" && it.status == 200)?;
            Some((look.ended?, update.ended?))
        };
        let (looked, updated) = fleet.until(*mark, update).await;
        seen.push(looked - at);
        mended.push(updated - looked);
    }
    report::heading(&format!("{} changes behind our back, of {count} functions", changed.len()));
    let bound = resync + list + 2.0;
    report.add(("change_to_seen.p50_s", count), (percentile(&mut seen, 0.5), "s"), None);
    report.add(("change_to_seen.p99_s", count), (percentile(&mut seen, 0.99), "s"), Some(bound));
    report.add(("seen_to_repaired.p50_s", count), (percentile(&mut mended, 0.5), "s"), None);
    report.add(("seen_to_repaired.p99_s", count), (percentile(&mut mended, 0.99), "s"), Some(2.0));
}

/// A manifest is saved: when the first write reaches AWS.
pub async fn save(count: usize, report: &mut Report) {
    let fleet = Fleet::made(count, 1.0).await;
    let daemon = fleet.start(SHARE);
    daemon.ready().await;
    fleet.pass(Duration::from_secs(3)).await;
    let mut waits = Vec::new();
    for save in 0..SAVES {
        let number = (save * 577 + 13) % count;
        let name = format!("job-{number:05}");
        let path = fleet.folder.path().join(format!("{name}.yaml"));
        let mark = fleet.mark();
        let new = path.with_extension("new");
        fs::write(&new, manifests::memory(number, 131 + save)).unwrap();
        let saved = fleet.now();
        fs::rename(&new, &path).unwrap();
        let write = |calls: &[&Entry]| {
            calls.iter().find(|it| it.resource == name && it.write).map(|it| it.began)
        };
        waits.push(1000.0 * (fleet.until(mark, write).await - saved));
        fleet.pass(Duration::from_millis(700)).await;
    }
    report::heading(&format!("{SAVES} manifests of {count} saved, one after the other"));
    let goal = if count > 1000 { 1000.0 } else { 400.0 };
    report.add(("save_to_write.p50_ms", count), (percentile(&mut waits, 0.5), "ms"), None);
    report.add(("save_to_write.p99_ms", count), (percentile(&mut waits, 0.99), "ms"), Some(goal));
    drop(daemon);
}

/// A fleet is made from nothing, at AWS's quotas.
pub async fn create(count: usize, report: &mut Report) {
    let fleet = Fleet::bare(count, true, HURRY).await;
    let began = fleet.now();
    let daemon = fleet.start(SHARE);
    let made = |calls: &[&Entry]| {
        let mut made = calls.iter().filter(|it| it.operation == "CreateFunction" && it.effect);
        made.nth(count - 1)?.ended
    };
    let took = fleet.until(0, made).await - began;
    let throttled = fleet.throttled();
    report::heading(&format!("{count} functions made from nothing, with {SHARE} of the quota"));
    let bound = count as f64 / (RATE * SHARE);
    report.add(("create.wall_s", count), (took, "s"), None);
    report.add(("create.over_bound", count), (took / bound, "times"), Some(1.2));
    report.add(("create.throttled_calls", count), (throttled as f64, "calls"), Some(0.0));
    drop(daemon);
}
