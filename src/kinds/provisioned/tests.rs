//! Which calls lead from where to where.

use super::*;
use crate::{
    engine::{name::Name, place::Place},
    kinds::part::UrlGrants,
};

fn at() -> At {
    At { function: Name::new("f"), qualifier: Some("live".into()) }
}

fn number(number: i32) -> Config {
    config(&ProvisionedDoc::Number(number))
}

fn range(min: i32, max: i32) -> Config {
    config(&ProvisionedDoc::Range(RangeDoc { min, max, target_utilization: 0.7 }))
}

fn config(doc: &ProvisionedDoc) -> Config {
    let function = Name::new("f");
    let place = Place {
        target: Name::new("default"),
        account_id: "1".into(),
        region: "eu-west-1".into(),
        registry: None,
    };
    let site = Site {
        function: &function,
        owner: "team",
        place: &place,
        alias: Some("live"),
        log_group: "g",
        instances: crate::kinds::part::Instances::Lambda,
        ignored: &[],
        url_grants: UrlGrants::default(),
        adopts: false,
        deletion: crate::engine::policy::Deletion::Retain,
        watches: false,
        exclusive: false,
    };
    Provisioned::config(doc, &site)
}

/// A range as it is seen: the number is one like any other.
fn reading(min: i32, max: i32, now: i32) -> Config {
    Config { number: Some(Number::Fixed(now)), ..range(min, max) }
}

/// Does the first call, reads again, and so on; every call as it is shown.
fn path(mut live: Option<Config>, wanted: Option<&Config>) -> Vec<String> {
    let mut shown = Vec::new();
    loop {
        let found = live.as_ref().and_then(|it| Provisioned::concern(it, wanted));
        let calls = match (wanted, &found) {
            (Some(wanted), found) => Provisioned::put(&at(), wanted, found.as_ref()),
            (None, Some(found)) => Provisioned::remove(&at(), found),
            (None, None) => Vec::new(),
        };
        let Some(call) = calls.first() else {
            let as_asked = match (&found, wanted) {
                (Some(found), Some(wanted)) => Provisioned::is_as_asked(found, wanted),
                (found, wanted) => found.is_none() && wanted.is_none(),
            };
            assert!(as_asked, "{found:?}");
            return shown;
        };
        shown.push(call.to_string());
        assert!(shown.len() < 9, "{shown:?}");
        live = Some(after(call, live)).filter(|it| it.number.is_some() || it.range.is_some());
    }
}

/// What AWS makes of a call.
fn after(call: &Call, live: Option<Config>) -> Config {
    let live = live.unwrap_or(Config::none());
    match *call {
        Call::Put(_, number) => Config { number: Some(Number::Fixed(number)), ..live },
        Call::Delete(_) => Config { number: None, ..live },
        Call::Register(_, range) => Config { range: Some(range), ..live },
        Call::Deregister(_) => Config { range: None, utilization: None, ..live },
        Call::Aim(_, it) => Config { utilization: Some(it), ..live },
        Call::Unaim(_) => Config { utilization: None, ..live },
    }
}

#[test]
fn a_number_is_put_and_taken_away() {
    let put = "provision concurrency 5 for function f:live";
    assert_eq!(path(None, Some(&number(5))), [put]);
    assert_eq!(path(Some(number(3)), Some(&number(5))), [put]);
    assert_eq!(path(Some(number(5)), Some(&number(5))), Vec::<String>::new());
    assert_eq!(path(Some(number(5)), None), ["provision no concurrency for function f:live"]);
}

#[test]
fn whoever_scales_comes_last_and_goes_first() {
    let scale = "let concurrency of function f:live scale from 2 to 9";
    let aim = "scale function f:live to a utilization of 0.7";
    let begin = "provision concurrency 2 for function f:live";
    assert_eq!(path(None, Some(&range(2, 9))), [begin, scale, aim]);
    // There is something to measure already.
    assert_eq!(path(Some(number(5)), Some(&range(2, 9))), [scale, aim]);
    assert_eq!(path(Some(reading(2, 9, 7)), Some(&range(2, 9))), Vec::<String>::new());
    assert_eq!(path(Some(reading(1, 9, 7)), Some(&range(2, 9))), [scale]);
    let (unaim, stop) = (
        "scale function f:live to no utilization",
        "let concurrency of function f:live scale no more",
    );
    let put = "provision concurrency 5 for function f:live";
    assert_eq!(path(Some(reading(2, 9, 7)), Some(&number(5))), [unaim, stop, put]);
    assert_eq!(path(Some(reading(2, 9, 5)), Some(&number(5))), [unaim, stop]);
    let delete = "provision no concurrency for function f:live";
    assert_eq!(path(Some(reading(2, 9, 7)), None), [unaim, stop, delete]);
    // Another party has half undone it.
    let half = Config { number: None, utilization: None, ..range(2, 9) };
    assert_eq!(path(Some(half.clone()), Some(&range(2, 9))), [begin, aim]);
    assert_eq!(path(Some(half), None), [stop]);
}

