//! One row for each way in which the two sides may differ.

use std::collections::BTreeSet;

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::*;
use crate::{
    engine::{
        facts::{Fact, FactKey, ReleaseFact},
        name::Name,
        place::Place,
        policy::Deletion,
        tags::OWNER,
    },
    kinds::{
        block::host::Host,
        event_source::EventSource,
        part::{Instances, Part, Site, UrlGrants},
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
        instances: Instances::Lambda,
        ignored: &[],
        url_grants: UrlGrants::default(),
        adopts: false,
        deletion: Deletion::Retain,
        watches: true,
        exclusive: false,
    };
    let doc = serde_json::from_value(json!([doc])).unwrap();
    let (name, spec) = EventSource::wanted(&doc, &site).remove(0);
    assert_eq!(name, spec.desired.as_ref().unwrap().address.name());
    let spare = |doc| EventSource::spare(doc, &Site { exclusive: true, ..site }).unwrap();
    assert_eq!(spare(Some(&doc)).function, function);
    // Who says nothing of event sources has none taken away.
    let none = Vec::new();
    assert!(spare(Some(&none)).exclusive && !spare(None).exclusive);
    spec
}

/// What this document makes of it, seen exactly.
fn made(doc: &Value, alias: Option<&str>) -> Reading<Live> {
    let spec = spec(doc, alias);
    let desired = spec.desired.unwrap();
    let mut tags = desired.ownership.tags();
    let invokes = invokes(&spec.function, spec.alias.as_ref());
    tags.insert(APPLIED.into(), desired.record(&invokes).text());
    let owner = Tags::from([(OWNER.to_owned(), "team".to_owned())]);
    let host = Host { arn: "arn:job".into(), tags: Known::Yes(owner), busy: None, new: false };
    let mapping = Mapping {
        address: desired.address,
        uuid: "u-1".into(),
        arn: "arn:u-1".into(),
        alias: spec.alias,
        busy: None,
        leaving: false,
        config: desired.config,
        filters_unread: None,
        chosen: desired.chosen,
        tags: Known::Yes(tags),
        changed_at: None,
    };
    let live = Live { host: Some(host), mapping: Some(mapping) };
    Reading { live, revision: None, exact: true }
}

fn mapping(reading: &mut Reading<Live>) -> &mut Mapping {
    reading.live.mapping.as_mut().unwrap()
}

fn facts() -> Facts {
    let mut facts = Facts::default();
    let alias = ReleaseFact { alias: Some("live".into()), ..ReleaseFact::default() };
    facts.learn(FactKey::Release(Name::new("job")), Some(Fact::Release(alias.into())));
    facts
}

