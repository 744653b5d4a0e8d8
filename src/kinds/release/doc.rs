//! `release` as people write it. `shape.rs` says what each field may hold.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// `release`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "documented in shape.rs")]
pub struct ReleaseDoc {
    #[serde(default = "live")]
    pub alias: String,
    #[serde(default)]
    pub strategy: StrategyDoc,
    #[serde(default)]
    pub smoke_tests: Vec<TestDoc>,
    #[serde(default)]
    pub alarms: Vec<String>,
    pub keep_versions: Option<usize>,
}

/// The alias unless the document names another.
fn live() -> String {
    "live".into()
}

/// `strategy`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum StrategyDoc {
    /// `allAtOnce`.
    Word(String),
    /// One of the two.
    Gradual(GradualDoc),
}

impl Default for StrategyDoc {
    fn default() -> Self {
        Self::Word("allAtOnce".into())
    }
}

/// `strategy` with steps.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "documented in shape.rs")]
pub struct GradualDoc {
    pub canary: Option<CanaryDoc>,
    pub linear: Option<LinearDoc>,
}

/// `canary`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "documented in shape.rs")]
pub struct CanaryDoc {
    pub steps: Vec<u32>,
    pub every: String,
    pub max_error_percent: Option<u32>,
}

/// `linear`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "documented in shape.rs")]
pub struct LinearDoc {
    pub percent: u32,
    pub every: String,
    pub max_error_percent: Option<u32>,
}

/// One of `smokeTests`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "documented in shape.rs")]
pub struct TestDoc {
    pub name: String,
    #[serde(default)]
    pub payload: Value,
    #[serde(default)]
    pub expect: ExpectDoc,
}

/// What a test expects.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "documented in shape.rs")]
pub struct ExpectDoc {
    pub status: Option<i64>,
    pub function_error: Option<String>,
    pub body: BTreeMap<String, Value>,
    pub matches: Option<String>,
    pub max_duration: Option<String>,
}
