//! A resource that is made up: an object with five facets, which have in small what the facets of a function have. Each
//! keeps one number.

use std::{fmt, time::Duration};

use evenkeel::engine::{
    bulk_rows::BulkRows,
    diff::{Cause, Change, Diff, Fingerprint, Origin, Planned, Reason, Shown, Wait},
    facet::{FacetId, FacetInfo, FacetKey},
    facts::{Fact, FactKey, Facts, FunctionFact},
    failure::Failure,
    kind::{Detail, Digests, Listing},
    name::Name,
    observed::{Known, Observation, Observed},
    preview::Preview,
    resource::Resource,
    status::Ending,
    tags::{Ownership, Tags},
    work::Priority,
};

/// The object itself. A list shows it.
pub const BASE: FacetId = FacetId(0);
/// Read through a lane of its own.
pub const OWN: FacetId = FacetId(1);
/// A collection.
pub const ITEMS: FacetId = FacetId(2);
/// Rides on the object itself: AWS forgets it when that changes.
pub const RIDES: FacetId = FacetId(3);
/// Is tried out for minutes before it is written, and goes back when it does badly.
pub const TASK: FacetId = FacetId(4);

/// A value that is on its way to another, and that is read again every so often meanwhile.
pub const WATCHED: u32 = 100;
pub const RECHECK: Duration = Duration::from_secs(20);

/// A made-up resource.
pub struct Toy;

/// What is asked of a facet.
#[derive(Debug, Clone, PartialEq)]
pub struct ToySpec {
    pub object: Name,
    pub facet: FacetId,
    pub value: u32,
}

/// What is there of a facet.
#[derive(Debug, Clone, PartialEq)]
pub struct ToyReading {
    pub facet: FacetId,
    pub value: u32,
    /// The value that was tried out.
    pub tried: u32,
    /// How badly it does, another number each time; 0: it does well.
    pub bad: u32,
    pub exact: bool,
    pub tags: Known<Tags>,
}

impl Observation for ToyReading {
    fn is_exact(&self) -> bool {
        self.exact
    }

    fn revision(&self) -> Option<&String> {
        None
    }
}

/// One call.
#[derive(Debug, Clone, PartialEq)]
pub enum ToyStep {
    Put(FacetKey, u32),
    Try(FacetKey, u32),
    Rescue(FacetKey),
}

impl ToyStep {
    pub fn key(&self) -> &FacetKey {
        match self {
            Self::Put(key, _) | Self::Try(key, _) | Self::Rescue(key) => key,
        }
    }
}

impl fmt::Display for ToyStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.key();
        let (facet, name) = (key.facet.0, key.name());
        match self {
            Self::Put(_, value) => write!(f, "put {facet} of {name}: {value}"),
            Self::Try(_, value) => write!(f, "try {facet} of {name}: {value}"),
            Self::Rescue(_) => write!(f, "rescue {facet} of {name}"),
        }
    }
}

const fn info(kind: &'static str, listing: Listing, recheck: Priority) -> FacetInfo {
    let hears = |key: &FactKey| matches!(key, FactKey::Function(_));
    let part_of = if matches!(listing, Listing::All) { None } else { Some("Toy") };
    FacetInfo { kind, part_of, listing, recheck, hears }
}

