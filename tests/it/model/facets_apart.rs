//! What one facet of an object goes through says nothing about the others: single cases on the made-up resource, beside
//! the laws, which meet them by chance only.

use std::{sync::Arc, time::Duration};

use evenkeel::engine::{
    diff::Reason,
    engine::Waves,
    facet::{FacetId, FacetKey},
    gate::WriteStop,
    resource::Resource as _,
    time::Mono,
    work::{Event, Priority, ReadResult, Refresh},
};

use super::{
    toy::{BASE, ITEMS, OWN, RECHECK, RIDES, TASK, Toy, ToyReading, WATCHED},
    toy_stage::{OBJECTS, ToyStage, all, object},
};

const SECONDS: Duration = Duration::from_secs(5);

fn first(facet: FacetId) -> FacetKey {
    Toy::key(facet, &object(0))
}

/// This facet of every object.
fn each(facet: FacetId) -> Vec<FacetKey> {
    all().into_iter().filter(|it| it.facet == facet).collect()
}

impl ToyStage {
    fn reason(&self, key: &FacetKey) -> &'static str {
        self.row(key).map_or("", |it| it.reason.code)
    }

    /// Another party changes a facet back again and again, until it is left alone.
    fn fight(&mut self, key: &FacetKey) {
        for _ in 0..40 {
            self.world.get_mut(key).unwrap().value = 7;
            self.hint(&[0]);
            self.run(SECONDS);
            if self.reason(key) == "Fighting" {
                return;
            }
        }
        panic!("no fight: {:?}", self.row(key));
    }

    /// What is tried out does badly, and is read; the stage asserts that it is saved in that event.
    fn harm(&mut self, index: usize) {
        self.harmed += 1;
        self.world.get_mut(&each(TASK)[index]).unwrap().bad = self.harmed;
        self.hint(&[index]);
    }

    fn waves(&self, facet: FacetId) -> Option<Waves> {
        self.engine.summary(facet, self.clock()).waves
    }

    /// How many facets of all objects have this value.
    fn have(&self, facet: FacetId, value: u32) -> usize {
        each(facet).iter().filter(|it| self.world[*it].value == value).count()
    }

    /// How often something was written to a facet, or was to be.
    fn tried(&self, key: &FacetKey) -> usize {
        self.writes.iter().filter(|it| it.key() == key).count()
    }
}

/// AWS refuses a facet for minutes, and its siblings are written to and read all the time.
#[test]
fn a_write_to_one_facet_is_no_reason_to_try_another_again() {
    let mut stage = ToyStage::new();
    let (base, own) = (first(BASE), first(OWN));
    stage.refused.insert(OWN);
    stage.edit(&own, 5);
    stage.run(SECONDS);
    assert_eq!((stage.tried(&own), stage.reason(&own)), (1, "AccessDenied"));
    for value in 1..=20 {
        stage.edit(&base, value);
        stage.hint(&[0]);
        stage.run(SECONDS);
        assert_eq!(stage.world[&base].value, value);
    }
    assert_eq!((stage.tried(&own), stage.reason(&own)), (1, "AccessDenied"));
}

/// One event source that AWS refuses is no reason to leave the others.
#[test]
fn an_item_that_is_refused_holds_up_no_other() {
    let mut stage = ToyStage::new();
    let items: Vec<FacetKey> = each(ITEMS).into_iter().take(3).collect();
    stage.refused_items.insert(items[0].clone());
    stage.edit(&items[0], 5);
    stage.run(SECONDS);
    assert_eq!(stage.reason(&items[0]), "AccessDenied");
    for item in &items[1..] {
        stage.edit(item, 5);
    }
    stage.run(SECONDS);
    assert_eq!([0, 1, 2].map(|it| stage.world[&items[it]].value), [0, 5, 5]);
    assert_eq!((stage.tried(&items[0]), stage.reason(&items[0])), (1, "AccessDenied"));
}

/// What AWS forgets with a change of the object is there again in seconds, not with the next audit.
#[test]
fn what_rides_on_a_facet_is_read_when_that_changes() {
    let mut stage = ToyStage::new();
    let (base, rides) = (first(BASE), first(RIDES));
    stage.edit(&rides, 3);
    stage.run(SECONDS);
    stage.edit(&base, 1);
    stage.run(SECONDS);
    assert_eq!((stage.world[&base].value, stage.world[&rides].value), (1, 3));
    assert_eq!(stage.tried(&rides), 2);
}

#[test]
fn a_fight_over_one_facet_holds_up_no_other() {
    let mut stage = ToyStage::new();
    let (base, own) = (first(BASE), first(OWN));
    stage.fight(&own);
    // What another party changes once is repaired, and what a manifest asks for is written.
    stage.world.get_mut(&base).unwrap().value = 3;
    stage.hint(&[0]);
    stage.run(SECONDS);
    assert_eq!((stage.world[&base].value, stage.reason(&base)), (0, "InSync"));
    stage.edit(&base, 4);
    stage.run(SECONDS);
    assert_eq!(stage.world[&base].value, 4);
    assert_eq!((stage.world[&own].value, stage.reason(&own)), (7, "Fighting"));
}

