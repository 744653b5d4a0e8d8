//! Settings of a function that no manifest can ask for yet. They are never lost without a word: they stay where they
//! are, they are told, and a function that had some which can be chosen only at its creation is not made anew
//! without them.

use std::collections::BTreeMap;

use super::{spec::Spec, step::Step};
use crate::engine::{
    diff::{Diff, Reason},
    facts::{Fact, FactKey, Facts},
};

/// Settings that no manifest can ask for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unmanaged {
    /// `DurableConfig`, in words: chosen when the function is made.
    pub durable: Option<String>,
    /// `TenancyConfig`: chosen when the function is made.
    pub tenancy: Option<String>,
    /// `S3FilesConfig.DirectS3Read`, by the ARN of the access point; what AWS does by default is left out.
    pub direct_reads: BTreeMap<String, String>,
}

impl Unmanaged {
    /// Those that AWS lets be chosen only when a function is made, each in words.
    pub fn chosen_once(&self) -> Vec<String> {
        let durable = self.durable.iter().map(|it| format!("durableConfig ({it})"));
        durable.chain(self.tenancy.iter().map(|it| format!("tenancyConfig {it}"))).collect()
    }

    /// The fields that a manifest does not have, and what they are.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let once = [("durableConfig", &self.durable), ("tenancyConfig", &self.tenancy)];
        let once = once.into_iter().filter_map(|(name, it)| Some((name, it.clone()?)));
        let reads = self.direct_reads.iter();
        let reads = reads.map(|(arn, it)| {
            ("fileSystemConfigs/s3FilesConfig", format!("directS3Read {it} of {arn}"))
        });
        once.chain(reads).collect()
    }

    /// Says what of a live function no manifest asks for.
    pub(super) fn tell(&self, diff: &mut Diff<Step>) {
        let fields = self.fields();
        if fields.is_empty() {
            return;
        }
        let words: Vec<String> = fields.iter().map(|(name, it)| format!("{name} ({it})")).collect();
        let message = format!(
            "it has settings that no manifest can ask for, and they stay: {}",
            words.join(", ")
        );
        diff.conditions.insert("OtherSettings", Reason::new("Unmanaged", message));
    }
}

/// Refuses to make a function anew that was there and had settings which can be chosen only when it is made, and
/// which the manifest does not ask for. Only this process knows them: the function's tags went with it.
pub(super) fn refuse_anew(spec: &Spec, facts: &Facts) -> Option<Reason> {
    let name = spec.name();
    let Some(Fact::Function(fact)) = facts.get(&FactKey::Function(name.clone())) else {
        return None;
    };
    // What was told last may be older than its deletion.
    if fact.chosen_once.is_empty() {
        return None;
    }
    let message = format!(
        "the function that was deleted had {}, which can be chosen only when it is made, and no manifest can ask for: \
         make it by hand with that, and let `policy.adopt: true` take it over; or, to have it without, run \
         `evenkeel apply` for {name}",
        fact.chosen_once.join(", ")
    );
    Some(Reason::new("SettingsLost", message))
}