/// What the tag remembers tells an edit from another party's hand, whatever number is there just now.
#[test]
fn the_number_of_a_range_is_not_remembered() {
    let remembered = |live: &Config, wanted: &Config| {
        Provisioned::concern(live, Some(wanted)).map(|it| Provisioned::remembered(&it))
    };
    let of = |wanted: &Config| Some(Provisioned::remembered(wanted));
    assert_eq!(remembered(&reading(2, 9, 7), &range(2, 9)), of(&range(2, 9)));
    assert_eq!(remembered(&reading(2, 9, 7), &number(5)), of(&range(2, 9)));
    assert_eq!(remembered(&number(5), &range(5, 9)), of(&number(5)));
    assert_ne!(remembered(&reading(2, 8, 7), &range(2, 9)), of(&range(2, 9)));
    let gone = Config { number: None, ..range(2, 9) };
    assert_ne!(remembered(&gone, &range(2, 9)), of(&range(2, 9)));
}

#[test]
fn what_aws_says_of_it_is_told() {
    let with = |status| Config { status, ..number(5) };
    let state = |status, wanted: &Config| Provisioned::state(&with(status), wanted);
    assert_eq!(state(ProvisioningStatus::Ready, &number(5)), FacetState::Settled);
    assert!(matches!(state(ProvisioningStatus::InProgress, &number(5)), FacetState::Working(_)));
    assert_eq!(state(ProvisioningStatus::InProgress, &range(1, 5)), FacetState::Settled);
    let failed = state(ProvisioningStatus::Failed("no room".into()), &range(1, 5));
    assert!(matches!(failed, FacetState::Failed(it) if it.message.ends_with(": no room")));
}

#[test]
fn a_function_must_have_an_alias_and_enough_reserved() {
    let check = |doc: &ProvisionedDoc, alias, reserved| -> Vec<String> {
        check_host(doc, alias, reserved).into_iter().map(|it| it.message).collect()
    };
    let doc = ProvisionedDoc::Range(RangeDoc { min: 2, max: 9, target_utilization: 0.7 });
    assert_eq!(check(&doc, Some("live"), None), Vec::<String>::new());
    assert_eq!(check(&doc, Some("live"), Some(9)), Vec::<String>::new());
    assert_eq!(
        check(&doc, None, Some(8)),
        [
            "instances are kept ready behind an alias, and the function has none",
            "9 instances may be kept ready, and 8 are reserved"
        ]
    );
    let doc = ProvisionedDoc::Range(RangeDoc { min: 3, max: 2, target_utilization: 0.7 });
    let wrong = Provisioned::check(&doc);
    assert_eq!(wrong.first().map(|it| it.message.as_str()), Some("`min` is 3, and `max` only 2"));
}

/// What is chosen now is asked for by nobody, and a reading with another number is another reading all the same.
#[test]
fn another_number_in_a_range_is_as_asked_and_not_the_same() {
    let scaled = |now| {
        let live = reading(2, 9, now);
        Provisioned::concern(&live, Some(&range(2, 9))).unwrap()
    };
    assert!(Provisioned::is_as_asked(&scaled(7), &range(2, 9)));
    assert!(scaled(7) != scaled(5));
}

/// AWS takes 0 for the least number of a range, and not for the number itself.
#[test]
fn a_range_from_nothing_asks_for_no_number() {
    let wanted = range(0, 5);
    let calls = [
        "let concurrency of function f:live scale from 0 to 5",
        "scale function f:live to a utilization of 0.7",
    ];
    assert_eq!(path(None, Some(&wanted)), calls);
    // Whatever Application Auto Scaling has chosen, and where it has scaled to nothing.
    assert_eq!(path(Some(reading(0, 5, 3)), Some(&wanted)), [""; 0]);
    let asleep = Config { number: None, ..range(0, 5) };
    assert_eq!(path(Some(asleep.clone()), Some(&wanted)), [""; 0]);
    let manifest = Provisioned::to_manifest(&asleep).unwrap();
    assert_eq!(manifest, json!({ "min": 0, "max": 5, "targetUtilization": 0.7 }));
    // From nothing to a number there is nothing to scale with.
    let started = path(Some(asleep), Some(&number(2)));
    assert_eq!(started.last().unwrap(), "provision concurrency 2 for function f:live");
}
