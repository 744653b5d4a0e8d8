//! What Lambda polls to invoke a function: event source mappings. Each carries tags of its own and is an object
//! of its own, so that one which leaves its document is known to be ours, and deleted, also after a restart.
//!
//! Read in this order: [`source`] (what there is and how it is called), [`config`] (the two sides in one form),
//! `diff` (what differs and the steps).

pub mod aws;
pub mod config;
mod diff;
pub mod doc;
mod export;
pub mod limits;
pub mod live;
mod rules;
mod shape;
pub mod source;
pub mod spec;
pub mod step;

use jiff::Timestamp;
use serde_json::{Value, json};

use self::{
    doc::EventSourceDoc,
    live::{Live, Mapping},
    spec::{DesiredMapping, Spec},
    step::{Step, kind},
};
use crate::{
    engine::{
        bulk_rows::{BulkRows, BulkSubject},
        diff::{Diff, Fingerprint, Planned},
        facts::{FactKey, Facts},
        kind::{Kind, Listing},
        name::Name,
        observed::{Known, Reading},
        preview::Preview,
        tags::{Tags, concerns_parts, is_indexed},
    },
    kinds::{
        document::Violation,
        part::{Part, Site},
    },
    shape::Field,
};

/// An event source of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventSource {}

/// The kind of document that event sources are parts of.
const FUNCTION: &str = "Function";

impl Part for EventSource {
    type Kind = Self;
    type Doc = Vec<EventSourceDoc>;
    const FIELD: &'static str = "eventSources";
    const SHAPE: Field = shape::EVENT_SOURCES;

    fn check(doc: &Self::Doc) -> Vec<Violation> {
        rules::check(doc)
    }

    /// They carry tags of their own.
    fn claim_tag(_: &Self::Doc, _: &Site<'_>) -> Option<(&'static str, String)> {
        None
    }

    fn wanted(doc: &Self::Doc, site: &Site<'_>) -> Vec<(Name, Spec)> {
        let all = doc.iter().filter_map(|it| DesiredMapping::of(it, site));
        all.map(|it| (it.address.name(), Spec::of(Some(it), site))).collect()
    }

    fn to_manifest(live: &Live) -> Known<Option<Value>> {
        let filters = live.mapping.as_ref().and_then(|it| it.filters_unread.clone());
        match filters {
            Some(why) => Known::No(format!("its filters cannot be read: {why}")),
            None => match live.mapping.as_ref().map(|it| (export::to_manifest(it), it)) {
                Some((None, it)) => {
                    Known::No(format!("no manifest can ask for {}", it.address.source()))
                }
                Some((written, _)) => Known::Yes(written),
                None => Known::Yes(None),
            },
        }
    }

    /// Whatever else of the function's we made goes; what others made is told of. It is taken away only where the
    /// document has something to say of event sources: what streams had not delivered yet would be lost.
    fn spare(doc: Option<&Self::Doc>, site: &Site<'_>) -> Option<Spec> {
        let exclusive = site.exclusive && doc.is_some();
        Some(Spec { exclusive, ..Spec::of(None, site) })
    }
}

impl Kind for EventSource {
    const NAME: &'static str = spec::KIND;
    const PART_OF: Option<&'static str> = Some(FUNCTION);
    const LISTING: Listing = Listing::All;
    type Spec = Spec;
    type Live = Live;
    type Step = Step;

    fn create(_: &Name, spec: &Spec, facts: &Facts) -> Diff<Step> {
        let live = Live { host: None, mapping: None };
        diff::diff(spec, &Reading { live, revision: None, exact: true }, facts)
    }

    fn diff(_: &Name, spec: &Spec, reading: &Reading<Live>, facts: &Facts) -> Diff<Step> {
        diff::diff(spec, reading, facts)
    }

    /// Leaves out the tags and the function, which only a read shows.
    fn fingerprint(reading: &Reading<Live>) -> Fingerprint {
        let Some(mapping) = &reading.live.mapping else { return Fingerprint::default() };
        let Mapping { uuid, arn, alias, busy, config, chosen, .. } = mapping;
        let mut config = config.clone();
        // A list does not show those that are encrypted.
        if config.kms_key_arn.is_some() {
            config.filters.clear();
        }
        Fingerprint::of(format!("{:?}", (uuid, arn, alias, busy, config, chosen)).as_bytes())
    }

    fn tags(live: &Live) -> Option<&Known<Tags>> {
        live.mapping.as_ref().map(|it| &it.tags)
    }

    fn host_tags(live: &Live) -> Option<&Known<Tags>> {
        live.host.as_ref().map(|it| &it.tags)
    }

    fn is_there(live: &Live) -> bool {
        live.mapping.is_some()
    }

    fn delete(_: &Name, live: &Live) -> Option<Planned<Step>> {
        let Mapping { address, uuid, .. } = live.mapping.clone()?;
        Some(Planned::new(kind::DELETE, Step::Delete { address, uuid }))
    }

    fn deletion(_: &Name, live: &Live) -> Preview {
        let source = live.mapping.iter().map(|it| it.address.source());
        let notes = source.map(|it| {
            format!("{it} and what is in it stay; nothing reads it for this function any more")
        });
        Preview { notes: notes.collect(), ..Preview::default() }
    }

    fn describe(live: &Live) -> Value {
        let of = |it: &Mapping| {
            let invokes = spec::invokes(&it.address.function, it.alias.as_ref());
            json!({ "uuid": it.uuid, "config": it.config.fields(&invokes), "tags": it.tags.get() })
        };
        json!(live.mapping.as_ref().map(of))
    }

    /// Its own tags say whose it is; those of its function, whether it is to be left alone.
    fn bulk_row_differs(name: &Name, _: Option<&Spec>, live: &Live, rows: &BulkRows) -> bool {
        let own = live.mapping.as_ref().is_some_and(|it| {
            rows.tags_differ(&BulkSubject::EventSource(it.uuid.clone()), &it.tags, is_indexed)
        });
        let host = live.host.as_ref().is_some_and(|it| {
            let function = BulkSubject::Function(Self::host(name));
            rows.tags_differ(&function, &it.tags, concerns_parts)
        });
        own || host
    }

    /// One that leaves is nobody's any more.
    fn concerns(live: &Live) -> bool {
        live.mapping.as_ref().is_some_and(|it| !it.leaving)
    }

    fn changed_at(live: &Live) -> Option<Timestamp> {
        live.mapping.as_ref()?.changed_at
    }

    fn hears(key: &FactKey) -> bool {
        matches!(key, FactKey::Function(_) | FactKey::Release(_))
    }

    fn host(name: &Name) -> Name {
        name.as_str().split_once('/').map_or_else(|| name.clone(), |(it, _)| Name::new(it))
    }

    fn only_gone(spec: &Spec) -> bool {
        spec.desired.is_none()
    }

    fn is_guard(spec: &Spec) -> bool {
        spec.desired.is_none() && spec.guards
    }

    fn needs(spec: &Spec) -> Vec<FactKey> {
        let function = &spec.function;
        let alias = spec.alias.as_ref().map(|_| FactKey::Release(function.clone()));
        [FactKey::Function(function.clone())].into_iter().chain(alias).collect()
    }
}
