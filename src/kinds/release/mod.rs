//! Releases: a version of what is deployed is published and tested, and an alias moves to it, all at once or step
//! by step. Callers use the alias; code and configuration change on `$LATEST`, which nobody calls.
//!
//! Everything that a later process has to know stands in AWS: what callers should get, how far a canary is and
//! what is held back in the alias's own description ([`note`]), whose it is in a tag of the function. What smoke
//! tests showed is known to the process that ran them; another one runs them again.
//!
//! Read in this order: [`spec`] and [`live`] (the two sides), `diff`, `keep`, `proof` and `canary` (what follows),
//! [`step`] (the calls).

mod aws;
mod canary;
mod details;
mod diff;
pub mod doc;
pub mod expect;
mod keep;
pub mod live;
pub mod note;
mod preview;
mod proof;
mod rules;
mod shape;
pub mod spec;
pub mod step;
pub mod tag;

use serde_json::{Value, json};

pub use self::{
    aws::{ReleaseCloud, judged},
    diff::alias,
    proof::start,
    rules::RULES,
};
use self::{doc::ReleaseDoc, live::Live, spec::Spec, step::Step, tag::ReleaseTag};
use super::{
    document::Violation,
    part::{Part, Site},
};
use crate::{
    engine::{
        bulk_rows::BulkRows,
        diff::{Diff, Fingerprint},
        facts::{Fact, FactKey, Facts, ReleaseFact},
        failure::Failure,
        kind::{Detail, Kind, Listing},
        name::Name,
        observed::{Known, Observed, Reading},
        status::Ending,
        tags::Tags,
        work::Priority,
    },
    shape::Field,
};

/// The member of `spec`, and the word in the function's tag.
pub const FIELD: &str = "release";
/// The kind of document that a release is a part of.
const FUNCTION: &str = "Function";

/// `release`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {}

/// The version that is held back: by the alias's description, and where there is no alias, by the function's tag.
pub fn rejected(live: &Live) -> Option<u64> {
    match live.alias() {
        Some(alias) => Some(alias.note.as_ref()?.rejected.as_ref()?.version),
        None => ReleaseTag::read(live.host.claim(FIELD)?)?.rejected,
    }
}

impl Part for Release {
    type Kind = Self;
    type Doc = ReleaseDoc;
    const FIELD: &'static str = FIELD;
    const SHAPE: Field = shape::RELEASE;

    fn check(doc: &ReleaseDoc) -> Vec<Violation> {
        rules::check(doc)
    }

    fn claim_tag(doc: &ReleaseDoc, _: &Site<'_>) -> Option<(&'static str, String)> {
        Some((FIELD, ReleaseTag::of(&doc.alias).value()))
    }

    fn wanted(doc: &ReleaseDoc, site: &Site<'_>) -> Vec<(Name, Spec)> {
        vec![(site.function.clone(), Spec::of(Some(doc), site))]
    }

    /// How callers get a new version, and what is tried before, is in the manifest alone.
    fn to_manifest(live: &Live) -> Known<Option<Value>> {
        Known::Yes(live.alias().map(|_| json!({ "alias": live.alias })))
    }

    fn spare(doc: Option<&ReleaseDoc>, site: &Site<'_>) -> Option<Spec> {
        doc.is_none().then(|| Spec::of(None, site))
    }
}

impl Kind for Release {
    const NAME: &'static str = "Release";
    const PART_OF: Option<&'static str> = Some(FUNCTION);
    const LISTING: Listing = Listing::None;
    /// A version with a part of the calls has to be watched.
    const RECHECK: Priority = Priority::Mover;
    type Spec = Spec;
    type Live = Live;
    type Step = Step;

    fn create(name: &Name, spec: &Spec, facts: &Facts) -> Diff<Step> {
        diff::hostless(name, spec, facts)
    }

    fn diff(_: &Name, spec: &Spec, reading: &Reading<Live>, facts: &Facts) -> Diff<Step> {
        diff::diff(spec, &reading.live, facts)
    }

    /// No list shows it.
    fn fingerprint(reading: &Reading<Live>) -> Fingerprint {
        Fingerprint::of(format!("{:?}", reading.live.aliases).as_bytes())
    }

    fn tags(_: &Live) -> Option<&Known<Tags>> {
        None
    }

