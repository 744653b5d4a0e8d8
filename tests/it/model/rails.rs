//! The rails that keep an accident small, on the model cloud: each test fails without its rail.

use std::{collections::BTreeMap, time::Duration};

use evenkeel::engine::{
    diff::Reason, engine::Waves, facts::ImageFact, gate::WriteStop, policy::Mode, prune::Terms,
    status::Status, tags::SUSPEND, work::Event,
};

use super::{fleet::Fleet, stage::Stage, world::World};
use crate::common::{REGISTRY, digest, function};

const GRACE: Duration = Duration::from_mins(10);

fn pruning() -> Terms {
    Terms { prune: true, grace: GRACE, ..Terms::default() }
}

const DELETE: &str = "policy: { deletion: delete }";

/// Somebody said to write nothing.
fn pause() -> WriteStop {
    WriteStop { reason: Reason::new("PauseFile", "it exists"), rescues: false }
}

#[test]
fn an_object_without_a_manifest_goes_after_the_grace_time_and_not_before() {
    let mut fleet = Fleet::of(20, DELETE, pruning());
    fleet.names.pop();
    fleet.tell();
    fleet.stage.run(GRACE.saturating_sub(Duration::from_secs(1)));
    assert_eq!(fleet.stage.world.names().len(), 20);
    assert_eq!(fleet.row("job-19").reason.code, "PruneWaiting");
    fleet.stage.run(Duration::from_mins(1));
    assert_eq!(fleet.stage.world.names().len(), 19);
    let told = &fleet.stage.transcript;
    assert!(told.iter().any(|it| it.contains("buried (with its digest: true)")), "{told:?}");
}

#[test]
fn one_whose_tag_says_retain_stays_and_so_does_everything_without_leave() {
    let mut kept = Fleet::of(20, "", pruning());
    let mut off = Fleet::of(20, DELETE, Terms::default());
    for fleet in [&mut kept, &mut off] {
        fleet.names.pop();
        fleet.tell();
        fleet.stage.run(GRACE * 3);
        assert_eq!(fleet.stage.world.names().len(), 20);
        assert_eq!(fleet.row("job-19").reason.code, "ManifestGone");
    }
    // The manifest cannot change its mind once it is gone: the live tag decides.
    kept.fields = DELETE;
    kept.tell();
    kept.stage.run(GRACE * 3);
    assert_eq!(kept.stage.world.names().len(), 20);
}

#[test]
fn a_manifest_that_comes_back_in_time_saves_its_object_and_starts_anew() {
    let mut fleet = Fleet::of(20, DELETE, pruning());
    let last = fleet.names.pop().unwrap();
    fleet.tell();
    fleet.stage.run(GRACE.saturating_sub(Duration::from_secs(30)));
    fleet.names.push(last);
    fleet.tell();
    fleet.stage.run(Duration::from_mins(2));
    fleet.names.pop();
    fleet.tell();
    fleet.stage.run(GRACE.saturating_sub(Duration::from_secs(30)));
    assert_eq!(fleet.stage.world.names().len(), 20);
    fleet.stage.run(Duration::from_mins(1));
    assert_eq!(fleet.stage.world.names().len(), 19);
}

#[test]
fn a_restart_in_the_middle_of_the_grace_time_waits_all_of_it_again() {
    let mut fleet = Fleet::of(20, DELETE, pruning());
    fleet.names.pop();
    fleet.tell();
    fleet.stage.run(GRACE.saturating_sub(Duration::from_secs(30)));
    fleet.restart(pruning(), None);
    fleet.stage.run(GRACE.saturating_sub(Duration::from_secs(30)));
    assert_eq!(fleet.stage.world.names().len(), 20);
    fleet.stage.run(Duration::from_mins(2));
    assert_eq!(fleet.stage.world.names().len(), 19);
}

#[test]
fn a_broken_file_stops_all_deletion_and_the_waiting() {
    let mut fleet = Fleet::of(20, DELETE, pruning());
    fleet.names.pop();
    fleet.tell();
    fleet.stage.run(GRACE.saturating_sub(Duration::from_mins(1)));
    fleet.stage.intact = false;
    fleet.tell();
    fleet.stage.run(GRACE);
    assert_eq!(fleet.row("job-19").reason.code, "ManifestInvalid");
    fleet.stage.intact = true;
    fleet.tell();
    fleet.stage.run(GRACE.saturating_sub(Duration::from_mins(1)));
    assert_eq!(fleet.stage.world.names().len(), 20);
    fleet.stage.run(Duration::from_mins(2));
    assert_eq!(fleet.stage.world.names().len(), 19);
}

