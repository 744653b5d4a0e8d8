//! Laws: what holds whatever happens. Random wishes, hands, faults and crashes on the model cloud; the
//! stage itself asserts that no step rests on a list, on an old look or on a look before the last
//! write, and that an object never has two things under way.

use std::{collections::BTreeMap, time::Duration};

use evenkeel::engine::{
    facts::ImageFact, failure::Class, observed::Known, policy::Mode, prune::Terms, status::Status,
    work::Event,
};
use proptest::{prelude::*, test_runner::RngSeed};

use super::{stage::Stage, world::World};
use crate::common::{REGISTRY, digest, function};

/// How many worlds each law is tried on.
const CASES: u32 = 850;
const NAMES: [&str; 3] = ["align", "count", "plot"];

/// Something that happens.
#[derive(Debug, Clone)]
enum Act {
    Wish { name: usize, memory: i32, timeout: i32, tag: bool },
    Drop(usize),
    Push(usize),
    Memory(usize, i32),
    Delete(usize),
    Untag(usize),
    Fail(usize, usize),
    Lose,
    Hint(usize),
    Resync,
    Restart,
    Wait(u64),
    Rest(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let name = 0..NAMES.len();
    prop_oneof![
        4 => (name.clone(), 128..140, 1..5, any::<bool>())
            .prop_map(|(name, memory, timeout, tag)| Act::Wish { name, memory, timeout, tag }),
        1 => name.clone().prop_map(Act::Drop),
        2 => (0..4_usize).prop_map(Act::Push),
        3 => (name.clone(), 128..140).prop_map(|(name, memory)| Act::Memory(name, memory)),
        1 => name.clone().prop_map(Act::Delete),
        1 => name.clone().prop_map(Act::Untag),
        4 => (0..3_usize, 0..4_usize).prop_map(|(verb, class)| Act::Fail(verb, class)),
        2 => Just(Act::Lose),
        1 => name.prop_map(Act::Hint),
        1 => Just(Act::Resync),
        1 => Just(Act::Restart),
        6 => (0..4000_u64).prop_map(Act::Wait),
        1 => (20..200_u64).prop_map(Act::Rest),
    ]
}

/// The stage with what is wished on it.
struct Play {
    stage: Stage,
    wishes: BTreeMap<&'static str, (i32, i32, bool)>,
    mode: Mode,
    terms: Terms,
    transcript: Vec<String>,
}

impl Play {
    fn new(mode: Mode) -> Self {
        Self::under(mode, Terms::default())
    }

    fn under(mode: Mode, terms: Terms) -> Self {
        let mut stage = Stage::under(World::default(), mode, terms.clone(), None);
        stage.world.images.insert(format!("{REGISTRY}/jobs:v1"), ImageFact::Single(digest("a")));
        let (wishes, transcript) = (BTreeMap::new(), Vec::new());
        let mut play = Self { stage, wishes, mode, terms, transcript };
        play.tell();
        play
    }

    fn tell(&mut self) {
        let documents = self.wishes.iter().map(|(name, (memory, timeout, tag))| {
            let tags = if *tag { "{ team: blue }" } else { "{}" };
            let deletion = if self.terms.prune { "delete" } else { "retain" };
            let fields = format!(
                "memorySize: {memory}\ntimeout: {timeout}\ntags: {tags}\npolicy: {{ deletion: {deletion} }}"
            );
            function(name, "jobs:v1", &fields)
        });
        let text: String = documents.collect();
        self.stage.manifests(&text);
    }

    fn act(&mut self, act: &Act) {
        let now = self.stage.now;
        match *act {
            Act::Wish { name, memory, timeout, tag } => {
                self.wishes.insert(NAMES[name], (memory, timeout, tag));
                self.tell();
            }
            Act::Drop(name) => {
                self.wishes.remove(NAMES[name]);
                self.tell();
            }
            Act::Push(letter) => {
                let image = ImageFact::Single(digest(["a", "b", "c", "d"][letter]));
                self.stage.world.images.insert(format!("{REGISTRY}/jobs:v1"), image);
            }
            Act::Memory(name, memory) => {
                self.stage.world.by_hand(NAMES[name], now, |it| it.config.memory_size = memory);
            }
            Act::Delete(name) => self.stage.world.delete(NAMES[name]),
            Act::Untag(name) => {
                self.stage.world.tags(NAMES[name], |tags| drop(tags.remove("evenkeel.dev/object")));
            }
            Act::Fail(verb, class) => {
                let verb = ["list", "look", "write"][verb];
                let classes = [Class::Throttled, Class::Busy, Class::Precondition, Class::Unclear];
                self.stage.world.faults.push((verb, classes[class], false));
            }
            Act::Lose => self.stage.world.faults.push(("write", Class::Unclear, true)),
            Act::Hint(name) => {
                self.stage.refresh(NAMES[name]);
            }
            Act::Resync => self.stage.tell(Event::Resync),
            Act::Restart => self.restart(),
            Act::Wait(millis) => self.stage.run(Duration::from_millis(millis)),
            Act::Rest(seconds) => self.stage.run(Duration::from_secs(seconds)),
        }
    }

    fn restart(&mut self) {
        self.transcript.append(&mut self.stage.transcript);
        let (now, world) = (self.stage.now, self.stage.world.clone());
        self.stage = Stage::under(world, self.mode, self.terms.clone(), None);
        self.stage.now = now;
        self.tell();
    }

