//! What the daemon says: its status, read again and again while a scene goes on, and held against the journal.

use std::{collections::BTreeMap, time::Duration};

use evenkeel_sim::{journal::Entry, server::Sim};
use serde_json::Value;

use crate::process::Daemon;

/// How often the status is read, by the scene's clock.
const EVERY: Duration = Duration::from_secs(10);
/// How long an answer may take, by the clock on the wall. A daemon that has just been killed gives none.
const PATIENCE: Duration = Duration::from_secs(5);
/// How old a read may get if the daemon does not say: the audit period of a small fleet.
const PERIOD: f64 = 90.0;
/// The longest period that a daemon may have for so few functions, while faults make it read less.
const PERIOD_MAX: f64 = 900.0;
/// What is added to a period: ten seconds in which a read has to come, and what a busy machine makes of a hurried clock.
const SLACK: f64 = 10.0 + 30.0;

/// The calls that are an exact read of a part. A read that finds nothing is one too.
const READS: [(&str, &[&str]); 10] = [
    ("Function", &["GetFunction"]),
    ("Release", &["ListAliases", "GetAlias"]),
    ("Url", &["GetFunctionUrlConfig"]),
    ("Permissions", &["GetPolicy"]),
    ("AsyncInvoke", &["GetFunctionEventInvokeConfig"]),
    ("Concurrency", &["GetFunction"]),
    ("Recursion", &["GetFunctionRecursionConfig"]),
    (
        "ProvisionedConcurrency",
        &["ListProvisionedConcurrencyConfigs", "GetProvisionedConcurrencyConfig"],
    ),
    // A list proves that one is there.
    ("EventSource", &["ListTags", "ListEventSourceMappings", "GetEventSourceMapping"]),
    ("LogGroup", &["DescribeLogGroups"]),
];

/// The calls by which another hand changes a part.
const CHANGES: [(&str, &[&str]); 10] = [
    ("Function", &["UpdateFunctionConfiguration", "DeleteFunction"]),
    ("Release", &["DeleteAlias"]),
    ("Url", &["UpdateFunctionUrlConfig", "DeleteFunctionUrlConfig"]),
    ("Permissions", &["RemovePermission"]),
    ("AsyncInvoke", &["PutFunctionEventInvokeConfig", "DeleteFunctionEventInvokeConfig"]),
    ("Concurrency", &["PutFunctionConcurrency", "DeleteFunctionConcurrency"]),
    ("Recursion", &["PutFunctionRecursionConfig"]),
    ("ProvisionedConcurrency", &["PutProvisionedConcurrencyConfig"]),
    ("EventSource", &["DeleteEventSourceMapping"]),
    ("LogGroup", &["PutRetentionPolicy"]),
];

/// The engines' kinds of the facets that manifests describe.
const FACETS: [(&str, &str); 9] = [
    ("release", "Release"),
    ("url", "Url"),
    ("permissions", "Permissions"),
    ("asyncInvoke", "AsyncInvoke"),
    ("concurrency", "Concurrency"),
    ("concurrency.provisioned", "ProvisionedConcurrency"),
    ("recursiveLoop", "Recursion"),
    ("eventSources", "EventSource"),
    ("logGroup", "LogGroup"),
];

/// One row that said `synced`.
#[derive(Debug)]
struct SyncedRow {
    /// When it was asked for, in seconds of the scene.
    at: f64,
    /// When the answer was there.
    answered: f64,
    /// The access key of the process that said so.
    caller: String,
    /// The part: its function's name, and its kind.
    part: (String, String),
    /// How old its last read may be, in seconds.
    period: f64,
}

/// What the daemon said in a scene.
#[derive(Debug, Default)]
pub(crate) struct Statuses {
    said: Vec<SyncedRow>,
    /// When it is time to read the status again.
    next: Duration,
}

