//! The mass-drift breaker and the fight detector, on the model cloud.

use std::time::Duration;

use evenkeel::engine::{
    breaker::Broken, facts::ImageFact, policy::Mode, prune::Terms, status::Status,
};

use super::{fleet::Fleet, stage::Stage, world::World};
use crate::common::{REGISTRY, digest, function};

/// A fleet of which so many were changed by hand in one moment; and how many writes there were before.
fn struck(count: usize, changed: usize) -> (Fleet, usize) {
    let mut fleet = Fleet::of(count, "memorySize: 256", Terms::default());
    let before = fleet.stage.world.writes.len();
    change(&mut fleet, 0..changed, 1024);
    fleet.stage.run(Duration::from_mins(2));
    (fleet, before)
}

fn change(fleet: &mut Fleet, which: std::ops::Range<usize>, memory: i32) {
    let now = fleet.stage.now;
    for name in &fleet.names[which] {
        fleet.stage.world.by_hand(name, now, |it| it.config.memory_size = memory);
    }
}

/// How many functions have the memory that the manifests ask for.
fn mended(fleet: &Fleet) -> usize {
    let live = fleet.names.iter().filter_map(|it| fleet.stage.world.live(it));
    live.filter(|it| it.config.memory_size == 256).count()
}

fn broken(fleet: &Fleet) -> Option<Broken> {
    fleet.stage.summary().broken
}

#[test]
fn mass_drift_stops_all_writing_until_most_is_as_it_was() {
    let (mut fleet, before) = struck(20, 11);
    let seen = broken(&fleet).unwrap();
    assert_eq!((seen.drifted, seen.of, fleet.touched(before)), (11, 20, 0));
    let row = fleet.row("job-00");
    assert_eq!((row.status, row.reason.code), (Status::Drifted, "MassDrift"));
    assert!(row.reason.message.contains(&format!("`--confirm {}`", seen.hash)), "{:?}", row.reason);
    // Nor is an edit of something else written.
    fleet.fields = "memorySize: 256\ntimeout: 9";
    fleet.tell();
    fleet.stage.run(Duration::from_mins(5));
    assert_eq!(fleet.touched(before), 0);
    fleet.fields = "memorySize: 256";
    fleet.tell();
    // Whoever it was puts some back; not yet half of what opened it.
    change(&mut fleet, 0..5, 256);
    fleet.stage.run(Duration::from_mins(5));
    assert_eq!((fleet.touched(before), broken(&fleet).map(|it| it.drifted)), (0, Some(6)));
    // The rest is few enough, and is mended.
    change(&mut fleet, 5..6, 256);
    fleet.stage.run(Duration::from_mins(5));
    assert_eq!((mended(&fleet), broken(&fleet)), (20, None));
}

#[test]
fn the_breaker_is_open_after_a_restart_too_and_closes_at_a_persons_word() {
    let (mut fleet, before) = struck(20, 15);
    let hash = broken(&fleet).unwrap().hash;
    fleet.restart(Terms::default(), None);
    fleet.stage.run(Duration::from_mins(30));
    assert_eq!((fleet.touched(before), broken(&fleet).map(|it| it.drifted)), (0, Some(15)));
    fleet.restart(Terms::default(), Some("0000000000000000".into()));
    fleet.stage.run(Duration::from_mins(5));
    assert_eq!(fleet.touched(before), 0);
    fleet.restart(Terms::default(), Some(hash.clone()));
    fleet.stage.run(Duration::from_mins(5));
    assert_eq!((mended(&fleet), broken(&fleet)), (20, None));
    // The word was for those.
    change(&mut fleet, 0..16, 2048);
    let before = fleet.stage.world.writes.len();
    fleet.stage.run(Duration::from_mins(5));
    assert_eq!((fleet.touched(before), broken(&fleet).map(|it| it.drifted)), (0, Some(16)));
}

