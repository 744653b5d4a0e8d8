//! Laws: our own updates are nobody's drift, however fast one edit follows another, and they never open the breaker.

use std::{collections::BTreeSet, time::Duration};

use evenkeel::engine::{
    facts::{Digest, ImageFact},
    failure::Class,
    policy::Mode,
    work::Event,
};
use proptest::{prelude::*, test_runner::RngSeed};

use super::{stage::Stage, world::World};
use crate::common::{REGISTRY, function};

/// How many worlds each law is tried on; a fleet takes as long as many functions do.
const CASES: u32 = 800;
const RESTARTS: u32 = 300;
const FLEETS: u32 = 40;
/// The function that another party changes now and then.
const VICTIM: &str = "victim";
/// More than a breaker needs.
const FLEET: usize = 13;

/// Something that happens.
#[derive(Debug, Clone)]
enum Act {
    /// An edit: of one function, or of all.
    Edit(Option<usize>, i32, i32),
    /// What the image tag means.
    Push(u64),
    Tag(Option<usize>, i32),
    /// Another repository, which has the same images.
    Move(Option<usize>, bool),
    /// Another party changes the memory of the victim.
    Hand(i32),
    /// A call fails, or does what it should and its answer is lost.
    Fail(usize, usize),
    Lose,
    /// From now on AWS ignores what it is told of memory, or no longer.
    Deaf(bool),
    Resync,
    Wait(u64),
    Rest(u64),
    Restart,
}

/// `values`: how many values of each field there are; few come back soon.
fn act(values: i32) -> impl Strategy<Value = Act> {
    let which = prop::option::of(0..FLEET);
    let images = u64::try_from(values).unwrap();
    prop_oneof![
        6 => (which.clone(), 0..values, 0..3).prop_map(|(it, memory, timeout)| Act::Edit(it, memory, timeout)),
        3 => (0..images).prop_map(Act::Push),
        2 => (which.clone(), 0..values).prop_map(|(it, value)| Act::Tag(it, value)),
        1 => (which, any::<bool>()).prop_map(|(it, other)| Act::Move(it, other)),
        1 => (500..510).prop_map(Act::Hand),
        2 => (0..3_usize, 0..4_usize).prop_map(|(verb, class)| Act::Fail(verb, class)),
        1 => Just(Act::Lose),
        1 => any::<bool>().prop_map(Act::Deaf),
        1 => Just(Act::Resync),
        8 => (0..3000_u64).prop_map(Act::Wait),
        1 => (20..90_u64).prop_map(Act::Rest),
    ]
}

/// One function of the play.
#[derive(Clone)]
struct Asked {
    name: String,
    memory: i32,
    timeout: i32,
    tag: i32,
    repository: &'static str,
}

struct Play {
    stage: Stage,
    asked: Vec<Asked>,
    /// What happened before the last restart.
    before: Vec<String>,
    /// Counts edits; with it no value ever comes back.
    edits: Option<i32>,
}

impl Play {
    /// So many functions and the victim, made and in sync.
    fn of(count: usize, fresh: bool) -> Self {
        let mut world = World::default();
        push(&mut world, &image(0));
        let names = (0..count).map(|it| format!("job-{it:02}")).chain([VICTIM.to_owned()]);
        let asked =
            names.map(|name| Asked { name, memory: 128, timeout: 3, tag: 0, repository: "jobs" });
        let asked = asked.collect();
        let stage = Stage::on(world, Mode::Enforce);
        let edits = fresh.then_some(0);
        let mut play = Self { stage, asked, before: Vec::new(), edits };
        play.tell();
        play.stage.run(Duration::from_secs(40));
        play
    }

    fn tell(&mut self) {
        let document = |Asked { name, memory, timeout, tag, repository }: &Asked| {
            let fields =
                format!("memorySize: {memory}\ntimeout: {timeout}\ntags: {{ round: \"{tag}\" }}");
            function(name, &format!("{repository}:v1"), &fields)
        };
        let text: String = self.asked.iter().map(document).collect();
        self.stage.manifests(&text);
    }

    /// The value itself, or one that there has never been.
    fn value(&mut self, value: i32) -> i32 {
        self.edits.as_mut().map_or(value, |edits| {
            *edits += 1;
            *edits
        })
    }

    fn edit(&mut self, which: Option<usize>, change: impl Fn(&mut Asked)) {
        match which {
            Some(index) => {
                let index = index % self.asked.len();
                change(&mut self.asked[index]);
            }
            None => self.asked.iter_mut().for_each(change),
        }
        self.tell();
    }

    fn act(&mut self, act: &Act) {
        let now = self.stage.now;
        match *act {
            Act::Edit(which, memory, timeout) => {
                let memory = 128 + self.value(memory);
                self.edit(which, |it| (it.memory, it.timeout) = (memory, 3 + timeout));
            }
            Act::Tag(which, value) => {
                let value = self.value(value);
                self.edit(which, |it| it.tag = value);
            }
            Act::Push(which) => {
                let which = i32::try_from(which).unwrap();
                let image = image(self.value(which));
                push(&mut self.stage.world, &image);
            }
            Act::Move(which, other) => {
                let repository = if other { "others" } else { "jobs" };
                self.edit(which, |it| it.repository = repository);
            }
            Act::Hand(memory) => {
                self.stage.world.by_hand(VICTIM, now, |it| it.config.memory_size = memory);
            }
            Act::Fail(verb, class) => {
                let verb = ["list", "look", "write"][verb];
                let classes = [Class::Throttled, Class::Busy, Class::Precondition, Class::Unclear];
                self.stage.world.faults.push((verb, classes[class], false));
            }
            Act::Lose => self.stage.world.faults.push(("write", Class::Unclear, true)),
            Act::Deaf(deaf) => self.stage.world.deaf = deaf,
            Act::Resync => self.stage.tell(Event::Resync),
            Act::Wait(millis) => self.stage.run(Duration::from_millis(millis)),
            Act::Rest(seconds) => self.stage.run(Duration::from_secs(seconds)),
            Act::Restart => {
                self.before.append(&mut self.stage.transcript);
                let (now, world) = (self.stage.now, self.stage.world.clone());
                self.stage = Stage::on(world, Mode::Enforce);
                self.stage.now = now;
                self.tell();
            }
        }
    }