    fn host_tags(live: &Live) -> Option<&Known<Tags>> {
        Some(&live.host.tags)
    }

    fn is_there(live: &Live) -> bool {
        live.alias().is_some()
    }

    fn is_host_new(live: &Live) -> bool {
        live.host.is_under_way()
    }

    /// A smoke test changes nothing that we keep.
    fn writes(step: &Step) -> bool {
        !matches!(step, Step::Test(..))
    }

    /// Returns `true` for a route that holds a version back. Only such a route says why: another
    /// one merely carries the note of an earlier rejection on.
    fn rescues(step: &Step) -> bool {
        matches!(step, Step::Route(it) if it.note.rejected.is_some() && !it.why.is_empty())
    }

    fn ending(sort: &str, step: &Step) -> Option<Ending> {
        match step {
            Step::Route(it) => it.ending,
            // A first version that fails its tests has no alias.
            Step::SetClaim(_) => (sort == diff::HOLD).then_some(Ending::Rejected),
            Step::Publish(_)
            | Step::Test(..)
            | Step::DeleteAlias(..)
            | Step::DeleteVersion(..)
            | Step::Foreseen(_) => None,
        }
    }

    /// A rollback by a person: another process moves the alias, and its description says so.
    fn seen_ending(before: &Live, now: &Live) -> Option<Ending> {
        let note = |live: &Live| live.alias().and_then(|it| it.note.clone()).unwrap_or_default();
        note(now).is_led_back(&note(before)).then_some(Ending::RolledBack)
    }

    fn percent(live: &Live) -> Option<u32> {
        Some(live.alias()?.weight.map_or(0, |(_, percent)| percent))
    }

    fn describe(live: &Live) -> Value {
        let alias = |it: &live::Alias| json!({ "version": it.version, "weight": it.weight });
        let all = live.aliases.iter().map(|(name, it)| (name.clone(), alias(it)));
        Value::Object(all.collect())
    }

    /// Tells what belongs to the alias which versions it leads to. That the function is absent is
    /// told as well: then there is no alias.
    fn fact(
        name: &Name,
        observed: Observed<&Reading<Live>>,
        _: Option<&Failure>,
    ) -> Option<(FactKey, Option<Fact>)> {
        let fact = match observed {
            Observed::Unknown => None,
            Observed::Absent => Some(ReleaseFact::default()),
            Observed::Present(Reading { live, .. }) => Some(ReleaseFact {
                alias: live.alias().map(|_| live.alias.clone()),
                versions: live.alias().map(live::Alias::versions).unwrap_or_default(),
                revision: live.latest.revision.clone(),
            }),
        };
        Some((FactKey::Release(name.clone()), fact.map(|it| Fact::Release(it.into()))))
    }

    fn hears(key: &FactKey) -> bool {
        matches!(key, FactKey::Function(_) | FactKey::Settled(_))
    }

    fn bulk_row_differs(name: &Name, _: Option<&Spec>, live: &Live, rows: &BulkRows) -> bool {
        live.host.bulk_row_differs(name, FIELD, rows)
    }

    /// Says that a release has to be read again when its function is changed or made again, or its
    /// blocks are others.
    fn unsettles(before: Option<&Fact>, now: Option<&Fact>) -> bool {
        match (before, now) {
            (_, Some(Fact::Settled(_))) => before != now,
            (Some(Fact::Function(before)), Some(Fact::Function(now))) => {
                (before.exists, before.pending) != (now.exists, now.pending)
                    || before.blocks != now.blocks
            }
            _ => false,
        }
    }

    fn only_gone(spec: &Spec) -> bool {
        spec.wanted.is_none()
    }

    fn left_behind(key: &FactKey, fact: &Fact) -> Option<Name> {
        match (key, fact) {
            (FactKey::Function(name), Fact::Function(it)) => {
                it.blocks.contains(FIELD).then(|| name.clone())
            }
            _ => None,
        }
    }

    fn needs(spec: &Spec) -> Vec<FactKey> {
        let name = &spec.function;
        vec![FactKey::Function(name.clone()), FactKey::Settled(name.clone())]
    }

    fn details(spec: Option<&Spec>, live: Option<&Live>) -> Vec<Detail> {
        let wanted = spec.and_then(|it| it.wanted.as_ref());
        live.map(|live| details::details(live, wanted)).unwrap_or_default()
    }
}
