//! One row of a table.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// A request and its answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// What it shows, in words.
    pub title: String,
    /// `METHOD /path` of Lambda, or an operation of another service as `ecr:Name`.
    pub call: String,
    /// The body, if there is one.
    #[serde(default)]
    pub body: Value,
    /// What AWS answers.
    pub aws: Expected,
    /// What moto answers, where that differs.
    #[serde(default)]
    pub moto: Option<Expected>,
    /// By which document AWS answers as it does, where moto differs.
    #[serde(default)]
    pub source: Option<String>,
    /// Whether it takes a moment to become so.
    #[serde(default)]
    pub eventually: bool,
    /// Members of the answer for later rows: name → JSON pointer.
    #[serde(default)]
    pub save: BTreeMap<String, String>,
}

/// An answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// HTTP's status.
    pub status: u16,
    /// AWS's code, of an error.
    #[serde(default)]
    pub code: Option<String>,
    /// A part of the message.
    #[serde(default)]
    pub message: Option<String>,
    /// Members that the body has, with these values; `<any>` is any text.
    #[serde(default)]
    pub has: Value,
    /// JSON pointers that lead to nothing.
    #[serde(default)]
    pub lacks: Vec<String>,
}

impl Row {
    /// What the one or the other is to answer.
    pub fn expected(&self, moto: bool) -> &Expected {
        self.moto.as_ref().filter(|_| moto).unwrap_or(&self.aws)
    }
}