    fn play(&mut self, acts: &[Act]) {
        for act in acts {
            self.act(act);
        }
        self.stage.world.faults.clear();
        self.stage.world.deaf = false;
        self.stage.run(Duration::from_mins(1));
    }

    /// The functions that were told to have drifted.
    fn drifted(&self) -> BTreeSet<&str> {
        let lines = self.before.iter().chain(&self.stage.transcript);
        let told = lines.filter_map(|it| it.split_once(": drifted: "));
        told.filter_map(|(name, _)| name.split_whitespace().last()).collect()
    }

    /// Nothing but the victim, if that, has drifted, and the breaker was never open.
    fn assert_ours(&self) -> Result<(), TestCaseError> {
        let others: Vec<&str> = self.drifted().into_iter().filter(|it| *it != VICTIM).collect();
        prop_assert_eq!(others, Vec::<&str>::new());
        let mut lines = self.before.iter().chain(&self.stage.transcript);
        prop_assert!(!lines.any(|it| it.contains(": broken, ")), "the breaker was open");
        Ok(())
    }
}

/// The image is pushed to both repositories.
fn push(world: &mut World, image: &ImageFact) {
    for repository in ["jobs", "others"] {
        world.images.insert(format!("{REGISTRY}/{repository}:v1"), image.clone());
    }
}

fn image(number: i32) -> ImageFact {
    ImageFact::Single(Digest::parse(&format!("{number:064x}")).unwrap())
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(7),
        // As many times more as `PROPTEST_CASES` asks for more than its default.
        cases: cases * ProptestConfig::default().cases.div_ceil(256),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(CASES))]

    /// Few values, so that edits go back to what was, what is under way and what AWS still has.
    #[test]
    fn what_we_asked_for_is_never_drift(acts in prop::collection::vec(act(3), 1..9)) {
        let mut play = Play::of(1, false);
        play.play(&acts);
        play.assert_ours()?;
    }
}

proptest! {
    #![proptest_config(config(RESTARTS))]

    /// A restart forgets what was under way. As long as no edit goes back to what was recorded last,
    /// that is nobody's drift either.
    #[test]
    fn what_a_process_before_us_asked_for_is_not_called_drift(
        acts in prop::collection::vec(prop_oneof![9 => act(3), 2 => Just(Act::Restart)], 1..9)
    ) {
        let mut play = Play::of(1, true);
        play.play(&acts);
        play.assert_ours()?;
    }
}

proptest! {
    #![proptest_config(config(FLEETS))]

    /// The same in a fleet, which goes in waves.
    #[test]
    fn updates_of_a_fleet_never_open_the_breaker(acts in prop::collection::vec(act(3), 1..10)) {
        let mut play = Play::of(FLEET, false);
        play.play(&acts);
        play.assert_ours()?;
    }
}

/// The laws are about something: what another party does is told, also while edits of ours are under way.
#[test]
fn what_another_party_does_between_two_edits_is_told() {
    let mut play = Play::of(2, false);
    for act in [
        Act::Edit(None, 1, 1),
        Act::Wait(900),
        Act::Hand(500),
        Act::Wait(100),
        Act::Edit(None, 2, 2),
        Act::Wait(700),
        Act::Edit(None, 3, 0),
    ] {
        play.act(&act);
    }
    play.play(&[]);
    assert_eq!(play.drifted(), BTreeSet::from([VICTIM]));
}

/// A second commit, whatever the first has come to: one function, a tenth of them, or the rest is being updated.
#[test]
fn a_second_commit_over_a_fleet_in_the_middle_of_an_update_is_no_drift() {
    for millis in [300, 900, 3000, 5500, 8000, 10_500] {
        let mut play = Play::of(20, false);
        for act in [Act::Edit(None, 1, 1), Act::Wait(millis), Act::Edit(None, 2, 1)] {
            play.act(&act);
        }
        play.play(&[]);
        assert_eq!(play.drifted(), BTreeSet::new(), "after {millis} ms");
        assert_eq!(play.stage.summary().broken, None);
        let live = |it: &Asked| play.stage.world.live(&it.name).unwrap().config.memory_size;
        assert!(play.asked.iter().all(|it| live(it) == 130), "after {millis} ms");
    }
}

/// An edit on top of drift that was counted does not end it: our step does.
#[test]
fn drift_stays_drift_when_an_edit_comes_on_top() {
    let mut play = Play::of(1, false);
    for act in [Act::Hand(500), Act::Resync, Act::Wait(1300)] {
        play.act(&act);
    }
    assert_eq!(play.drifted(), BTreeSet::from([VICTIM]));
    play.play(&[Act::Edit(None, 2, 2), Act::Wait(100), Act::Edit(None, 3, 0)]);
    let told = play.stage.transcript.iter().filter_map(|it| it.split_once("drift ended: "));
    assert_eq!(told.map(|it| it.1).collect::<Vec<_>>(), ["config, success"]);
}