fn check(spec: &Spec, reading: &Reading<Live>, expected: &Expect) {
    let Diff { changes, steps, waits, .. } = diff(spec, reading, &facts());
    let changes = changes.into_iter().map(|it| {
        let (live, desired, origin) = (&it.live, &it.desired, it.origin.as_str());
        format!("{}: {live} → {desired} ({origin}, {})\n", it.path, it.step)
    });
    let steps = steps.into_iter().map(|it| format!("{}: {}\n", it.kind, it.step));
    let waits = waits.into_iter().map(|it| format!("wait: {} on {:?}\n", it.reason.code, it.on));
    expected.assert_eq(&changes.chain(steps).chain(waits).collect::<String>());
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
    let mut reading = made(&queue(), Some("live"));
    reading.live.mapping = None;
    check(
        &spec(&queue(), Some("live")),
        &reading,
        &expect![[r"
        /eventSources: absent → present (pending, create)
        create: create event source of function job: arn:aws:sqs:eu-west-1:111122223333:orders, batch 5, for the alias live
    "]],
    );
    check(
        &spec(&queue(), Some("next")),
        &reading,
        &expect![[r#"
        /eventSources: absent → present (pending, create)
        wait: AliasMissing on Some(Release(Name("job")))
    "#]],
    );
    reading.live.host.as_mut().unwrap().tags = Known::Yes(Tags::new());
    check(
        &spec(&queue(), None),
        &reading,
        &expect![[r"
        /eventSources: absent → present (pending, create)
        wait: FunctionNotOurs on None
    "]],
    );
    reading.live.host = None;
    check(
        &spec(&queue(), None),
        &reading,
        &expect![[r"
        /eventSources: absent → present (pending, create)
        wait: FunctionMissing on None
    "]],
    );
}

#[test]
fn the_record_tells_who_moved() {
    let mut edited = queue();
    edited["batchSize"] = json!(7);
    check(
        &spec(&edited, None),
        &made(&queue(), None),
        &expect![[r"
        /eventSources/batchSize: 5 → 7 (pending, update)
        update: update event source of function job: arn:aws:sqs:eu-west-1:111122223333:orders: batchSize 5 → 7
    "]],
    );
    let mut reading = made(&queue(), None);
    mapping(&mut reading).config.batch_size = 6;
    check(
        &spec(&queue(), None),
        &reading,
        &expect![[r"
        /eventSources/batchSize: 6 → 5 (drift, update)
        update: update event source of function job: arn:aws:sqs:eu-west-1:111122223333:orders: batchSize 6 → 5
    "]],
    );
    check(
        &spec(&edited, None),
        &reading,
        &expect![[r"
        /eventSources/batchSize: 6 → 7 (both, update)
        update: update event source of function job: arn:aws:sqs:eu-west-1:111122223333:orders: batchSize 6 → 7
    "]],
    );
    mapping(&mut reading).config.batch_size = 7;
    check(
        &spec(&edited, None),
        &reading,
        &expect![[r"
        record: tag event source of function job: arn:aws:sqs:eu-west-1:111122223333:orders: evenkeel.dev/applied v1:-:413ffca020da653c
    "]],
    );
}

#[test]
fn it_moves_to_the_alias_that_the_document_keeps() {
    check(
        &spec(&queue(), Some("live")),
        &made(&queue(), None),
        &expect![[r"
        /eventSources/functionName: job → job:live (pending, update)
        update: update event source of function job: arn:aws:sqs:eu-west-1:111122223333:orders: functionName job → job:live
    "]],
    );
    let mut reading = made(&queue(), Some("live"));
    mapping(&mut reading).alias = Some("other".into());
    check(
        &spec(&queue(), Some("live")),
        &reading,
        &expect![[r"
        /eventSources/functionName: job:other → job:live (drift, update)
        update: update event source of function job: arn:aws:sqs:eu-west-1:111122223333:orders: functionName job:other → job:live
    "]],
    );
}

#[test]
fn what_can_be_chosen_only_once_is_left_and_the_rest_is_mended() {
    let arn = "arn:aws:kinesis:eu-west-1:111122223333:stream/clicks";
    let stream = |from: &str| json!({ "eventSourceArn": arn, "startingPosition": from });
    let mut reading = made(&stream("LATEST"), None);
    check(
        &spec(&stream("TRIM_HORIZON"), None),
        &reading,
        &expect![[r"
        /eventSources/startingPosition: LATEST → TRIM_HORIZON (pending, none)
        wait: Immutable on None
    "]],
    );
    mapping(&mut reading).config.enabled = false;
    check(
        &spec(&stream("TRIM_HORIZON"), None),
        &reading,
        &expect![[r"
        /eventSources/enabled: false → true (drift, update)
        /eventSources/startingPosition: LATEST → TRIM_HORIZON (pending, none)
        update: update event source of function job: arn:aws:kinesis:eu-west-1:111122223333:stream/clicks: enabled false → true
        wait: Immutable on None
    "]],
    );
    // Of old mappings AWS does not show it.
    let mut reading = made(&stream("LATEST"), None);
    mapping(&mut reading).chosen.starting_position = None;
    check(&spec(&stream("LATEST"), None), &reading, &expect![""]);
}

#[test]
fn numbers_that_aws_makes_up_are_no_difference() {
    let pollers =
        json!({ "eventSourceArn": QUEUE, "provisionedPollerConfig": { "minimumPollers": 3 } });
    let mut reading = made(&pollers, None);
    mapping(&mut reading).config.pollers.as_mut().unwrap().maximum = Some(200);
    check(&spec(&pollers, None), &reading, &expect![""]);
    mapping(&mut reading).config.pollers = None;
    check(
        &spec(&pollers, None),
        &reading,
        &expect![[r"
        /eventSources/provisionedPollerConfig: (unset) → present (drift, update)
        /eventSources/provisionedPollerConfig/minimumPollers: (unset) → 3 (drift, update)
        update: update event source of function job: arn:aws:sqs:eu-west-1:111122223333:orders: provisionedPollerConfig (unset) → present, provisionedPollerConfig.minimumPollers (unset) → 3
    "]],
    );
}

#[test]
fn nothing_is_done_while_aws_is_at_work() {
    let mut reading = made(&queue(), None);
    mapping(&mut reading).busy = Some("AWS is applying an update".into());
    mapping(&mut reading).config.batch_size = 9;
    check(
        &spec(&queue(), None),
        &reading,
        &expect![[r"
        wait: EventSourceBusy on None
    "]],
    );
}

#[test]
fn what_nobody_asks_for_any_more_goes_if_it_is_ours() {
    let gone = Spec { desired: None, ..spec(&queue(), None) };
    let mut reading = made(&queue(), None);
    check(
        &gone,
        &reading,
        &expect![[r"
        /eventSources: present → absent (pending, delete)
        delete: delete event source of function job: arn:aws:sqs:eu-west-1:111122223333:orders
    "]],
    );
    // Tags that were copied from another prove nothing.
    let copied = Tags::from([(OWNER.to_owned(), "team".to_owned())]);
    mapping(&mut reading).tags = Known::Yes(copied);
    check(
        &gone,
        &reading,
        &expect![[r"
            /eventSources: events from arn:aws:sqs:eu-west-1:111122223333:orders → absent (drift, extra)
            wait: UnmanagedChange on None
        "]],
    );
    mapping(&mut reading).tags = Known::Yes(Tags::new());
    check(&Spec { guards: false, ..gone.clone() }, &reading, &expect![""]);
    reading.live.mapping = None;
    check(&gone, &reading, &expect![""]);
}

#[test]
fn what_nobody_ever_asked_for_is_told_and_goes_only_by_name() {
    let guard = Spec { desired: None, ..spec(&queue(), None) };
    let exclusive = Spec { exclusive: true, ..guard.clone() };
    let mut reading = made(&queue(), None);
    mapping(&mut reading).tags = Known::Yes(Tags::new());
    check(
        &guard,
        &reading,
        &expect![[r"
        /eventSources: events from arn:aws:sqs:eu-west-1:111122223333:orders → absent (drift, extra)
        wait: UnmanagedChange on None
    "]],
    );
    check(
        &exclusive,
        &reading,
        &expect![[r"
        /eventSources: events from arn:aws:sqs:eu-west-1:111122223333:orders → absent (drift, extra)
        extra: delete event source of function job: arn:aws:sqs:eu-west-1:111122223333:orders
    "]],
    );
    // Another Evenkeel's, or CloudFormation's.
    mapping(&mut reading).tags = Known::Yes(Tags::from([(OWNER.to_owned(), "them".to_owned())]));
    check(
        &exclusive,
        &reading,
        &expect![[r"
        /eventSources: events from arn:aws:sqs:eu-west-1:111122223333:orders → absent (drift, extra)
        wait: UnmanagedChange on None
    "]],
    );
    let stack = ("aws:cloudformation:stack-name".to_owned(), "web".to_owned());
    mapping(&mut reading).tags = Known::Yes(Tags::from([stack]));
    check(
        &exclusive,
        &reading,
        &expect![[r"
        /eventSources: events from arn:aws:sqs:eu-west-1:111122223333:orders → absent (drift, extra)
        wait: UnmanagedChange on None
    "]],
    );
    // Whose it is shows in no list, and of a function that is not ours nothing is told.
    mapping(&mut reading).tags = Known::Yes(Tags::new());
    check(&exclusive, &Reading { exact: false, ..reading.clone() }, &expect![""]);
    reading.live.host.as_mut().unwrap().tags = Known::Yes(Tags::new());
    check(
        &exclusive,
        &reading,
        &expect![[r"
        wait: FunctionNotOurs on None
    "]],
    );
    reading.live.host = None;
    check(
        &exclusive,
        &reading,
        &expect![[r"
        wait: FunctionMissing on None
    "]],
    );
}

#[test]
fn what_is_taken_over_is_tagged_first() {
    let mut reading = made(&queue(), None);
    mapping(&mut reading).tags = Known::Yes(Tags::new());
    mapping(&mut reading).config.batch_size = 10;
    check(
        &spec(&queue(), None),
        &reading,
        &expect![[r"
        /eventSources/batchSize: 10 → 5 (pending, update)
        /tags/evenkeel.dev~1deletion: (absent) → retain (pending, tags)
        /tags/evenkeel.dev~1object: (absent) → EventSource/job/arn:aws:sqs:eu-west-1:111122223333:orders (pending, tags)
        /tags/evenkeel.dev~1owner: (absent) → team (pending, tags)
        tags: tag event source of function job: arn:aws:sqs:eu-west-1:111122223333:orders: evenkeel.dev/deletion retain, evenkeel.dev/object EventSource/job/arn:aws:sqs:eu-west-1:111122223333:orders, evenkeel.dev/owner team
        update: update event source of function job: arn:aws:sqs:eu-west-1:111122223333:orders: batchSize 10 → 5
    "]],
    );
}
