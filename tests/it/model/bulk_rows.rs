//! Bulk reads of tags on the model: an index that lags, what it nominates, and what it does not.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use evenkeel::engine::{
    bulk_rows::{BulkRow, BulkSubject, SeenRows},
    name::Name,
    observed::Known,
    prune::Terms,
    work::Event,
};

use super::fleet::Fleet;

/// How many objects there are.
const COUNT: usize = 20;
/// How many passes the index lags behind.
const LAG: usize = 3;
/// The pause between two passes.
const RESYNC: Duration = Duration::from_secs(30);

/// The index, and what was read of it before.
#[derive(Default)]
struct Index {
    /// The tags at each pass.
    past: Vec<Vec<BulkRow>>,
    seen: SeenRows,
}

impl Index {
    /// Reads what the index shows now, and tells the engine the news; with `all`, old rows too.
    fn pass(&mut self, fleet: &mut Fleet, all: bool) {
        let row = |name: &String| {
            let live = fleet.stage.world.live(name)?;
            let Known::Yes(shown) = live.tags.clone() else { return None };
            Some(BulkRow { of: BulkSubject::Function(Name::new(name.as_str())), shown })
        };
        self.past.push(fleet.names.iter().filter_map(row).collect());
        let shown = self.past[self.past.len().saturating_sub(LAG + 1)].clone();
        if all {
            self.seen = SeenRows::default();
        }
        self.seen.begin();
        let news = self.seen.news(shown);
        self.seen.end();
        fleet.stage.tell(Event::BulkRows(Arc::new(news)));
    }
}

fn looks(fleet: &Fleet) -> BTreeMap<String, usize> {
    let mut looks = BTreeMap::new();
    for line in &fleet.stage.transcript {
        if let Some((_, name)) = line.split_once("  look at ") {
            *looks.entry(name.to_owned()).or_default() += 1;
        }
    }
    looks
}

/// Every object is edited once, so that its tags are written; how often each is read then.
fn edited(mut pass: impl FnMut(&mut Fleet)) -> BTreeMap<String, usize> {
    let mut fleet = Fleet::of(COUNT, "", Terms::default());
    for _ in 0..=LAG {
        pass(&mut fleet);
        fleet.stage.run(RESYNC);
    }
    let before = fleet.stage.world.writes.len();
    fleet.fields = "timeout: 9";
    fleet.tell();
    for _ in 0..LAG * 6 {
        fleet.stage.run(RESYNC);
        pass(&mut fleet);
    }
    fleet.stage.run(RESYNC);
    assert_eq!(fleet.touched(before), COUNT);
    looks(&fleet)
}

#[test]
fn our_own_writes_against_an_index_that_lags_cost_at_most_one_read_each() {
    let alone = edited(|_| {});
    let more = |looks: BTreeMap<String, usize>| -> Vec<usize> {
        looks.into_iter().map(|(name, count)| count.saturating_sub(alone[&name])).collect()
    };
    let mut index = Index::default();
    let nominated = more(edited(|fleet| index.pass(fleet, false)));
    assert!(nominated.iter().all(|it| *it <= 1), "{nominated:?}");
    // Whoever compares with what is held alone reads each object in each pass until the index has caught up.
    let mut index = Index::default();
    let held = more(edited(|fleet| index.pass(fleet, true)));
    assert!(held.iter().sum::<usize>() > COUNT, "{held:?}");
}

#[test]
fn tags_that_another_party_changes_are_seen_when_the_index_shows_them() {
    let mut fleet = Fleet::of(COUNT, "tags: { team: a }", Terms::default());
    let mut index = Index::default();
    for _ in 0..=LAG {
        index.pass(&mut fleet, false);
        fleet.stage.run(RESYNC);
    }
    let tag = |fleet: &Fleet| match &fleet.stage.world.live("job-07").unwrap().tags {
        Known::Yes(tags) => tags.get("team").cloned(),
        Known::No(_) => None,
    };
    let before = looks(&fleet);
    for change in [Some("b"), None] {
        fleet.stage.world.tags("job-07", |tags| {
            tags.remove("team");
            tags.extend(change.map(|it| ("team".to_owned(), it.to_owned())));
        });
        assert_eq!(tag(&fleet).as_deref(), change);
        for _ in 0..LAG {
            index.pass(&mut fleet, false);
        }
        assert_eq!(tag(&fleet).as_deref(), change, "the index does not show it yet");
        index.pass(&mut fleet, false);
        fleet.stage.run(Duration::from_secs(5));
        assert_eq!(tag(&fleet).as_deref(), Some("a"));
        for _ in 0..=LAG {
            index.pass(&mut fleet, false);
        }
        fleet.stage.run(Duration::from_secs(5));
    }
    let more = |name: &str| looks(&fleet)[name] - before[name];
    assert_eq!(more("job-08"), 0, "nobody touched it");
    assert!((2..=6).contains(&more("job-07")), "{}", more("job-07"));
}