impl Statuses {
    /// Reads the status, if it is time to.
    pub(crate) async fn ask(&mut self, sim: &Sim, daemon: &mut Daemon) {
        let now = sim.shared.now();
        if now < self.next {
            return;
        }
        self.next = now + EVERY;
        let Some(address) = daemon.address() else { return };
        let url = format!("http://{address}/api/v1/objects");
        let body = tokio::task::spawn_blocking(move || get(&url)).await;
        // On a hurried clock an answer is on its way for seconds, and may rest on reads of that time.
        let answered = sim.shared.now().as_secs_f64();
        let Some(body) = body.ok().flatten() else { return };
        let objects = body["objects"].as_array().into_iter().flatten();
        let facets = objects.flat_map(|object| {
            let facets = object["facets"].as_array().into_iter().flatten();
            facets.map(move |facet| (object, facet))
        });
        let synced = facets.filter(|(_, facet)| facet["status"] == "synced");
        self.said.extend(synced.filter_map(|(object, facet)| {
            let name = object["name"].as_str()?.to_owned();
            let member = facet["name"].as_str()?;
            let kind = FACETS.iter().find(|(it, _)| *it == member).map(|(_, kind)| *kind);
            let kind = kind.or(object["kind"].as_str())?.to_owned();
            let period = facet["maxAgeSeconds"].as_f64().unwrap_or(PERIOD);
            let caller = daemon.key().to_owned();
            Some(SyncedRow { at: now.as_secs_f64(), answered, caller, part: (name, kind), period })
        }));
    }

    /// No row says `synced` of a part whose last read began before the last change of that part by another hand, by
    /// more than its period. `observe`: nothing is made, so that nothing need be in sync.
    pub(crate) fn hold(&self, journal: &[Entry], observe: bool) -> Result<(), String> {
        if self.said.is_empty() && !observe {
            return Err("no row ever said synced: nothing was held against the journal".to_owned());
        }
        let ours = |it: &&Entry| !it.caller.starts_with("AKIARUN");
        let done = |it: &&Entry| it.effect && ours(it);
        let changes = moments(journal.iter().filter(done), &CHANGES, |_| String::new());
        // An answer that never came is no read; that there is nothing is an answer.
        let answered = |it: &&Entry| !ours(it) && (it.status == 200 || it.status == 404);
        let reads = moments(journal.iter().filter(answered), &READS, |it| it.caller.clone());
        for row in &self.said {
            row.hold(&changes, &reads)?;
        }
        Ok(())
    }
}

impl SyncedRow {
    fn hold(&self, changes: &Moments, reads: &Moments) -> Result<(), String> {
        let Self { at, answered, caller, part: (name, kind), period } = self;
        if *period > PERIOD_MAX {
            return Err(format!("{kind} {name} may be {period} s old, for a small fleet"));
        }
        let last = |all: &Moments, by: &str, before: f64| {
            let of = |name: &str| all.get(&(by.to_owned(), kind.clone(), name.to_owned()));
            // What is about nothing in particular is a list of all.
            let both = [of(name), of("")];
            let times = both.into_iter().flatten().flatten().copied();
            times.filter(|it| *it <= before).reduce(f64::max)
        };
        let Some(change) = last(changes, "", at - period - SLACK) else { return Ok(()) };
        match last(reads, caller, *answered) {
            Some(read) if read >= change => Ok(()),
            read => Err(format!(
                "at {at:.1} {caller} called {kind} {name} synced; it was changed at {change:.1}, and read last at {read:?}; a read may be {period} s old"
            )),
        }
    }
}

/// When something happened: by caller, kind and name.
type Moments = BTreeMap<(String, String, String), Vec<f64>>;

fn moments<'a>(
    entries: impl Iterator<Item = &'a Entry>,
    kinds: &[(&str, &[&str])],
    by: impl Fn(&Entry) -> String,
) -> Moments {
    let mut all = Moments::new();
    for entry in entries {
        let name = entry.resource.trim_start_matches("/aws/lambda/");
        for (kind, _) in kinds.iter().filter(|it| it.1.contains(&entry.operation.as_str())) {
            let key = (by(entry), (*kind).to_owned(), name.to_owned());
            all.entry(key).or_default().push(entry.began);
        }
    }
    all
}

fn get(url: &str) -> Option<Value> {
    let config = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).build();
    let mut answer = ureq::Agent::new_with_config(config).get(url).call().ok()?;
    serde_json::from_reader(answer.body_mut().as_reader()).ok()
}
