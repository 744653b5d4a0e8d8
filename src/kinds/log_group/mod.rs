//! The log group that a function writes to: how long its logs are kept, and under which key. Lambda makes the
//! group when the function first runs, so that one which is as Lambda makes it is nobody's. Logs are data: a
//! group is never deleted, and one that leaves the manifest is only forgotten.

mod aws;

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use super::block::{At, BelongsTo, Block, Fields};
use crate::{
    engine::{
        bulk_rows::{BulkRows, BulkSubject},
        count::count,
        diff::{Cause, Reason},
    },
    kinds::{document::Violation, export, part::Site},
    shape::{Field, ModelDifference, Provenance, Shape, Text},
};

/// `logGroup`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogGroup {}

/// How long logs may be kept, in days (CloudWatch Logs API reference, PutRetentionPolicy).
const DAYS: [i32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

/// `logGroup` as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "MEMBERS documents every field")]
pub struct LogGroupDoc {
    pub retention_in_days: Option<i32>,
    pub kms_key_id: Option<String>,
}

/// A log group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Its name: the function's own, or the one that its `loggingConfig` names.
    pub group: String,
    /// In days; none: for ever.
    pub retention: Option<i32>,
    /// Of what is live: the retention policy of the account from which that is, and not from the group.
    pub account_policy: Option<String>,
    /// The ARN of a key; none: one of AWS's.
    pub key: Option<String>,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// CreateLogGroup, with the key if there is one.
    Create(String, Option<String>),
    /// PutRetentionPolicy.
    Keep(String, i32),
    /// DeleteRetentionPolicy.
    KeepForever(String),
    /// AssociateKmsKey.
    Lock(String, String),
    /// DisassociateKmsKey.
    Unlock(String),
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create(group, Some(key)) => write!(f, "create log group {group} with key {key}"),
            Self::Create(group, None) => write!(f, "create log group {group}"),
            Self::Keep(group, days) => {
                write!(f, "keep log group {group} for {}", count(*days, "day"))
            }
            Self::KeepForever(group) => write!(f, "keep log group {group} for ever"),
            Self::Lock(group, key) => write!(f, "encrypt log group {group} with key {key}"),
            Self::Unlock(group) => write!(f, "encrypt log group {group} with a key of AWS's"),
        }
    }
}

/// The group itself, among its fields.
const GROUP: &str = "";
const RETENTION: &str = "retentionInDays";
const KEY: &str = "kmsKeyId";

const KMS_KEY: Text = Text::new(
    (1, 256),
    r"^arn:aws[a-zA-Z-]*:kms:[^:]+:[^:]+:key/.+$",
    "the ARN of a KMS key, not that of an alias",
)
.unlike(&[ModelDifference::pattern(
    "none",
    Provenance::Words {
        member: "logs:AssociateKmsKey.kmsKeyId",
        phrase: "The Amazon Resource Name (ARN) of the KMS key to use",
    },
)]);

const MEMBERS: &[Field] = &[
    Field::optional(
        RETENTION,
        Shape::Int(1, 3653),
        "for ever",
        "How long logs are kept: one of the numbers of days that CloudWatch Logs takes (1, 3, 5, 7, 14, 30, \
         60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653).",
    ).aws("logs:PutRetentionPolicy.retentionInDays").unlike(&[ModelDifference::min("none", Provenance::Words { member: "logs:PutRetentionPolicy.retentionInDays", phrase: "Possible values are: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, and 3653" }), ModelDifference::max("none", Provenance::Words { member: "logs:PutRetentionPolicy.retentionInDays", phrase: "Possible values are: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, and 3653" })]),
    Field::optional(
        KEY,
        Shape::Text(&KMS_KEY),
        "a key of AWS's",
        "The ARN of the key that encrypts new logs. The key's own policy must let CloudWatch Logs use it.",
    ).aws("logs:AssociateKmsKey.kmsKeyId"),
];

impl Block for LogGroup {
    const NAME: &'static str = "LogGroup";
    const FIELD: &'static str = "logGroup";
    const CAUSE: Cause = Cause::LogGroup;
    const BELONGS_TO: BelongsTo = BelongsTo::Function;
    /// A group outlives its function, and several functions may share one.
    const STARTS_ABSENT: bool = false;
    const SHAPE: Field = Field::optional(
        "logGroup",
        Shape::Object(MEMBERS),
        "not managed",
        "The log group that the function writes to: its own, or the one that `loggingConfig` names. It is \
         made if it is missing, and never deleted: taken out of the manifest, it is left as it is.",
    ).own();
    type Doc = LogGroupDoc;
    type Config = Config;
    type Call = Call;

