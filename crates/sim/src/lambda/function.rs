//! A function as Lambda keeps it: $LATEST, versions, and everything that hangs on them.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Map, Value, json};

use crate::time::Moment;

/// The state of a version and of its last update, in AWS's words.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct State {
    pub(crate) name: &'static str,
    pub(crate) reason: Option<(String, String)>,
    /// Absent until the first update after a creation is known.
    pub(crate) update: Option<&'static str>,
    pub(crate) update_reason: Option<(String, String)>,
}

impl State {
    /// Made, and not usable yet.
    pub(crate) fn pending() -> Self {
        let reason = ("Creating".to_owned(), "The function is being created.".to_owned());
        Self { name: "Pending", reason: Some(reason), update: None, update_reason: None }
    }

    /// All is well.
    pub(crate) fn active() -> Self {
        Self { name: "Active", reason: None, update: Some("Successful"), update_reason: None }
    }

    /// Its instances are being stopped.
    pub(crate) fn deactivating() -> Self {
        Self { name: "Deactivating", ..Self::active() }
    }

    /// It stands, runs on no instances, and cannot be invoked.
    pub(crate) fn deactivated() -> Self {
        Self { name: "Deactivated", ..Self::active() }
    }

    /// An update runs. AWS gives it the reason code `Creating`, which its own model does not list.
    pub(crate) fn updating(&self) -> Self {
        let reason = ("Creating".to_owned(), "The function is being created.".to_owned());
        Self { update: Some("InProgress"), update_reason: Some(reason), ..self.clone() }
    }

    /// How an update or a creation that fails ends.
    pub(crate) fn failed(&self, code: &str) -> Self {
        let reason =
            Some((code.to_owned(), format!("The function could not be prepared ({code}).")));
        if self.name == "Pending" {
            return Self { name: "Failed", reason, update: Some("Failed"), update_reason: None };
        }
        Self { update: Some("Failed"), update_reason: reason, ..self.clone() }
    }

    /// Into an answer.
    pub(crate) fn show(&self, config: &mut Map<String, Value>) {
        config.insert("State".into(), self.name.into());
        if let Some((code, text)) = &self.reason {
            config.insert("StateReasonCode".into(), code.as_str().into());
            config.insert("StateReason".into(), text.as_str().into());
        }
        if let Some(update) = self.update {
            config.insert("LastUpdateStatus".into(), update.into());
        }
        if let Some((code, text)) = &self.update_reason {
            config.insert("LastUpdateStatusReasonCode".into(), code.as_str().into());
            config.insert("LastUpdateStatusReason".into(), text.as_str().into());
        }
    }
}

/// What will become of what was accepted.
#[derive(Debug, Clone)]
pub(crate) struct Coming {
    pub(crate) at: Moment,
    /// The reason code, if it fails.
    pub(crate) fails: Option<String>,
    /// What runs on if an update fails.
    pub(crate) old: Option<(Map<String, Value>, Code)>,
}

/// Where the code is.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Code {
    pub(crate) image_uri: String,
    pub(crate) resolved: String,
}

/// $LATEST or a published version.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    /// The configuration as AWS shows it, without states, revision and date.
    pub(crate) config: Map<String, Value>,
    pub(crate) code: Code,
    pub(crate) revision: String,
    pub(crate) modified: String,
    pub(crate) state: State,
    pub(crate) coming: Option<Coming>,
    /// Of a published version: what $LATEST was described as when it was published.
    pub(crate) described: Value,
}

impl Version {
    /// Whether Lambda refuses to change it now, and in which words.
    pub(crate) fn busy(&self, arn: &str) -> Option<String> {
        let start = "The operation cannot be performed at this time.";
        if self.state.name == "Pending" {
            return Some(format!(
                "{start} The function is currently in the following state: Pending"
            ));
        }
        let running = self.state.update == Some("InProgress");
        running.then(|| format!("{start} An update is in progress for resource: {arn}"))
    }

    /// The configuration as GetFunction shows it.
    pub(crate) fn shown(&self) -> Map<String, Value> {
        let mut config = self.config.clone();
        config.insert("LastModified".into(), self.modified.as_str().into());
        config.insert("RevisionId".into(), self.revision.as_str().into());
        self.state.show(&mut config);
        config
    }
}

/// An alias.
#[derive(Debug, Clone)]
pub(crate) struct Alias {
    pub(crate) version: String,
    pub(crate) description: String,
    pub(crate) weights: BTreeMap<String, f64>,
    pub(crate) revision: String,
    /// The version from which AWS moves provisioned concurrency, and until when.
    pub(crate) leaving: Option<(String, Moment)>,
}