    /// Everything that is wished for is there, as wished.
    fn assert_converged(&self) -> Result<(), TestCaseError> {
        let image = self.stage.world.images[&format!("{REGISTRY}/jobs:v1")].clone();
        for (name, (memory, timeout, tag)) in &self.wishes {
            let live = self.stage.world.live(name);
            prop_assert!(live.is_some(), "{name} is missing");
            let live = live.unwrap();
            prop_assert_eq!(live.config.memory_size, *memory);
            prop_assert_eq!(live.config.timeout, *timeout);
            prop_assert_eq!(live.digest.clone().map(ImageFact::Single), Some(image.clone()));
            let Known::Yes(tags) = &live.tags else { unreachable!("the model knows") };
            prop_assert!(!tag || tags.contains_key("team"));
            prop_assert_eq!(tags.get("evenkeel.dev/object"), Some(&format!("Function/{name}")));
        }
        for row in self.stage.rows().iter().filter(|it| !it.orphan) {
            prop_assert_eq!(row.status, Status::Synced, "{}: {}", &row.key, &row.reason.message);
        }
        Ok(())
    }

    /// Lets everything settle, the audit included.
    fn settle(&mut self) {
        self.stage.world.faults.clear();
        self.stage.run(Duration::from_mins(25));
        assert!(self.stage.settle(), "it never becomes quiet");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        // The same cases each time: a test that fails once in a while teaches nobody. `PROPTEST_CASES`
        // and another seed search further.
        rng_seed: RngSeed::Fixed(7),
        // Six laws, five thousand worlds. `PROPTEST_CASES` is read where this is not set.
        cases: ProptestConfig::default().cases.max(CASES),
        ..ProptestConfig::default()
    })]

    /// Whatever happened, once it stops happening all is as it is wished; and then nothing is written
    /// any more, not even by a new process.
    #[test]
    fn it_converges_and_then_rests(acts in prop::collection::vec(act(), 1..40)) {
        let mut play = Play::new(Mode::Enforce);
        for act in &acts {
            play.act(act);
        }
        play.settle();
        play.assert_converged()?;
        let writes = play.stage.world.writes.len();
        play.stage.run(Duration::from_mins(30));
        play.restart();
        play.settle();
        prop_assert_eq!(&play.stage.world.writes[writes..], &[] as &[String]);
        play.assert_converged()?;
    }

    /// The same story goes the same way.
    #[test]
    fn it_is_deterministic(acts in prop::collection::vec(act(), 1..30)) {
        let tell = || {
            let mut play = Play::new(Mode::Enforce);
            for act in &acts {
                play.act(act);
            }
            play.settle();
            play.restart();
            play.transcript
        };
        prop_assert_eq!(tell(), tell());
    }

    /// An Evenkeel that observes writes nothing, whatever happens.
    #[test]
    fn observing_writes_nothing(acts in prop::collection::vec(act(), 1..40)) {
        let mut play = Play::new(Mode::Enforce);
        for name in NAMES {
            play.wishes.insert(name, (128, 3, false));
        }
        play.tell();
        play.settle();
        play.mode = Mode::Observe;
        play.restart();
        let writes = play.stage.world.writes.len();
        for act in &acts {
            play.act(act);
        }
        play.settle();
        prop_assert_eq!(play.stage.world.writes.len(), writes);
    }

    /// Nothing is ever deleted, and what is not ours is never written to.
    #[test]
    fn what_is_not_ours_stays_as_it_is(acts in prop::collection::vec(act(), 1..40)) {
        let mut play = Play::new(Mode::Enforce);
        play.wishes.insert("align", (200, 3, false));
        play.tell();
        play.settle();
        // Somebody else takes it over.
        play.stage.world.tags("align", |tags| {
            tags.insert("evenkeel.dev/owner".into(), "other".into());
        });
        play.restart();
        let writes = play.stage.world.writes.len();
        let hands = |act: &&Act| !matches!(act, Act::Delete(0) | Act::Memory(0, _));
        for act in acts.iter().filter(hands) {
            play.act(act);
        }
        play.settle();
        let touched = play.stage.world.writes[writes..].iter().any(|it| it.contains("align"));
        prop_assert!(!touched, "{:?}", &play.stage.world.writes[writes..]);
        prop_assert_eq!(play.stage.world.live("align").map(|it| it.config.memory_size), Some(200));
    }

    /// With leave to delete, only what has long had no manifest goes (the stage asserts it), and whatever
    /// is wished for is there.
    #[test]
    fn only_what_is_long_gone_is_deleted(acts in prop::collection::vec(act(), 1..40)) {
        let terms = Terms { prune: true, grace: Duration::from_mins(1), ..Terms::default() };
        let mut play = Play::under(Mode::Enforce, terms);
        for name in NAMES {
            play.wishes.insert(name, (128, 3, false));
        }
        play.tell();
        for act in &acts {
            play.act(act);
        }
        play.settle();
        play.assert_converged()?;
    }

    /// A function that somebody wished for and nobody deleted is still there.
    #[test]
    fn nothing_is_lost(acts in prop::collection::vec(act(), 1..40)) {
        let mut play = Play::new(Mode::Enforce);
        for name in NAMES {
            play.wishes.insert(name, (128, 3, false));
        }
        play.tell();
        play.settle();
        for act in acts.iter().filter(|it| !matches!(it, Act::Delete(_))) {
            play.act(act);
        }
        play.settle();
        prop_assert_eq!(play.stage.world.names(), NAMES);
    }
}

/// The law of the prune gate is about something: things do get deleted under it.
#[test]
fn what_is_long_gone_is_deleted() {
    let terms = Terms { prune: true, grace: Duration::from_mins(1), ..Terms::default() };
    let mut play = Play::under(Mode::Enforce, terms);
    for name in NAMES {
        play.wishes.insert(name, (128, 3, false));
    }
    play.tell();
    play.act(&Act::Rest(60));
    play.act(&Act::Drop(1));
    play.act(&Act::Rest(200));
    assert_eq!((play.stage.deleted, play.stage.world.names().len()), (1, 2));
}