    /// CloudWatch Logs takes only some numbers of days; the message names the nearest one.
    fn check(doc: &LogGroupDoc) -> Vec<Violation> {
        let wrong = doc.retention_in_days.filter(|days| !DAYS.contains(days));
        let violation = |days| {
            let message = format!(
                "logs cannot be kept for {}; the nearest that CloudWatch Logs takes is {}",
                count(days, "day"),
                nearest(days)
            );
            let hint = "1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, \
                        2557, 2922, 3288 and 3653 can be had";
            Violation::new(&[RETENTION], message, hint)
        };
        wrong.map(violation).into_iter().collect()
    }

    fn config(doc: &LogGroupDoc, site: &Site<'_>) -> Config {
        let LogGroupDoc { retention_in_days, kms_key_id } = doc;
        Config {
            group: site.log_group.to_owned(),
            retention: *retention_in_days,
            account_policy: None,
            key: kms_key_id.as_deref().map(|it| site.place.fill_in(it)),
        }
    }

    fn fields(config: &Config) -> Fields {
        let Config { group, retention, account_policy: _, key } = config;
        let retention = retention.map(|it| (RETENTION, it.to_string()));
        let key = key.clone().map(|it| (KEY, it));
        let all = [Some((GROUP, group.clone())), retention, key].into_iter().flatten();
        all.map(|(path, value)| (path.to_owned(), value)).collect()
    }

    /// What the account says is asked for by no manifest.
    fn to_manifest(config: &Config) -> Option<Value> {
        let own = config.retention.filter(|_| config.account_policy.is_none());
        Some(export::map([
            (RETENTION, own.map(Into::into)),
            (KEY, config.key.as_deref().map(Into::into)),
        ]))
    }

    fn is_free(live: &Config) -> bool {
        (live.retention.is_none() || live.account_policy.is_some()) && live.key.is_none()
    }

    /// While a policy of the account holds, AWS shows its number, and what is set on the group has no effect: that
    /// is as wanted, whatever it is.
    fn concern(live: &Config, wanted: Option<&Config>) -> Option<Config> {
        let mut live = live.clone();
        if live.account_policy.is_some() {
            live.retention = wanted.and_then(|it| it.retention);
        }
        Some(live)
    }

    fn is_as_asked(live: &Config, wanted: &Config) -> bool {
        Self::fields(live) == Self::fields(wanted)
    }

    fn notice(live: &Config, wanted: &Config) -> Option<Reason> {
        let policy = live.account_policy.as_deref()?;
        let days = |it: Option<i32>| {
            it.map_or_else(|| "for ever".into(), |it| format!("for {}", count(it, "day")))
        };
        let kept = days(live.retention);
        let asked = match wanted.retention {
            Some(it) => format!("`{RETENTION}: {it}` is not written while it holds"),
            None => "nothing is written".into(),
        };
        let message =
            format!("the account's retention policy {policy} keeps these logs {kept}; {asked}");
        Some(Reason::new("AccountRetention", message))
    }

    fn put(_: &At, wanted: &Config, live: Option<&Config>) -> Vec<Call> {
        let Config { group, retention, account_policy: _, key } = wanted;
        // A new group has its key from the start, and keeps logs for ever until it is told
        // otherwise.
        let key_only = key.clone();
        let made =
            Config { group: group.clone(), retention: None, account_policy: None, key: key_only };
        let create = live.is_none().then(|| Call::Create(group.clone(), key.clone()));
        let live = live.unwrap_or(&made);
        let lock = match key {
            _ if *key == live.key => None,
            Some(key) => Some(Call::Lock(group.clone(), key.clone())),
            None => Some(Call::Unlock(group.clone())),
        };
        let keep = match retention {
            _ if *retention == live.retention => None,
            Some(days) => Some(Call::Keep(group.clone(), *days)),
            None => Some(Call::KeepForever(group.clone())),
        };
        [create, lock, keep].into_iter().flatten().collect()
    }

