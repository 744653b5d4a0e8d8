//! What a manifest asks for besides the function itself.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// The blocks that a manifest asks for.
#[derive(Default)]
pub(crate) struct Blocks {
    reserved: Option<u32>,
    retries: Option<u32>,
    url: Option<&'static str>,
    /// The permissions, by their names.
    permissions: Option<Vec<&'static str>>,
    /// Whether callers use an alias, with a smoke test before.
    release: bool,
    /// How large the batches of its queue are.
    batch: Option<u32>,
    /// How many instances are kept ready behind the alias.
    provisioned: Option<u32>,
    /// What becomes of loops.
    recursion: Option<&'static str>,
    /// For how many days logs are kept.
    retention: Option<u32>,
}

/// The alias.
const ALIAS: &str = "live";

impl Blocks {
    /// Whether there is an event source, which has tags of its own.
    pub(crate) fn has_source(&self) -> bool {
        self.batch.is_some()
    }

    /// Some blocks, or none.
    pub(crate) fn some(chance: &mut fastrand::Rng) -> Self {
        let some = |chance: &mut fastrand::Rng| chance.u32(0..3) > 0;
        let reserved = some(chance).then(|| chance.u32(1..20));
        let release = chance.bool();
        Self {
            reserved,
            retries: some(chance).then(|| chance.u32(0..2)),
            url: some(chance).then(|| if chance.bool() { "NONE" } else { "AWS_IAM" }),
            permissions: some(chance)
                .then(|| ["sns", "s3", "events"].into_iter().filter(|_| chance.bool()).collect()),
            release,
            batch: some(chance).then(|| chance.u32(1..10)),
            // Never more than are reserved.
            provisioned: (release && some(chance))
                .then(|| chance.u32(0..reserved.unwrap_or(5)) + 1),
            recursion: some(chance).then(|| if chance.bool() { "Allow" } else { "Terminate" }),
            // A group outlives its function, and a new one may not change what it does not know as its own.
            retention: some(chance).then_some(7),
        }
    }

    /// The first block that is not as it should be.
    pub(crate) fn wrong(&self, live: &Value) -> Option<&'static str> {
        let alias = &live["aliases"][ALIAS];
        let (here, there) = if self.release { (alias, live) } else { (live, alias) };
        let statements = here["statements"].as_array().cloned().unwrap_or_default();
        let bare = |it: &Value| {
            ["url", "retries", "batch", "provisioned"].iter().all(|name| it[*name].is_null())
        };
        let names = statements.iter().filter_map(Value::as_str);
        let live_names: BTreeSet<&str> = names.filter_map(|it| it.split('-').nth(1)).collect();
        let wanted: BTreeSet<&str> = self.permissions.iter().flatten().copied().collect();
        let checks = [
            ("concurrency", live["reserved"] == json!(self.reserved)),
            ("release", alias.is_null() != self.release),
            ("version", !self.release || alias["current"] == true),
            ("place of blocks", bare(there)),
            ("retries", here["retries"] == json!(self.retries)),
            ("url", here["url"] == json!(self.url)),
            ("batch", here["batch"] == json!(self.batch)),
            // Also behind an alias that is no more.
            ("event sources", live["mappings"] == json!(u32::from(self.batch.is_some()))),
            ("provisioned", alias["provisioned"] == json!(self.provisioned)),
            ("recursion", live["recursion"] == self.recursion.unwrap_or("Terminate")),
            // A group that is no longer asked for stays as it is.
            ("retention", self.retention.is_none() || live["retention"] == json!(self.retention)),
            ("permissions", live_names == wanted && statements.len() == wanted.len()),
        ];
        checks.into_iter().find(|(_, good)| !good).map(|(what, _)| what)
    }

    /// As they stand in a manifest, below `spec`.
    pub(crate) fn text(&self) -> String {
        let permission = |it: &&str| format!("{{ sid: {it}, principal: {it}.amazonaws.com }}");
        let permissions = |names: &Vec<&str>| {
            let all: Vec<String> = names.iter().map(permission).collect();
            format!("  permissions: [{}]\n", all.join(", "))
        };
        let lines = [
            self.concurrency(),
            self.recursion.map(|it| format!("  recursiveLoop: {it}\n")),
            self.retention.map(|it| format!("  logGroup: {{ retentionInDays: {it} }}\n")),
            self.retries.map(|it| format!("  asyncInvoke: {{ maximumRetryAttempts: {it} }}\n")),
            self.url.map(|it| format!("  url: {{ authType: {it} }}\n")),
            self.permissions.as_ref().map(permissions),
            self.release.then(|| "  release: { smokeTests: [{ name: it }] }\n".to_owned()),
            self.batch.map(|it| format!("  eventSources: [{{ eventSourceArn: \"arn:aws:sqs:us-east-1:123456789012:jobs\", batchSize: {it} }}]\n")),
        ];
        lines.into_iter().flatten().collect()
    }

    fn concurrency(&self) -> Option<String> {
        let members = [("reserved", self.reserved), ("provisioned", self.provisioned)];
        let members = members.iter().filter_map(|(name, it)| Some(format!("{name}: {}", (*it)?)));
        let members: Vec<String> = members.collect();
        (!members.is_empty()).then(|| format!("  concurrency: {{ {} }}\n", members.join(", ")))
    }
}