#[test]
fn eleven_of_twenty_need_a_persons_word_for_exactly_them() {
    let mut fleet = Fleet::of(20, DELETE, pruning());
    fleet.names.truncate(9);
    fleet.tell();
    fleet.stage.run(GRACE * 2);
    assert_eq!(fleet.stage.world.names().len(), 20);
    assert_eq!(fleet.row("job-19").reason.code, "PruneUnconfirmed");
    let hash = fleet.stage.prune_hash();
    assert!(fleet.row("job-19").reason.message.contains(&hash));
    // One more is gone: the word was for others.
    let last = fleet.names.pop().unwrap();
    let confirmed = Terms { confirm: Some(hash), ..pruning() };
    fleet.restart(confirmed.clone(), None);
    fleet.stage.run(GRACE * 2);
    assert_eq!(fleet.stage.world.names().len(), 20);
    fleet.names.push(last);
    fleet.restart(confirmed, None);
    fleet.stage.run(GRACE * 2);
    assert_eq!(fleet.stage.world.names().len(), 9);
}

#[test]
fn the_last_objects_of_a_target_are_never_deleted() {
    let mut fleet = Fleet::of(3, DELETE, pruning());
    fleet.names.clear();
    fleet.tell();
    fleet.stage.run(GRACE * 2);
    let confirmed = Terms { confirm: Some(fleet.stage.prune_hash()), ..pruning() };
    fleet.restart(confirmed, None);
    fleet.stage.run(GRACE * 2);
    assert_eq!(fleet.stage.world.names().len(), 3);
    assert_eq!(fleet.row("job-00").reason.code, "PruneBlocked");
}

#[test]
fn a_single_run_deletes_exactly_what_was_confirmed_and_does_not_wait() {
    let mut fleet = Fleet::of(20, DELETE, Terms::default());
    fleet.names.pop();
    let once = Terms { once: true, ..pruning() };
    fleet.restart(once.clone(), None);
    assert!(fleet.stage.settle());
    assert_eq!(fleet.stage.world.names().len(), 20);
    assert_eq!(fleet.row("job-19").reason.code, "PruneUnconfirmed");
    let confirm = Some(fleet.stage.prune_hash());
    fleet.restart(Terms { confirm, ..once }, None);
    assert!(fleet.stage.settle());
    assert_eq!(fleet.stage.world.names().len(), 19);
}

#[test]
fn what_somebody_else_has_taken_over_is_not_deleted() {
    let mut fleet = Fleet::of(20, DELETE, pruning());
    fleet.names.pop();
    fleet.tell();
    fleet.stage.run(GRACE.saturating_sub(Duration::from_secs(1)));
    fleet.stage.world.tags("job-19", |tags| {
        tags.insert("evenkeel.dev/owner".into(), "other".into());
    });
    fleet.stage.run(GRACE);
    assert_eq!(fleet.stage.world.names().len(), 20);
}

#[test]
fn a_ruling_that_rests_on_other_grounds_deletes_nothing() {
    let mut fleet = Fleet::of(20, DELETE, Terms::default());
    // An Evenkeel that observes rules like any other, and deletes nothing.
    fleet.names.pop();
    let (world, now) = (fleet.stage.world.clone(), fleet.stage.now);
    fleet.stage = Stage::under(world, Mode::Observe, pruning(), None);
    fleet.stage.now = now;
    fleet.tell();
    fleet.stage.run(GRACE * 2);
    let decision = std::sync::Arc::clone(&fleet.stage.decision);
    assert_eq!((decision.allowed.len(), fleet.stage.world.names().len()), (1, 20));
    // The same ruling, come late to a process that has only just seen the object without a manifest.
    fleet.restart(pruning(), None);
    fleet.stage.run(Duration::from_mins(2));
    fleet.stage.tell(Event::PruneDecided(decision));
    fleet.stage.run(Duration::from_mins(2));
    assert_eq!(fleet.stage.world.names().len(), 20);
}