    /// Logs are data: a group is never deleted.
    fn remove(_: &At, _: &Config) -> Vec<Call> {
        Vec::new()
    }

    fn touches(call: &Call) -> Vec<String> {
        let path = match call {
            Call::Create(..) => GROUP,
            Call::Keep(..) | Call::KeepForever(_) => RETENTION,
            Call::Lock(..) | Call::Unlock(_) => KEY,
        };
        vec![path.to_owned()]
    }

    fn bulk_row_differs(wanted: &Config, live: Option<&Config>, rows: &BulkRows) -> bool {
        let held = live.map(Self::fields).unwrap_or_default();
        rows.differ(&BulkSubject::LogGroup(wanted.group.clone()), &held, |_| true)
    }

    /// How long logs are kept does not depend on their key; both need the group.
    fn lane(call: &Call) -> Option<String> {
        match call {
            Call::Create(..) => None,
            Call::Keep(..) | Call::KeepForever(_) => Some(RETENTION.to_owned()),
            Call::Lock(..) | Call::Unlock(_) => Some(KEY.to_owned()),
        }
    }
}

/// The number of days that is nearest to what is asked for; of two, the one that keeps logs for longer.
fn nearest(days: i32) -> i32 {
    let near = |it: &i32| ((it - days).abs(), -it);
    DAYS.into_iter().min_by_key(near).unwrap_or(days)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::name::Name;

    fn config(retention: Option<i32>, key: Option<&str>) -> Config {
        let key = key.map(ToOwned::to_owned);
        Config { group: "g".into(), retention, account_policy: None, key }
    }

    fn steps(wanted: &Config, live: Option<&Config>) -> Vec<String> {
        let at = At { function: Name::new("f"), qualifier: None };
        LogGroup::put(&at, wanted, live).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_field_has_its_call() {
        let (plain, full) = (config(None, None), config(Some(30), Some("k")));
        assert_eq!(steps(&plain, None), ["create log group g"]);
        assert_eq!(
            steps(&full, None),
            ["create log group g with key k", "keep log group g for 30 days"]
        );
        assert_eq!(
            steps(&full, Some(&plain)),
            ["encrypt log group g with key k", "keep log group g for 30 days"]
        );
        assert_eq!(
            steps(&plain, Some(&full)),
            ["encrypt log group g with a key of AWS's", "keep log group g for ever"]
        );
        assert_eq!(steps(&full, Some(&full)), Vec::<String>::new());
    }

    #[test]
    fn only_a_group_as_lambda_makes_it_is_free() {
        assert!(LogGroup::is_free(&config(None, None)));
        assert!(!LogGroup::is_free(&config(Some(1), None)));
        assert!(!LogGroup::is_free(&config(None, Some("k"))));
    }

    /// What the account says is neither another party's setting of the group nor a difference, and goes into no
    /// manifest.
    #[test]
    fn a_number_of_the_accounts_is_nobodys() {
        let live = Config { account_policy: Some("all".into()), ..config(Some(30), None) };
        assert!(LogGroup::is_free(&live));
        assert_eq!(LogGroup::to_manifest(&live), Some(serde_json::json!({})));
        for wanted in [config(None, None), config(Some(7), None)] {
            let concerned = LogGroup::concern(&live, Some(&wanted)).unwrap();
            assert!(LogGroup::is_as_asked(&concerned, &wanted));
            assert_eq!(steps(&wanted, Some(&concerned)), Vec::<String>::new());
        }
        let told = LogGroup::notice(&live, &config(Some(7), None)).unwrap().message;
        assert_eq!(
            told,
            "the account's retention policy all keeps these logs for 30 days; `retentionInDays: 7` is not written \
             while it holds"
        );
    }

    #[test]
    fn the_nearest_retention_is_named() {
        let check = |days| {
            let doc = LogGroupDoc { retention_in_days: Some(days), kms_key_id: None };
            LogGroup::check(&doc).into_iter().map(|it| it.message).collect::<Vec<_>>()
        };
        assert!(DAYS.iter().all(|it| check(*it).is_empty()));
        assert_eq!(
            check(360),
            ["logs cannot be kept for 360 days; the nearest that CloudWatch Logs takes is 365"]
        );
        assert_eq!((nearest(2), nearest(45), nearest(3000)), (3, 60, 2922));
    }
}
