//! Provisioned concurrency: instances that are kept ready behind an alias. Either a number of them, or a range
//! within which Application Auto Scaling chooses: then the number is its own, and only the range and what it aims
//! at are compared.

mod aws;
mod shape;

use std::fmt;

use serde::Deserialize;
use serde_json::{Value, json};

use self::shape::{MAX, MIN, UTILIZATION};
use super::block::{At, BelongsTo, Block, FacetState, Fields};
use crate::{
    engine::diff::{Cause, Reason},
    kinds::{document::Violation, part::Site},
    shape::Field,
};

/// `concurrency.provisioned`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provisioned {}

/// The name of our scaling policy. Policies of other names are left alone.
const POLICY: &str = "evenkeel";
/// How a number is shown that is Application Auto Scaling's.
const SCALED: &str = "scaled";

/// The number, among the fields.
const NUMBER: &str = "";

/// `concurrency.provisioned` as it is written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum ProvisionedDoc {
    /// So many.
    Number(i32),
    /// So many as are needed.
    Range(RangeDoc),
}

/// A range as it is written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "shape.rs documents every field")]
pub struct RangeDoc {
    pub min: i32,
    pub max: i32,
    pub target_utilization: f64,
}

impl ProvisionedDoc {
    /// The most that it may come to.
    fn most(&self) -> i32 {
        match self {
            Self::Number(number) => *number,
            Self::Range(range) => range.max,
        }
    }
}

/// How many are kept ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// So many.
    Fixed(i32),
    /// As many as Application Auto Scaling chooses, this many to begin with, or now.
    Scaled(i32),
}

impl Number {
    /// Whether both ask for the same: what Application Auto Scaling chooses is asked for by no manifest.
    fn asks_same(self, other: Self) -> bool {
        match (self, other) {
            (Self::Fixed(one), Self::Fixed(other)) => one == other,
            (Self::Scaled(_), Self::Scaled(_)) => true,
            (Self::Fixed(_), Self::Scaled(_)) | (Self::Scaled(_), Self::Fixed(_)) => false,
        }
    }
}

/// What AWS makes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProvisioningStatus {
    /// They are ready.
    Ready,
    /// They are being made.
    InProgress,
    /// They cannot be made; the text says why.
    Failed(String),
}

/// Provisioned concurrency.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// None: no instances are kept ready.
    pub number: Option<Number>,
    /// The least and the most that Application Auto Scaling may choose, if it may.
    pub range: Option<(i32, i32)>,
    /// How busy it aims to keep them.
    pub utilization: Option<f64>,
    /// Of what is live.
    pub status: ProvisioningStatus,
    /// Of what is live: the scheduled actions that change the range. They are read only where the range is another
    /// one than is wanted.
    pub schedules: Vec<String>,
}

impl Config {
    /// Nothing is kept ready.
    pub const fn none() -> Self {
        let status = ProvisioningStatus::Ready;
        Self { number: None, range: None, utilization: None, status, schedules: Vec::new() }
    }
}

/// One call.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// PutProvisionedConcurrencyConfig.
    Put(At, i32),
    /// DeleteProvisionedConcurrencyConfig.
    Delete(At),
    /// RegisterScalableTarget, which also changes one.
    Register(At, (i32, i32)),
    /// DeregisterScalableTarget.
    Deregister(At),
    /// PutScalingPolicy.
    Aim(At, f64),
    /// DeleteScalingPolicy.
    Unaim(At),
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put(at, number) => write!(f, "provision concurrency {number} for function {at}"),
            Self::Delete(at) => write!(f, "provision no concurrency for function {at}"),
            Self::Register(at, (min, max)) => {
                write!(f, "let concurrency of function {at} scale from {min} to {max}")
            }
            Self::Deregister(at) => write!(f, "let concurrency of function {at} scale no more"),
            Self::Aim(at, it) => write!(f, "scale function {at} to a utilization of {it}"),
            Self::Unaim(at) => write!(f, "scale function {at} to no utilization"),
        }
    }
}