#[test]
fn an_orphan_that_is_suspended_by_its_tag_waits() {
    let mut fleet = Fleet::of(20, DELETE, pruning());
    let wall = jiff::Timestamp::UNIX_EPOCH
        + jiff::SignedDuration::try_from(fleet.stage.now.0 + Duration::from_hours(1)).unwrap();
    fleet.stage.world.tags("job-19", |tags| drop(tags.insert(SUSPEND.into(), wall.to_string())));
    fleet.names.pop();
    fleet.tell();
    fleet.stage.run(Duration::from_mins(50));
    assert_eq!(fleet.stage.world.names().len(), 20);
    assert_eq!(fleet.row("job-19").reason.code, "Suspended");
    fleet.stage.run(Duration::from_mins(30));
    assert_eq!(fleet.stage.world.names().len(), 19);
}

fn waves(stage: &Stage) -> Option<Waves> {
    stage.waves()
}

#[test]
fn a_bad_image_under_a_shared_tag_touches_one_function() {
    let mut fleet = Fleet::of(20, "", Terms::default());
    let before = fleet.stage.world.writes.len();
    fleet.stage.world.bad.push("b".repeat(64));
    fleet.push("b");
    fleet.stage.run(Duration::from_mins(30));
    assert_eq!(fleet.touched(before), 1);
    assert_eq!(fleet.on("a"), 20);
    let told = waves(&fleet.stage).unwrap();
    assert_eq!((told.members, told.released, told.wave, told.halted), (20, 1, 1, true));
    let reasons = fleet.reasons();
    assert_eq!(reasons.get("RolloutHalted"), Some(&19), "{reasons:?}");
    let failed = fleet.row("job-00");
    assert_eq!(failed.status, Status::Failed, "{}", failed.reason.message);
    // A restart, and the audit, touch nobody else.
    fleet.restart(Terms::default(), None);
    fleet.stage.run(Duration::from_hours(1));
    assert_eq!(fleet.touched(before), 1);
    // A good image goes to all, the failed one first.
    fleet.push("c");
    fleet.stage.run(Duration::from_mins(10));
    assert_eq!(fleet.on("c"), 20);
    assert_eq!(waves(&fleet.stage), None);
}

#[test]
fn a_persons_word_lets_the_rest_go_on() {
    let mut fleet = Fleet::of(20, "", Terms::default());
    fleet.stage.world.bad.push("b".repeat(64));
    fleet.push("b");
    fleet.stage.run(Duration::from_mins(5));
    let message = fleet.row("job-07").reason.message.clone();
    let hash = message.split("--confirm ").nth(1).unwrap().get(..16).unwrap().to_owned();
    let before = fleet.stage.world.writes.len();
    // Another word does nothing.
    fleet.restart(Terms::default(), Some("0".repeat(16)));
    fleet.stage.run(Duration::from_mins(5));
    assert!(fleet.touched(before) <= 1);
    fleet.restart(Terms::default(), Some(hash));
    fleet.stage.run(Duration::from_mins(5));
    assert_eq!(fleet.touched(before), 20);
}

#[test]
fn a_good_image_goes_in_waves_and_few_go_at_once() {
    let mut fleet = Fleet::of(40, "", Terms::default());
    fleet.push("b");
    let mut seen = Vec::new();
    for _ in 0..120 {
        fleet.stage.run(Duration::from_secs(1));
        let released = waves(&fleet.stage).map_or(0, |it| it.released);
        if released > 0 && seen.last() != Some(&released) {
            seen.push(released);
        }
    }
    assert_eq!(seen, [1, 5, 40]);
    assert_eq!(fleet.on("b"), 40);
    assert_eq!(waves(&fleet.stage), None);
    // Ten are nobody's accident.
    let mut few = Fleet::of(10, "", Terms::default());
    few.push("b");
    few.stage.run(Duration::from_secs(36));
    assert_eq!((waves(&few.stage), few.on("b")), (None, 10));
}

#[test]
fn an_edit_of_many_manifests_goes_in_waves_in_a_single_run_too() {
    let mut fleet = Fleet::of(40, "", Terms::default());
    fleet.fields = "memorySize: 512";
    let before = fleet.stage.world.writes.len();
    fleet.restart(Terms { once: true, ..Terms::default() }, None);
    // Not one before it is known how many they are.
    while fleet.touched(before) == 0 {
        fleet.stage.run(Duration::from_millis(100));
    }
    fleet.stage.run(Duration::from_millis(500));
    assert_eq!(waves(&fleet.stage).map(|it| (it.members, it.released)), Some((40, 1)));
    assert_eq!(fleet.touched(before), 1);
    assert!(fleet.stage.settle());
    assert_eq!(fleet.touched(before), 40);
}

