//! What differs between an event source as it should be and as it is, and the steps that mend it.

use std::{collections::BTreeSet, time::Duration};

use super::{
    Live, Mapping, Spec, Wish,
    config::{Config, Fields},
    invokes,
    step::{Create, Sent, Step, kind},
};
use crate::{
    engine::{
        diff::{Cause, Change, Diff, Hold, Origin, Planned, Print, Said, Shown},
        facts::Facts,
        record::Record,
        sight::{Known, Seen},
        tags::{self, APPLIED, OWNER, TagSpec, TagSteps, Tags},
    },
    kinds::block::{
        At,
        host::{missing, no_alias},
    },
};

/// How soon to look again at a mapping that AWS is at work on: it takes up to a minute.
const BUSY_RECHECK: Duration = Duration::from_secs(5);
/// The steps that mend tags.
const STEPS: TagSteps = TagSteps { set: kind::TAGS, unset: kind::NONE };
/// The member that holds them.
const FIELD: &str = "/eventSources";
/// How the function that is invoked is called among the fields.
const FUNCTION: &str = "functionName";

/// Everything that differs.
pub(super) fn diff(spec: &Spec, seen: &Seen<Live>, facts: &Facts) -> Diff<Step> {
    let mut diff = Diff::default();
    let Live { host, mapping } = &seen.live;
    if let Some(busy) = mapping.as_ref().and_then(|it| it.busy.clone()) {
        let said = Said::new("EventSourceBusy", busy);
        diff.waits.push(Hold { said, on: None, recheck: Some(BUSY_RECHECK), soon: true });
        return diff;
    }
    match (&spec.wish, mapping) {
        (Some(wish), Some(mapping)) => {
            Sides { spec, wish, mapping, exact: seen.exact }.compare(&mut diff);
        }
        (Some(wish), None) => create(spec, wish, &mut diff),
        (None, Some(mapping)) => take_away(spec, mapping, &mut diff),
        (None, None) => {}
    }
    // A list does not show the function.
    if seen.exact && spec.wish.is_some() && !diff.steps.is_empty() {
        let hold = match host {
            Some(host) => host.hold(&spec.function, &spec.owner, facts),
            None => Some(missing(&spec.function, facts)),
        };
        let at = At { function: spec.function.clone(), qualifier: spec.alias.clone() };
        if let Some(hold) = hold.or_else(|| no_alias(&at, facts)) {
            diff.steps.clear();
            diff.waits.insert(0, hold);
        }
    }
    diff
}

fn create(spec: &Spec, wish: &Wish, diff: &mut Diff<Step>) {
    let invokes = invokes(&spec.function, spec.alias.as_ref());
    let unset = Config::unset(wish.source).fields(&invokes);
    let fields = wish.config.fields(&invokes);
    let mut tags = wish.ownership.tags();
    tags.insert(APPLIED.into(), wish.record(&invokes).text());
    let step = Step::Create(Box::new(Create {
        address: wish.address.clone(),
        source: wish.source,
        invokes,
        chosen: wish.chosen.clone(),
        sent: Sent { config: wish.config.clone(), members: members(&differing(&fields, &unset)) },
        tags,
    }));
    let print = Print::of(format!("{step:?}").as_bytes());
    let desired = Shown { text: "present".into(), print };
    let sides = (desired, Shown::open("absent"));
    diff.changes.push(change(FIELD.into(), sides, (Origin::NoRecord, kind::CREATE)));
    diff.steps.push(Planned { kind: kind::CREATE, step });
}

/// Its document does not ask for it any more.
fn take_away(spec: &Spec, mapping: &Mapping, diff: &mut Diff<Step>) {
    // Whoever adopts it asks for it.
    if mapping.tags.get().and_then(|it| it.get(OWNER)) != Some(&spec.owner) {
        return;
    }
    let sides = (Shown::open("absent"), Shown::open("present"));
    diff.changes.push(change(FIELD.into(), sides, (Origin::Pending, kind::DELETE)));
    let (address, uuid) = (mapping.address.clone(), mapping.uuid.clone());
    diff.steps.push(Planned { kind: kind::DELETE, step: Step::Delete { address, uuid } });
}

