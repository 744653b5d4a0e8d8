//! How a daemon begins to read the facets of functions that no list shows: with the audit, so that it leaves room for
//! what is more urgent, and those that are only watched not all at once.

use std::collections::{BTreeMap, BTreeSet};

use evenkeel::{
    engine::{
        engine::Engine,
        name::Name,
        policy::{FacetSettings, ReadMode},
        resource::Resource as _,
        schedule::{LaneLimits, Lanes},
        time::{Mono, Now},
        work::{Event, Priority, Work},
    },
    kinds::{facets::FunctionResource, function::expand::Setting},
    manifest::{self, DesiredResources, Documents},
};

use crate::common::{facet_settings, function, place, settings};

/// What the engine does first for so many functions: the reads of each kind, by how urgent they are, and how many of
/// each kind are due besides.
fn begin(count: usize, fields: &str, read_mode: ReadMode) -> BTreeMap<&'static str, Reads> {
    let names = (0..count).map(|it| format!("job-{it:03}"));
    let text: String = names.map(|it| function(&it, "jobs:v1", fields)).collect();
    let documents = manifest::parse("m.yaml", text.as_bytes()).documents;
    let (place, owner, frozen) = (place(), settings().owner, BTreeSet::new());
    let setting = Setting { place: &place, owner: &owner, hash_key: None };
    let (all, read_at) = (documents.as_slice(), Mono::default());
    let documents = Documents { all, frozen: &frozen, intact: true, read_at, watches: true };
    let desired = DesiredResources::from(manifest::expand(documents, setting));
    let own = FacetSettings { read_mode, ..facet_settings() };
    let lanes = Lanes::one(FunctionResource::FACETS.len());
    let mut engine =
        Engine::<FunctionResource>::new(Name::new("default"), settings(), lanes, |_| own);
    let now = Now { mono: Mono::default(), wall: jiff::Timestamp::UNIX_EPOCH };
    let mut reads: BTreeMap<&'static str, Reads> = BTreeMap::new();
    for work in engine.handle(Event::Desired(desired.functions), now) {
        if let Work::Read(key, _, priority, _) = work {
            let kind = FunctionResource::FACETS[key.facet.index()].kind;
            reads.entry(kind).or_default().begun.push(priority);
        }
    }
    for (facet, info) in (0..).zip(FunctionResource::FACETS) {
        let depth = engine.summary(evenkeel::engine::facet::FacetId(facet), now).depth;
        reads.entry(info.kind).or_default().due = depth;
    }
    reads
}

#[derive(Default)]
struct Reads {
    begun: Vec<Priority>,
    due: usize,
}

impl Reads {
    fn all(&self) -> usize {
        self.begun.len() + self.due
    }
}

#[test]
fn what_no_list_shows_is_read_for_the_first_time_with_the_audit() {
    let url = "url: { authType: AWS_IAM }";
    let reads = &begin(30, url, ReadMode::Watch)["Url"];
    assert_eq!(reads.begun, vec![Priority::Audit; LaneLimits::WIDE.audits]);
    assert_eq!(reads.all(), 30);
    // A single run has nothing more urgent to do.
    let reads = &begin(30, url, ReadMode::Once)["Url"];
    assert_eq!(reads.begun, vec![Priority::Mover; LaneLimits::WIDE.reads]);
    assert_eq!(reads.all(), 30);
}

#[test]
fn what_is_only_watched_of_many_functions_is_not_read_at_once() {
    for kind in ["Url", "Permissions"] {
        assert_eq!(begin(100, "", ReadMode::Watch)[kind].all(), 100, "{kind}");
        assert_eq!(begin(101, "", ReadMode::Watch)[kind].all(), 0, "{kind}");
    }
}