/// Returns why a function cannot have this: it needs an `alias`, and at least as many `reserved`
/// instances, if any are.
pub fn check_host(
    doc: &ProvisionedDoc,
    alias: Option<&str>,
    reserved: Option<i32>,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    if alias.is_none() {
        let message = "instances are kept ready behind an alias, and the function has none";
        let hint = "a `release` keeps one; without it `reserved` is what can be asked for";
        violations.push(Violation::new(&[], message, hint));
    }
    if let Some(reserved) = reserved.filter(|it| *it < doc.most()) {
        let most = doc.most();
        let message = format!("{most} instances may be kept ready, and {reserved} are reserved");
        violations.push(Violation::new(&[], message, "reserve at least as many"));
    }
    violations
}

impl Block for Provisioned {
    const NAME: &'static str = "ProvisionedConcurrency";
    const FIELD: &'static str = "concurrency/provisioned";
    const CAUSE: Cause = Cause::ProvisionedConcurrency;
    const BELONGS_TO: BelongsTo = BelongsTo::Alias;
    const SHAPE: Field = shape::PROVISIONED;
    type Doc = ProvisionedDoc;
    type Config = Config;
    type Call = Call;

    fn check(doc: &ProvisionedDoc) -> Vec<Violation> {
        match doc {
            ProvisionedDoc::Range(it) if it.min > it.max => {
                let message = format!("`min` is {}, and `max` only {}", it.min, it.max);
                vec![Violation::new(&[MIN], message, "`min` is at most `max`")]
            }
            ProvisionedDoc::Range(_) | ProvisionedDoc::Number(_) => Vec::new(),
        }
    }

    /// Reads a range as one that starts with its least number.
    fn config(doc: &ProvisionedDoc, _: &Site<'_>) -> Config {
        match doc {
            ProvisionedDoc::Number(number) => {
                Config { number: Some(Number::Fixed(*number)), ..Config::none() }
            }
            ProvisionedDoc::Range(RangeDoc { min, max, target_utilization }) => Config {
                number: Some(Number::Scaled(*min)),
                range: Some((*min, *max)),
                utilization: Some(*target_utilization),
                ..Config::none()
            },
        }
    }

    /// Writes a number that Application Auto Scaling chooses as `scaled`, so that its choices
    /// differ from no manifest. The texts are hashed into the function's tag.
    fn fields(config: &Config) -> Fields {
        let Config { number, range, utilization, status: _, schedules: _ } = config;
        let number = number.map(|it| match it {
            Number::Fixed(number) => number.to_string(),
            Number::Scaled(_) => SCALED.to_owned(),
        });
        let fields = [
            (NUMBER, number),
            (MIN, range.map(|(min, _)| min.to_string())),
            (MAX, range.map(|(_, max)| max.to_string())),
            (UTILIZATION, utilization.map(|it| it.to_string())),
        ];
        fields.into_iter().filter_map(|(path, value)| Some((path.to_owned(), value?))).collect()
    }

    /// Remembers of the number only that there is one where another party scales it.
    fn remembered(config: &Config) -> Fields {
        let mut fields = Self::fields(config);
        if let Some(Number::Fixed(number) | Number::Scaled(number)) = config.number {
            let scaled = config.range.map(|_| SCALED.to_owned());
            fields.insert(NUMBER.to_owned(), scaled.unwrap_or_else(|| number.to_string()));
        }
        fields
    }

    fn to_manifest(config: &Config) -> Option<Value> {
        match (config.range, config.utilization, config.number) {
            // Where nobody calls, a range from 0 has no number.
            (Some((min, max)), Some(utilization), _) => {
                Some(json!({ MIN: min, MAX: max, UTILIZATION: utilization }))
            }
            (_, _, number) => number.map(|(Number::Fixed(it) | Number::Scaled(it))| json!(it)),
        }
    }

    /// Takes the number for Application Auto Scaling's if a range is wanted: then any number is
    /// right, and of a range from 0 none too. Where scheduled actions change the range, any range is.
    fn concern(live: &Config, wanted: Option<&Config>) -> Option<Config> {
        let scaled = wanted.is_some_and(|it| matches!(it.number, Some(Number::Scaled(_))));
        let number = live.number.map(|it| match it {
            Number::Fixed(number) if scaled => Number::Scaled(number),
            it => it,
        });
        let to_nothing = scaled && wanted.and_then(|it| it.range).is_some_and(|(min, _)| min == 0);
        let number = number.or(to_nothing.then_some(Number::Scaled(0)));
        let scheduled = wanted.and_then(|it| it.range).filter(|_| is_scheduled(live));
        let range = scheduled.or(live.range);
        Some(Config { number, range, status: ProvisioningStatus::Ready, ..live.clone() })
    }