struct Sides<'a> {
    spec: &'a Spec,
    wish: &'a Wish,
    mapping: &'a Mapping,
    exact: bool,
}

impl Sides<'_> {
    fn compare(&self, diff: &mut Diff<Step>) {
        let Self { spec, wish, mapping, .. } = self;
        let mut live = mapping.config.clone().concerning(&wish.config);
        if let Some(why) = &mapping.filters_unread {
            live.filters.clone_from(&wish.config.filters);
            // That a list does not show them is no news.
            if self.exact {
                let message =
                    format!("AWS does not show filterCriteria, so they are left alone: {why}");
                diff.conditions.insert("BlockUnknown", Said::new("Unreadable", message));
            }
        }
        let wanted_at = invokes(&spec.function, spec.alias.as_ref());
        let live_at = invokes(&spec.function, mapping.alias.as_ref());
        let record = Record::read(&mapping.tags);
        let hashes = (live.hash(wish.source, &live_at), wish.config.hash(wish.source, &wanted_at));
        let origin = Record::config_origin(record.as_ref(), &hashes.0, &hashes.1);
        let (fields, live) = (wish.config.fields(&wanted_at), live.fields(&live_at));
        let paths = differing(&fields, &live);
        let shown = |fields: &Fields, path: &str| {
            fields.get(path).map_or_else(|| Shown::open("(unset)"), Shown::open)
        };
        diff.changes.extend(paths.iter().map(|path| {
            let sides = (shown(&fields, path), shown(&live, path));
            change(format!("{FIELD}/{path}"), sides, (origin, kind::UPDATE))
        }));
        if !paths.is_empty() {
            let members = members(&paths);
            let step = Step::Update {
                address: mapping.address.clone(),
                uuid: mapping.uuid.clone(),
                invokes: members.contains(FUNCTION).then_some(wanted_at.clone()),
                shown: summary(&diff.changes),
                sent: Box::new(Sent { config: wish.config.clone(), members }),
            };
            diff.steps.push(Planned { kind: kind::UPDATE, step });
        }
        self.chosen(diff);
        self.tags(record.as_ref(), &wish.record(&wanted_at), diff);
    }

    /// What AWS lets be chosen only once.
    fn chosen(&self, diff: &mut Diff<Step>) {
        let differing = self.wish.chosen.differing(&self.mapping.chosen);
        if differing.is_empty() {
            return;
        }
        diff.changes.extend(differing.into_iter().map(|(path, wanted, live)| {
            let sides = (Shown::open(wanted), Shown::open(live));
            // Nobody can have changed it.
            change(format!("{FIELD}/{path}"), sides, (Origin::Pending, kind::NONE))
        }));
        let message = "Lambda lets it be chosen only when a mapping is made: delete the mapping, so that it is \
                       made anew, or write into the manifest what there is";
        let said = Said::new("Immutable", message);
        diff.waits.push(Hold { said, on: None, recheck: None, soon: false });
    }

    fn tags(&self, record: Option<&Record>, wanted: &Record, diff: &mut Diff<Step>) {
        let Known::Yes(live) = &self.mapping.tags else { return };
        let ours = self.wish.ownership.tags();
        let found = tags::compare((&TagSpec::default(), &ours), live, |_| false, &STEPS);
        let settled = diff.steps.is_empty();
        diff.changes.extend(found.changes);
        let mut set = found.set;
        let kind = if set.is_empty() { kind::RECORD } else { kind::TAGS };
        if settled && record != Some(wanted) {
            set.insert(APPLIED.into(), wanted.text());
        }
        if set.is_empty() {
            return;
        }
        let Mapping { address, arn, .. } = self.mapping.clone();
        let step = Step::Tag { address, arn, shown: pairs(&set), tags: set };
        // Whose it is, is written before anything else.
        diff.steps.insert(0, Planned { kind, step });
    }
}

impl Wish {
    /// What is written down once it is as it should be.
    fn record(&self, invokes: &str) -> Record {
        Record::of(None, &self.config.hash(self.source, invokes))
    }
}

fn change(
    path: String,
    (desired, live): (Shown, Shown),
    (origin, step): (Origin, &'static str),
) -> Change {
    Change { path, desired, live, cause: Cause::EventSource, origin, step }
}

/// The paths of the fields that differ.
fn differing(wanted: &Fields, live: &Fields) -> BTreeSet<&'static str> {
    let paths = wanted.keys().chain(live.keys()).copied();
    paths.filter(|path| wanted.get(path) != live.get(path)).collect()
}