impl Resource for Toy {
    const NAME: &'static str = "Toy";
    const FACETS: &'static [FacetInfo] = &[
        info("Toy", Listing::All, Priority::Audit),
        info("Own", Listing::None, Priority::Audit),
        info("Item", Listing::None, Priority::Audit),
        info("Rides", Listing::None, Priority::Audit),
        info("Task", Listing::None, Priority::Mover),
    ];
    type Spec = ToySpec;
    type Reading = ToyReading;
    type Step = ToyStep;

    fn key(facet: FacetId, name: &Name) -> FacetKey {
        match name.as_str().split_once('/') {
            Some((object, _)) => {
                FacetKey { object: Name::new(object), facet, item: Some(name.clone()) }
            }
            None => FacetKey { object: name.clone(), facet, item: None },
        }
    }

    fn create(_: &FacetKey, _: &ToySpec, _: &Facts) -> Diff<ToyStep> {
        Diff::default()
    }

    fn diff(key: &FacetKey, spec: &ToySpec, reading: &ToyReading, _: &Facts) -> Diff<ToyStep> {
        let mut diff = Diff::default();
        if reading.value == WATCHED {
            let reason = Reason::new("Watched", "it is on its way");
            diff.waits.push(Wait { reason, on: None, recheck: Some(RECHECK), soon: false });
            return diff;
        }
        let step = match key.facet {
            TASK if reading.bad > 0 => ("rescue", ToyStep::Rescue(key.clone())),
            _ if reading.value == spec.value => return diff,
            TASK if reading.tried != spec.value => ("try", ToyStep::Try(key.clone(), spec.value)),
            _ => ("put", ToyStep::Put(key.clone(), spec.value)),
        };
        diff.changes.push(Change {
            path: "/value".into(),
            desired: Shown::open(spec.value),
            live: match reading.bad {
                0 => Shown::open(reading.value),
                bad => Shown::open(format!("bad {bad}")),
            },
            cause: Cause::Config,
            origin: Origin::NoRecord,
            step: step.0,
        });
        let planned = Planned::new(step.0, step.1);
        diff.steps.push(if step.0 == "try" { planned.partial() } else { planned });
        diff
    }

    fn fingerprint(reading: &ToyReading) -> Fingerprint {
        Fingerprint::of(&reading.value.to_le_bytes())
    }

    fn tags(reading: &ToyReading) -> Option<&Known<Tags>> {
        (reading.facet == BASE).then_some(&reading.tags)
    }

    fn host_tags(reading: &ToyReading) -> Option<&Known<Tags>> {
        Some(&reading.tags)
    }

    fn is_there(_: &ToyReading) -> bool {
        true
    }

    fn is_host_new(_: &ToyReading) -> bool {
        false
    }

    fn writes(step: &ToyStep) -> bool {
        !matches!(step, ToyStep::Try(..))
    }

    fn rescues(step: &ToyStep) -> bool {
        matches!(step, ToyStep::Rescue(_))
    }

    fn ending(_: &Planned<ToyStep>) -> Option<Ending> {
        None
    }

    fn seen_ending(_: &ToyReading, _: &ToyReading) -> Option<Ending> {
        None
    }

    fn percent(_: &ToyReading) -> Option<u32> {
        None
    }

    fn frees(_: &ToyStep) -> bool {
        false
    }

    fn delete(_: &FacetKey, _: &ToyReading) -> Option<Planned<ToyStep>> {
        None
    }

    fn deletion(_: &FacetKey, _: &ToyReading) -> Preview {
        Preview::default()
    }

    fn describe(reading: &ToyReading) -> serde_json::Value {
        reading.value.into()
    }

    fn concerns(_: &ToyReading) -> bool {
        true
    }

    fn changed_at(_: &ToyReading) -> Option<jiff::Timestamp> {
        None
    }

    fn fact(
        key: &FacetKey,
        observed: Observed<&ToyReading>,
        _: Option<&Failure>,
    ) -> Option<(FactKey, Option<Fact>)> {
        if key.facet != BASE {
            return None;
        }
        let fact = observed.reading().filter(|it| it.exact).map(|it| {
            let owner = Some(it.value.to_string());
            Fact::Function(FunctionFact { exists: true, owner, ..FunctionFact::default() }.into())
        });
        Some((FactKey::Function(key.object.clone()), fact))
    }

    fn settled(_: &FacetKey, _: &ToyReading) -> Option<(FactKey, Fact)> {
        None
    }

    fn left_behind(_: FacetId, _: &FactKey, _: &Fact) -> Option<Name> {
        None
    }

    fn bulk_row_differs(_: &FacetKey, _: Option<&ToySpec>, _: &ToyReading, _: &BulkRows) -> bool {
        false
    }

    fn unsettles(facet: FacetId, before: Option<&Fact>, now: Option<&Fact>) -> bool {
        facet == RIDES && before != now
    }

    fn only_gone(_: &ToySpec) -> bool {
        false
    }

    fn is_guard(_: &ToySpec) -> bool {
        false
    }

    fn needs(spec: &ToySpec) -> Vec<FactKey> {
        if spec.facet == RIDES { vec![FactKey::Function(spec.object.clone())] } else { Vec::new() }
    }

    fn digests(_: FacetId, _: Option<&ToySpec>, _: Observed<&ToyReading>, _: &Facts) -> Digests {
        Digests::default()
    }

    fn details(_: Option<&ToySpec>, _: Option<&ToyReading>) -> Vec<Detail> {
        Vec::new()
    }
}

/// The tags of an object that is ours.
pub fn tags(object: &Name) -> Known<Tags> {
    let deletion = evenkeel::engine::policy::Deletion::Retain;
    Known::Yes(Ownership::of(Toy::NAME, object, "team", deletion).tags())
}