    fn notice(live: &Config, wanted: &Config) -> Option<Reason> {
        let ((min, max), (least, most)) = (live.range?, wanted.range?);
        let message = format!(
            "its range is {min} to {max} now, and the manifest's, {least} to {most}, is written only where nothing \
             scales yet: scheduled actions change it ({})",
            live.schedules.join(", ")
        );
        is_scheduled(live).then(|| Reason::new("ScheduledScaling", message))
    }

    /// Its state is no part of what is asked for.
    fn is_as_asked(live: &Config, wanted: &Config) -> bool {
        asks_same(live.number, wanted.number)
            && live.range == wanted.range
            && live.utilization == wanted.utilization
    }

    /// Orders the calls: whoever scales goes before the number becomes ours, and comes after there
    /// is a number to measure. A range from 0 needs none: AWS takes no 0 for the number.
    fn put(at: &At, wanted: &Config, live: Option<&Config>) -> Vec<Call> {
        let none = Config::none();
        let live = live.unwrap_or(&none);
        let at = || at.clone();
        let unaim = live.utilization.filter(|_| wanted.utilization.is_none());
        let deregister = live.range.filter(|_| wanted.range.is_none());
        let put = wanted.number.filter(|_| !asks_same(wanted.number, live.number));
        let put = put.map(|(Number::Fixed(it) | Number::Scaled(it))| it);
        let register = wanted.range.filter(|_| wanted.range != live.range);
        let aim = wanted.utilization.filter(|_| wanted.utilization != live.utilization);
        let calls = [
            unaim.map(|_| Call::Unaim(at())),
            deregister.map(|_| Call::Deregister(at())),
            put.filter(|it| *it > 0).map(|it| Call::Put(at(), it)),
            register.map(|it| Call::Register(at(), it)),
            aim.map(|it| Call::Aim(at(), it)),
        ];
        calls.into_iter().flatten().collect()
    }

    fn remove(at: &At, live: &Config) -> Vec<Call> {
        let at = || at.clone();
        let calls = [
            live.utilization.map(|_| Call::Unaim(at())),
            live.range.map(|_| Call::Deregister(at())),
            live.number.map(|_| Call::Delete(at())),
        ];
        calls.into_iter().flatten().collect()
    }

    fn touches(call: &Call) -> Vec<String> {
        let paths: &[&str] = match call {
            Call::Put(..) | Call::Delete(_) => &[NUMBER],
            Call::Register(..) => &[MIN, MAX],
            // The policies of a target go with it.
            Call::Deregister(_) => &[MIN, MAX, UTILIZATION],
            Call::Aim(..) | Call::Unaim(_) => &[UTILIZATION],
        };
        paths.iter().map(|it| (*it).to_owned()).collect()
    }

    /// Waits for instances that are being made only where the number is ours: whoever scales makes
    /// them all day.
    fn state(live: &Config, wanted: &Config) -> FacetState {
        match (&live.status, wanted.number) {
            (ProvisioningStatus::Failed(why), _) => {
                let message = format!("AWS cannot keep the instances ready: {why}");
                FacetState::Failed(Reason::new("ProvisioningFailed", message))
            }
            (ProvisioningStatus::InProgress, Some(Number::Fixed(_))) => FacetState::Working(
                Reason::new("Provisioning", "AWS is making the instances ready"),
            ),
            (ProvisioningStatus::InProgress | ProvisioningStatus::Ready, _) => FacetState::Settled,
        }
    }
}

/// Whether another party's scheduled actions say what the range is.
fn is_scheduled(live: &Config) -> bool {
    live.range.is_some() && !live.schedules.is_empty()
}

/// The same of what may be absent.
fn asks_same(one: Option<Number>, other: Option<Number>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.asks_same(other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

#[cfg(test)]
mod tests;