/// Who may not write to URLs can still update code.
#[test]
fn a_facet_that_fails_halts_no_update_of_another() {
    let mut stage = ToyStage::new();
    stage.refused.insert(OWN);
    stage.commit(&each(OWN), 1);
    stage.run(SECONDS);
    let halted = stage.waves(OWN).unwrap();
    assert_eq!((halted.members, halted.released, halted.halted), (OBJECTS, 1, true));
    stage.commit(&each(BASE), 2);
    stage.run(Duration::from_secs(1));
    // They go in waves, and the first is the one of the facet that failed.
    let waves = stage.waves(BASE).unwrap();
    assert_eq!((waves.members, waves.halted), (OBJECTS, false));
    assert!(stage.have(BASE, 2) < OBJECTS);
    stage.run(Duration::from_mins(1));
    assert_eq!((stage.have(BASE, 2), stage.waves(BASE)), (OBJECTS, None));
    assert_eq!((stage.have(OWN, 1), stage.waves(OWN)), (0, Some(halted)));
}

/// Eleven of sixteen are many, however many other facets there are.
#[test]
fn drift_of_one_facet_is_counted_among_its_like() {
    let mut stage = ToyStage::new();
    // No list shows it, so that each would be repaired as it is read.
    let reason = Reason::new("PauseFile", "it exists");
    stage.tell(Event::WriteStop(Some(WriteStop { reason, rescues: false })));
    for key in &each(OWN)[..11] {
        stage.world.get_mut(key).unwrap().value = 7;
    }
    stage.hint(&(0..OBJECTS).collect::<Vec<_>>());
    stage.run(Duration::from_secs(10));
    let broken = |facet| {
        let broken = stage.engine.summary(facet, stage.clock()).broken;
        broken.map(|it| (it.drifted, it.of))
    };
    assert_eq!(broken(OWN), Some((11, OBJECTS)));
    assert_eq!([BASE, ITEMS, TASK].map(broken), [None; 3]);
    assert_eq!(stage.have(OWN, 7), 11);
}

/// A version on its way is watched; what else is waited for has its turn with the audit.
#[test]
fn a_wait_is_as_urgent_as_its_facet() {
    let mut stage = ToyStage::new();
    for (facet, priority) in [(TASK, Priority::Mover), (OWN, Priority::Audit)] {
        let key = first(facet);
        stage.world.get_mut(&key).unwrap().value = WATCHED;
        stage.hint(&[0]);
        stage.run(SECONDS);
        assert_eq!(stage.reason(&key), "Watched");
        stage.run(RECHECK);
        assert_eq!(stage.priorities[&key], priority, "{key:?}");
    }
}

/// Neither a fight, nor waves, nor writes that take all slots.
#[test]
fn nothing_but_a_write_to_the_same_object_holds_up_what_saves_callers() {
    let mut stage = ToyStage::new();
    stage.fight(&first(TASK));
    stage.harm(0);
    stage.run(Duration::from_secs(1));
    assert_eq!(stage.rescues, 1);

    stage.commit(&each(TASK), 1);
    stage.run(SECONDS);
    let waves = stage.waves(TASK).unwrap();
    assert_eq!((waves.members, waves.released), (OBJECTS, 1));
    stage.harm(12);
    stage.run(Duration::from_secs(1));
    assert_eq!(stage.rescues, 2);

    let mut stage = ToyStage::new();
    stage.harm(12);
    stage.commit(&each(BASE)[..10], 1);
    stage.run(Duration::from_millis(650));
    // Ten writes, as many as there may be, are still under way.
    assert_eq!((stage.rescues, stage.writes.len(), stage.have(BASE, 1)), (1, 11, 0));
}

/// What may have changed is called in sync for as long as a read takes, and not until it comes.
#[test]
fn what_is_to_be_read_again_is_not_called_in_sync_for_long() {
    let mut stage = ToyStage::new();
    let (base, own) = (first(BASE), first(OWN));
    stage.close(OWN, Duration::from_secs(40));
    stage.hint(&[0]);
    stage.run(Duration::from_secs(9));
    assert_eq!(stage.reason(&own), "InSync");
    stage.run(Duration::from_secs(2));
    assert_eq!((stage.reason(&own), stage.reason(&base)), ("NotReadSince", "InSync"));
    stage.run(Duration::from_mins(1));
    assert_eq!(stage.reason(&own), "InSync");
}

/// Most reads show what the last one showed: then nothing moves but the times, and the row stays the same one.
#[test]
fn a_read_that_shows_nothing_new_moves_the_times_only() {
    let mut stage = ToyStage::new();
    stage.run(SECONDS);
    stage.assert_converged();
    for key in [first(BASE), first(OWN), first(RIDES)] {
        let before = stage.row(&key).unwrap().clone();
        stage.tell(Event::Refresh(Arc::new(Refresh::All)));
        stage.run(SECONDS);
        let after = stage.row(&key).unwrap();
        assert!(Arc::ptr_eq(&before.row, &after.row), "{key:?}");
        assert!(before.times.audited < after.times.audited, "{key:?}");
        assert!(before.times.observed < after.times.observed, "{key:?}");
        assert!(before.times.next_check < after.times.next_check, "{key:?}");
    }
}

/// A read of the audit may share an answer that AWS gave before the last one, which says nothing of what is now.
#[test]
fn an_answer_older_than_the_last_one_is_no_news() {
    let mut stage = ToyStage::new();
    stage.run(SECONDS);
    let key = first(OWN);
    stage.hint(&[0]);
    stage.run(SECONDS);
    let before = stage.row(&key).unwrap().clone();
    let tags = super::toy::tags(&key.object);
    let old = ToyReading { facet: OWN, value: 7, tried: 0, bad: 0, exact: true, tags };
    let started = Mono::default();
    stage.tell(Event::Read(ReadResult { key: key.clone(), started, found: Ok(Some(old)) }));
    assert_eq!(stage.row(&key).unwrap(), &before);
}