/// The members that hold them: each is sent whole.
fn members(paths: &BTreeSet<&'static str>) -> BTreeSet<&'static str> {
    paths.iter().filter_map(|path| path.split('/').next()).collect()
}

fn summary(changes: &[Change]) -> String {
    let lines = changes.iter().map(|it| {
        let field = it.path.trim_start_matches(FIELD).trim_start_matches('/').replace('/', ".");
        format!("{field} {} → {}", it.live, it.desired)
    });
    lines.collect::<Vec<_>>().join(", ")
}

fn pairs(tags: &Tags) -> String {
    let pairs: Vec<String> = tags.iter().map(|(key, value)| format!("{key} {value}")).collect();
    pairs.join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use expect_test::{Expect, expect};
    use serde_json::{Value, json};

    use super::{super::EventSource, *};
    use crate::{
        engine::{
            facts::{Fact, FactKey, ReleaseFact},
            name::Name,
            place::Place,
            policy::Deletion,
        },
        kinds::{
            block::host::Host,
            part::{Part, Site},
        },
    };

    const QUEUE: &str = "arn:aws:sqs:eu-west-1:111122223333:orders";

    fn spec(doc: &Value, alias: Option<&str>) -> Spec {
        let place = Place {
            target: Name::new("default"),
            region: "eu-west-1".into(),
            account_id: "111122223333".into(),
            registry: None,
        };
        let function = Name::new("job");
        let site = Site {
            function: &function,
            owner: "team",
            place: &place,
            alias,
            log_group: "",
            adopts: false,
            deletion: Deletion::Retain,
        };
        let doc = serde_json::from_value(json!([doc])).unwrap();
        let (name, spec) = EventSource::wanted(&doc, &site).remove(0);
        assert_eq!(name, spec.wish.as_ref().unwrap().address.name());
        assert_eq!(EventSource::spare(Some(&doc), &site)[0].0, function);
        spec
    }

    /// What this document makes of it, seen exactly.
    fn made(doc: &Value, alias: Option<&str>) -> Seen<Live> {
        let spec = spec(doc, alias);
        let wish = spec.wish.unwrap();
        let mut tags = wish.ownership.tags();
        let invokes = invokes(&spec.function, spec.alias.as_ref());
        tags.insert(APPLIED.into(), wish.record(&invokes).text());
        let owner = Tags::from([(OWNER.to_owned(), "team".to_owned())]);
        let host = Host { arn: "arn:job".into(), tags: Known::Yes(owner), busy: None };
        let mapping = Mapping {
            address: wish.address,
            uuid: "u-1".into(),
            arn: "arn:u-1".into(),
            alias: spec.alias,
            busy: None,
            leaving: false,
            config: wish.config,
            filters_unread: None,
            chosen: wish.chosen,
            tags: Known::Yes(tags),
            changed_at: None,
        };
        let live = Live { host: Some(host), mapping: Some(mapping) };
        Seen { live, revision: None, exact: true }
    }

    fn mapping(seen: &mut Seen<Live>) -> &mut Mapping {
        seen.live.mapping.as_mut().unwrap()
    }

    fn facts() -> Facts {
        let mut facts = Facts::default();
        let alias = ReleaseFact { alias: Some("live".into()), revision: String::new() };
        facts.learn(FactKey::Release(Name::new("job")), Some(Fact::Release(alias)));
        facts
    }

    fn check(spec: &Spec, seen: &Seen<Live>, expected: &Expect) {
        let diff = diff(spec, seen, &facts());
        let mut text = String::new();
        for it in &diff.changes {
            let (live, desired, origin) = (&it.live, &it.desired, it.origin.as_str());
            text += &format!("{}: {live} → {desired} ({origin}, {})\n", it.path, it.step);
        }
        for it in &diff.steps {
            text += &format!("{}: {}\n", it.kind, it.step);
        }
        for it in &diff.waits {
            text += &format!("wait: {} on {:?}\n", it.said.reason, it.on);
        }
        expected.assert_eq(&text);
    }

    fn queue() -> Value {
        json!({ "eventSourceArn": QUEUE, "batchSize": 5, "kmsKeyArn": "arn:aws:kms:x",
                "filterCriteria": { "filters": [{ "pattern": "{\"a\": [1]}" }] } })
    }

    #[test]
    fn what_is_as_it_should_be_makes_no_work() {
        check(&spec(&queue(), None), &made(&queue(), None), &expect![""]);
        let mut hidden = made(&queue(), None);
        mapping(&mut hidden).config.filters = BTreeSet::new();
        mapping(&mut hidden).filters_unread = Some("denied".into());
        check(&spec(&queue(), None), &hidden, &expect![""]);
    }

    #[test]
    fn it_is_made_once_its_function_is_ours_and_its_alias_there() {
        let mut seen = made(&queue(), Some("live"));
        seen.live.mapping = None;
        check(
            &spec(&queue(), Some("live")),
            &seen,
            &expect![[r#"
            /eventSources: absent → present (pending, create)
            create: create event source of function job: arn:aws:sqs:eu-west-1:111122223333:orders, batch 5, for the alias live
        "#]],
        );
        check(
            &spec(&queue(), Some("next")),
            &seen,
            &expect![[r#"
            /eventSources: absent → present (pending, create)
            wait: AliasMissing on Some(Release(Name("job")))
        "#]],
        );
        seen.live.host.as_mut().unwrap().tags = Known::Yes(Tags::new());
        check(
            &spec(&queue(), None),
            &seen,
            &expect![[r#"
            /eventSources: absent → present (pending, create)
            wait: FunctionNotOurs on None
        "#]],
        );
        seen.live.host = None;
        check(
            &spec(&queue(), None),
            &seen,
            &expect![[r#"
            /eventSources: absent → present (pending, create)
            wait: FunctionMissing on None
        "#]],
        );
    }

    #[test]
    fn the_record_tells_who_moved() {
        let mut edited = queue();
        edited["batchSize"] = json!(7);
        check(
            &spec(&edited, None),
            &made(&queue(), None),
            &expect![[r#"
            /eventSources/batchSize: 5 → 7 (pending, update)
            update: update event source of function job: arn:aws:sqs:eu-west-1:111122223333:orders: batchSize 5 → 7
        "#]],
        );
        let mut seen = made(&queue(), None);
        mapping(&mut seen).config.batch_size = 6;
        check(
            &spec(&queue(), None),
            &seen,
            &expect![[r#"
            /eventSources/batchSize: 6 → 5 (drift, update)
            update: update event source of function job: arn:aws:sqs:eu-west-1:111122223333:orders: batchSize 6 → 5
        "#]],
        );
        check(
            &spec(&edited, None),
            &seen,
            &expect![[r#"
            /eventSources/batchSize: 6 → 7 (both, update)
            update: update event source of function job: arn:aws:sqs:eu-west-1:111122223333:orders: batchSize 6 → 7
        "#]],
        );
        mapping(&mut seen).config.batch_size = 7;
        check(
            &spec(&edited, None),
            &seen,
            &expect![[r#"
            record: tag event source of function job: arn:aws:sqs:eu-west-1:111122223333:orders: evenkeel.dev/applied v1:-:413ffca020da653c
        "#]],
        );
    }

    #[test]
    fn it_moves_to_the_alias_that_the_document_keeps() {
        check(
            &spec(&queue(), Some("live")),
            &made(&queue(), None),
            &expect![[r#"
            /eventSources/functionName: job → job:live (pending, update)
            update: update event source of function job: arn:aws:sqs:eu-west-1:111122223333:orders: functionName job → job:live
        "#]],
        );
        let mut seen = made(&queue(), Some("live"));
        mapping(&mut seen).alias = Some("other".into());
        check(
            &spec(&queue(), Some("live")),
            &seen,
            &expect![[r#"
            /eventSources/functionName: job:other → job:live (drift, update)
            update: update event source of function job: arn:aws:sqs:eu-west-1:111122223333:orders: functionName job:other → job:live
        "#]],
        );
    }

    #[test]
    fn what_can_be_chosen_only_once_is_left_and_the_rest_is_mended() {
        let arn = "arn:aws:kinesis:eu-west-1:111122223333:stream/clicks";
        let stream = |from: &str| json!({ "eventSourceArn": arn, "startingPosition": from });
        let mut seen = made(&stream("LATEST"), None);
        check(
            &spec(&stream("TRIM_HORIZON"), None),
            &seen,
            &expect![[r#"
            /eventSources/startingPosition: LATEST → TRIM_HORIZON (pending, none)
            wait: Immutable on None
        "#]],
        );
        mapping(&mut seen).config.enabled = false;
        check(
            &spec(&stream("TRIM_HORIZON"), None),
            &seen,
            &expect![[r#"
            /eventSources/enabled: false → true (drift, update)
            /eventSources/startingPosition: LATEST → TRIM_HORIZON (pending, none)
            update: update event source of function job: arn:aws:kinesis:eu-west-1:111122223333:stream/clicks: enabled false → true
            wait: Immutable on None
        "#]],
        );
        // Of old mappings AWS does not show it.
        let mut seen = made(&stream("LATEST"), None);
        mapping(&mut seen).chosen.starting_position = None;
        check(&spec(&stream("LATEST"), None), &seen, &expect![""]);
    }

    #[test]
    fn numbers_that_aws_makes_up_are_no_difference() {
        let pollers =
            json!({ "eventSourceArn": QUEUE, "provisionedPollerConfig": { "minimumPollers": 3 } });
        let mut seen = made(&pollers, None);
        mapping(&mut seen).config.pollers.as_mut().unwrap().maximum = Some(200);
        check(&spec(&pollers, None), &seen, &expect![""]);
        mapping(&mut seen).config.pollers = None;
        check(
            &spec(&pollers, None),
            &seen,
            &expect![[r#"
            /eventSources/provisionedPollerConfig: (unset) → present (drift, update)
            /eventSources/provisionedPollerConfig/minimumPollers: (unset) → 3 (drift, update)
            update: update event source of function job: arn:aws:sqs:eu-west-1:111122223333:orders: provisionedPollerConfig (unset) → present, provisionedPollerConfig.minimumPollers (unset) → 3
        "#]],
        );
    }

    #[test]
    fn nothing_is_done_while_aws_is_at_work() {
        let mut seen = made(&queue(), None);
        mapping(&mut seen).busy = Some("AWS is applying an update".into());
        mapping(&mut seen).config.batch_size = 9;
        check(
            &spec(&queue(), None),
            &seen,
            &expect![[r#"
            wait: EventSourceBusy on None
        "#]],
        );
    }

    #[test]
    fn what_nobody_asks_for_any_more_goes_if_it_is_ours() {
        let gone = Spec { wish: None, ..spec(&queue(), None) };
        let mut seen = made(&queue(), None);
        check(
            &gone,
            &seen,
            &expect![[r#"
            /eventSources: present → absent (pending, delete)
            delete: delete event source of function job: arn:aws:sqs:eu-west-1:111122223333:orders
        "#]],
        );
        mapping(&mut seen).tags = Known::Yes(Tags::new());
        check(&gone, &seen, &expect![""]);
        seen.live.mapping = None;
        check(&gone, &seen, &expect![""]);
    }

    #[test]
    fn what_is_taken_over_is_tagged_first() {
        let mut seen = made(&queue(), None);
        mapping(&mut seen).tags = Known::Yes(Tags::new());
        mapping(&mut seen).config.batch_size = 10;
        check(
            &spec(&queue(), None),
            &seen,
            &expect![[r#"
            /eventSources/batchSize: 10 → 5 (pending, update)
            /tags/evenkeel.dev~1deletion: (absent) → retain (pending, tags)
            /tags/evenkeel.dev~1object: (absent) → EventSource/job/arn:aws:sqs:eu-west-1:111122223333:orders (pending, tags)
            /tags/evenkeel.dev~1owner: (absent) → team (pending, tags)
            tags: tag event source of function job: arn:aws:sqs:eu-west-1:111122223333:orders: evenkeel.dev/deletion retain, evenkeel.dev/object EventSource/job/arn:aws:sqs:eu-west-1:111122223333:orders, evenkeel.dev/owner team
            update: update event source of function job: arn:aws:sqs:eu-west-1:111122223333:orders: batchSize 10 → 5
        "#]],
        );
    }
}