/// A function and all its blocks.
#[derive(Debug, Clone)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) latest: Version,
    pub(crate) versions: BTreeMap<u64, Version>,
    /// The number of the next version; AWS never uses one twice.
    pub(crate) next: u64,
    pub(crate) tags: BTreeMap<String, String>,
    /// Whether it ever had a tag: the tagging API shows only those that had.
    pub(crate) tagged: bool,
    pub(crate) aliases: BTreeMap<String, Alias>,
    pub(crate) reserved: Option<i64>,
    /// By qualifier: what was asked for, and since when it is there.
    pub(crate) provisioned: BTreeMap<String, (i64, Moment, String)>,
    pub(crate) urls: BTreeMap<String, Value>,
    /// By qualifier: statements; and the policy's revision.
    pub(crate) policies: BTreeMap<String, (Vec<Value>, String)>,
    /// By qualifier: the event-invoke config.
    pub(crate) events: BTreeMap<String, Value>,
    pub(crate) recursion: String,
    pub(crate) scaling: BTreeMap<String, Value>,
}

impl Function {
    /// The version that a qualifier leads to.
    pub(crate) fn version(&self, qualifier: Option<&str>) -> Option<&Version> {
        match qualifier {
            None | Some("$LATEST") => Some(&self.latest),
            Some(text) => {
                let number = self.aliases.get(text).map_or(text, |it| it.version.as_str());
                match number {
                    "$LATEST" => Some(&self.latest),
                    number => self.versions.get(&number.parse().ok()?),
                }
            }
        }
    }

    /// What hangs on an alias, or on the function itself (empty).
    pub(crate) fn hanging(&self, alias: &str) -> Value {
        let sids = self.policies.get(alias).into_iter().flat_map(|(all, _)| all);
        let sids: Vec<&Value> = sids.map(|it| &it["Sid"]).collect();
        let events = if alias.is_empty() { "$LATEST" } else { alias };
        json!({
            "url": self.urls.get(alias).map(|it| &it["AuthType"]),
            "statements": sids,
            "retries": self.events.get(events).map(|it| &it["MaximumRetryAttempts"]),
        })
    }

    /// Where aliases lead, and in which state those versions are.
    pub(crate) fn leads(&self) -> BTreeMap<String, BTreeMap<String, &'static str>> {
        let state = |number: &String| self.version(Some(number)).map_or("gone", |it| it.state.name);
        let all = self.aliases.iter().map(|(name, alias)| {
            let numbers = alias.weights.keys().chain([&alias.version]);
            (name.clone(), numbers.map(|it| (it.clone(), state(it))).collect())
        });
        all.collect()
    }

    /// What is written down in the descriptions of aliases.
    pub(crate) fn notes(&self) -> BTreeMap<&str, &str> {
        self.aliases.iter().map(|(name, it)| (name.as_str(), it.description.as_str())).collect()
    }

    /// What GetFunction shows of $LATEST, as it is now.
    pub(crate) fn picture(&self) -> Shown {
        Shown {
            config: self.latest.shown(),
            code: code(&self.latest.code),
            tags: self.tags.clone(),
            tagged: self.tagged,
            reserved: self.reserved,
        }
    }

    /// Whether an alias or its weights lead to a version.
    pub(crate) fn pointed_at(&self, version: &str) -> bool {
        let leads = |it: &Alias| it.version == version || it.weights.contains_key(version);
        self.aliases.values().any(leads)
    }

    /// When the next thing that was accepted comes to its end.
    pub(crate) fn next_change(&self) -> Option<Moment> {
        let all = self.versions.values().chain([&self.latest]);
        all.filter_map(|it| it.coming.as_ref()).map(|it| it.at).min()
    }
}

/// Where the code is, as GetFunction shows it.
pub(crate) fn code(code: &Code) -> Value {
    json!({
        "RepositoryType": "ECR",
        "ImageUri": code.image_uri,
        "ResolvedImageUri": code.resolved,
    })
}

/// $LATEST of a function at some moment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shown {
    pub(crate) config: Map<String, Value>,
    pub(crate) code: Value,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) tagged: bool,
    pub(crate) reserved: Option<i64>,
}

impl Shown {
    /// For the journal.
    pub(crate) fn journal(&self) -> Value {
        json!({
            "configuration": self.config,
            "code": self.code,
            "tags": self.tags,
            "reserved": self.reserved,
        })
    }
}

/// How long what AWS accepts takes.
#[derive(Debug, Clone, Copy)]
pub struct Lags {
    /// From Pending to Active.
    pub create: Duration,
    /// From InProgress to Successful.
    pub update: Duration,
    /// How long a new role cannot be assumed.
    pub role: Duration,
    /// How long provisioned concurrency and event source mappings take.
    pub slow: Duration,
    /// How old the tags are that the tagging API shows; at most ten minutes.
    pub tags: Duration,
}

impl Default for Lags {
    fn default() -> Self {
        Self {
            create: Duration::from_secs(5),
            update: Duration::from_secs(2),
            role: Duration::from_secs(8),
            slow: Duration::from_secs(10),
            tags: Duration::ZERO,
        }
    }
}