#[test]
fn a_single_run_stops_at_mass_drift_as_well() {
    let (mut fleet, before) = struck(20, 15);
    let once = Terms { once: true, ..Terms::default() };
    fleet.restart(once.clone(), None);
    assert!(fleet.stage.settle(), "it ends");
    let hash = broken(&fleet).unwrap().hash;
    assert_eq!(fleet.touched(before), 0);
    fleet.restart(once, Some(hash));
    assert!(fleet.stage.settle(), "it ends");
    assert_eq!(mended(&fleet), 20);
}

#[test]
fn few_or_a_small_part_are_mended() {
    for (count, changed) in [(12, 10), (80, 20)] {
        let (mut fleet, _) = struck(count, changed);
        fleet.stage.run(Duration::from_mins(3));
        assert_eq!((mended(&fleet), broken(&fleet)), (count, None), "{changed} of {count}");
    }
}

#[test]
fn functions_that_are_deleted_by_hand_in_one_moment_are_not_made_anew() {
    let mut fleet = Fleet::of(20, "memorySize: 256", Terms::default());
    for name in &fleet.names[0..12] {
        fleet.stage.world.delete(name);
    }
    let before = fleet.stage.world.writes.len();
    fleet.stage.run(Duration::from_mins(5));
    assert_eq!((fleet.touched(before), broken(&fleet).map(|it| it.drifted)), (0, Some(12)));
}

#[test]
fn functions_that_failed_at_their_creation_are_no_mass_drift_and_may_be_cleared_away() {
    let mut world = World::default();
    world.images.insert(format!("{REGISTRY}/jobs:v1"), ImageFact::Single(digest("a")));
    world.barren = true;
    let mut stage = Stage::on(world, Mode::Enforce);
    let text: String = (0..12).map(|it| function(&format!("job-{it:02}"), "jobs:v1", "")).collect();
    stage.manifests(&text);
    stage.run(Duration::from_mins(2));
    // Another process comes, which makes none of them anew; a person does as its message says.
    let (mut world, now) = (stage.world.clone(), stage.now);
    world.barren = false;
    let mut stage = Stage::on(world, Mode::Enforce);
    stage.now = now;
    stage.manifests(&text);
    stage.run(Duration::from_mins(2));
    assert_eq!(stage.rows()[0].reason.code, "CreateFailed");
    assert_eq!(stage.summary().broken, None);
    for name in stage.world.names() {
        stage.world.delete(&name);
    }
    stage.run(Duration::from_mins(3));
    assert_eq!(stage.summary().broken, None);
    assert!(stage.rows().iter().all(|it| it.reason.code == "InSync"), "{:?}", stage.rows()[0]);
}

#[test]
fn somebody_who_keeps_changing_it_back_is_left_alone_and_told() {
    let mut fleet = Fleet::of(2, "memorySize: 256", Terms::default());
    let before = fleet.stage.world.writes.len();
    let mut fighting = 0;
    for _ in 0..120 {
        change(&mut fleet, 0..1, 1024);
        fleet.stage.run(Duration::from_secs(30));
        fighting += usize::from(fleet.row("job-00").reason.code == "Fighting");
    }
    // An hour at two a minute; without the rail it would be 240 writes: each is followed by its record.
    let writes = fleet.stage.world.writes.len() - before;
    assert!(writes < 40 && fighting > 80, "{writes} writes, {fighting} rounds of peace");
    // When the other one stops, all is mended within the hour.
    fleet.stage.run(Duration::from_mins(65));
    assert_eq!((mended(&fleet), fleet.row("job-00").reason.code), (2, "InSync"));
}

#[test]
fn an_edit_ends_the_peace() {
    let mut fleet = Fleet::of(2, "memorySize: 256", Terms::default());
    while fleet.row("job-00").reason.code != "Fighting" {
        change(&mut fleet, 0..1, 1024);
        fleet.stage.run(Duration::from_secs(30));
    }
    fleet.fields = "memorySize: 512";
    fleet.tell();
    fleet.stage.run(Duration::from_secs(20));
    assert_eq!(fleet.stage.world.live("job-00").unwrap().config.memory_size, 512);
}