#[test]
fn not_even_those_that_were_just_looked_at_go_first() {
    let mut fleet = Fleet::of(20, "", Terms::default());
    let before = fleet.stage.world.writes.len();
    fleet.stage.world.bad.push("b".repeat(64));
    fleet.push("b");
    // Between the beats on which lists arrive, so that a look of just now is at hand then.
    fleet.stage.run(Duration::from_millis(500));
    for _ in 0..60 {
        for name in ["job-03", "job-11", "job-17"] {
            fleet.stage.refresh(name);
        }
        fleet.stage.run(Duration::from_secs(1));
    }
    assert_eq!(fleet.touched(before), 1);
}

#[test]
fn a_function_of_somebody_else_that_a_manifest_names_halts_nothing() {
    let mut fleet = Fleet::of(20, "", Terms::default());
    // A list does not show that it is not ours, so at first it counts as one of them.
    fleet.stage.world.tags("job-19", BTreeMap::clear);
    fleet.push("b");
    fleet.restart(Terms::default(), None);
    fleet.stage.run(Duration::from_mins(5));
    assert_eq!(fleet.row("job-19").reason.code, "NotOwned");
    assert_eq!((waves(&fleet.stage), fleet.on("b")), (None, 19));
}

#[test]
fn a_hold_in_the_middle_of_waves_is_no_evidence_that_they_are_well() {
    let mut fleet = Fleet::of(20, "", Terms::default());
    fleet.push("b");
    while waves(&fleet.stage).is_none() {
        fleet.stage.run(Duration::from_millis(100));
    }
    fleet.stage.tell(Event::WriteStop(Some(pause())));
    fleet.stage.run(Duration::from_mins(5));
    assert_eq!(waves(&fleet.stage).map(|it| (it.wave, it.released)), Some((1, 1)));
    fleet.stage.tell(Event::WriteStop(None));
    fleet.stage.run(Duration::from_mins(2));
    assert_eq!((waves(&fleet.stage), fleet.on("b")), (None, 20));
}

#[test]
fn a_hold_on_writes_stops_all_of_them_and_detection_goes_on() {
    let mut fleet = Fleet::of(2, "memorySize: 256", Terms::default());
    fleet.stage.tell(Event::WriteStop(Some(pause())));
    let before = fleet.stage.world.writes.len();
    let now = fleet.stage.now;
    fleet.stage.world.by_hand("job-00", now, |it| it.config.memory_size = 1024);
    fleet.stage.run(Duration::from_mins(5));
    assert_eq!(fleet.touched(before), 0);
    let row = fleet.row("job-00");
    assert_eq!((row.status, row.reason.code), (Status::Drifted, "PauseFile"));
    fleet.stage.tell(Event::WriteStop(None));
    fleet.stage.run(Duration::from_secs(10));
    assert_eq!(fleet.touched(before), 1);
}

#[test]
fn what_failed_at_its_creation_is_made_anew_by_whoever_made_it() {
    let mut world = World::default();
    world.images.insert(format!("{REGISTRY}/jobs:v1"), ImageFact::Single(digest("a")));
    world.barren = true;
    let mut stage = Stage::on(world, Mode::Enforce);
    stage.manifests(&function("job", "jobs:v1", "memorySize: 256"));
    stage.run(Duration::from_mins(5));
    let reason = |stage: &Stage| stage.rows()[0].reason.code;
    assert_eq!((reason(&stage), stage.world.writes.len()), ("CreateFailed", 1));
    // Somebody mends the cause and says so in the manifest.
    stage.world.barren = false;
    stage.manifests(&function("job", "jobs:v1", "memorySize: 512"));
    stage.run(Duration::from_mins(1));
    assert_eq!((reason(&stage), stage.world.writes.len()), ("InSync", 3));
    // What has been usable once is not deleted, whatever becomes of it, nor made anew.
    let now = stage.now;
    stage.world.spoil("job", now);
    stage.run(Duration::from_hours(1));
    assert_eq!((reason(&stage), stage.world.writes.len()), ("CreateFailed", 3));
    // Another process leaves what it did not make.
    stage.world.barren = true;
    stage.world.delete("job");
    stage.run(Duration::from_mins(2));
    let (world, now) = (stage.world.clone(), stage.now);
    let writes = world.writes.len();
    let mut other = Stage::on(world, Mode::Enforce);
    other.now = now;
    other.manifests(&function("job", "jobs:v1", "memorySize: 1024"));
    other.run(Duration::from_hours(1));
    assert_eq!((reason(&other), other.world.writes.len()), ("CreateFailed", writes));
}
