//! Laws of objects with facets: what one facet waits for, fails at or is asked for holds up no other. On a made-up
//! resource, with lanes that close, refusals, tasks of minutes and floods of requests; the stage asserts, for each
//! piece of work,
//!
//! 1. a read that something asked for begins in the time that its own lane takes, while that is open;
//! 2. an edit of one facet is handed out within five seconds and the time of its lane, whatever else is asked for;
//! 3. callers are saved in the event that shows that they must be;
//!
//! and that an object is written to once at a time, on a read that began after the last write to it.

use std::time::Duration;

use evenkeel::engine::{
    facet::FacetId,
    work::{Event, Refresh},
};
use proptest::{prelude::*, test_runner::RngSeed};

use super::{
    toy::{BASE, OWN, TASK},
    toy_stage::{OBJECTS, ToyStage, all},
};

/// How many worlds each law is tried on.
const CASES: u32 = 400;

/// Something that happens.
#[derive(Debug, Clone)]
enum Act {
    /// Somebody asks for another value of one facet.
    Edit(usize, u32),
    /// Another party changes one facet.
    Hand(usize, u32),
    /// A facet that is tried out does badly.
    Bad(usize),
    /// AWS takes no reads through the lane of a facet for so many seconds.
    Close(u8, u64),
    /// AWS refuses to show a facet, or shows it again.
    Hide(u8),
    /// AWS refuses to write a facet, or takes it again.
    Refuse(u8),
    /// So many objects are to be read, from one on.
    Hint(usize, usize),
    /// Everything is to be read.
    HintAll,
    Wait(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let key = 0..all().len();
    let facet = 0..5_u8;
    prop_oneof![
        5 => (key.clone(), 1..9_u32).prop_map(|(key, value)| Act::Edit(key, value)),
        1 => (key, 1..9_u32).prop_map(|(key, value)| Act::Hand(key, value)),
        2 => (0..OBJECTS).prop_map(Act::Bad),
        2 => (facet.clone(), 5..600_u64).prop_map(|(facet, time)| Act::Close(facet, time)),
        1 => facet.clone().prop_map(Act::Hide),
        1 => facet.prop_map(Act::Refuse),
        3 => (0..OBJECTS, 1..=OBJECTS).prop_map(|(from, count)| Act::Hint(from, count)),
        1 => Just(Act::HintAll),
        6 => (0..9000_u64).prop_map(Act::Wait),
    ]
}

fn toggle(set: &mut std::collections::BTreeSet<FacetId>, facet: u8) {
    if !set.remove(&FacetId(facet)) {
        set.insert(FacetId(facet));
    }
}

fn play(stage: &mut ToyStage, act: &Act) {
    match *act {
        Act::Edit(key, value) => stage.edit(&all()[key], value),
        Act::Hand(key, value) => stage.world.get_mut(&all()[key]).unwrap().value = value,
        Act::Bad(object) => {
            let tasks = all().into_iter().filter(|it| it.facet == TASK);
            let key = tasks.clone().nth(object).unwrap();
            stage.harmed += 1;
            stage.world.get_mut(&key).unwrap().bad = stage.harmed;
            stage.hint(&[object]);
        }
        Act::Close(facet, time) => stage.close(FacetId(facet), Duration::from_secs(time)),
        Act::Hide(facet) => toggle(&mut stage.unreadable, facet),
        Act::Refuse(facet) => toggle(&mut stage.refused, facet),
        Act::Hint(from, count) => {
            let objects: Vec<usize> = (from..from + count).map(|it| it % OBJECTS).collect();
            stage.hint(&objects);
        }
        Act::HintAll => stage.tell(Event::Refresh(Refresh::All.into())),
        Act::Wait(millis) => stage.run(Duration::from_millis(millis)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(7),
        cases: ProptestConfig::default().cases.max(CASES),
        ..ProptestConfig::default()
    })]

    /// No facet holds up another, and once nothing happens any more all is as it is wished.
    #[test]
    fn no_facet_holds_up_another(acts in prop::collection::vec(act(), 1..40)) {
        let mut stage = ToyStage::new();
        for act in &acts {
            play(&mut stage, act);
        }
        stage.unreadable.clear();
        stage.refused.clear();
        stage.run(Duration::from_mins(25));
        stage.assert_converged();
        let writes = stage.writes.len();
        stage.run(Duration::from_mins(5));
        prop_assert_eq!(stage.writes.len(), writes);
    }
}

/// The laws are about something: each of these happens.
#[test]
fn there_are_edits_tasks_and_rescues() {
    let mut stage = ToyStage::new();
    let keys = all();
    stage.close(OWN, Duration::from_mins(10));
    // Few enough to go without waves.
    for key in keys.iter().filter(|it| it.facet == TASK).take(10) {
        stage.edit(key, 1);
    }
    stage.run(Duration::from_secs(10));
    assert_eq!(stage.tasks, 10);
    let base = keys.iter().find(|it| it.facet == BASE).unwrap();
    stage.edit(base, 5);
    stage.run(Duration::from_secs(2));
    assert_eq!(stage.world[base].value, 5);
    play(&mut stage, &Act::Bad(12));
    stage.run(Duration::from_secs(2));
    assert_eq!(stage.rescues, 1);
}
