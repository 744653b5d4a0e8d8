//! From text to the tool that it is for.

use std::fmt;

use serde_json::Value;

use super::{
    ack, cloudformation,
    document::{ImportedDocument, SourceFormat},
    lambroll, terraform,
};
use crate::manifest::{self, Diagnostic, YamlTags};

/// The greatest file in JSON that is read: a whole state of Terraform's. JSON repeats nothing, and serde_json reads at
/// most 128 levels.
const JSON_MAX: usize = 64 * 1024 * 1024;
/// How many keys and values such a file may hold: a value that is two bytes of text takes tens in memory.
const JSON_VALUES_MAX: usize = 8_000_000;

/// Why nothing could be made of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError {
    /// Everything that is wrong, in reading order.
    pub diagnostics: Vec<Diagnostic>,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let diagnostics: Vec<String> = self.diagnostics.iter().map(ToString::to_string).collect();
        f.write_str(&diagnostics.join("\n"))
    }
}

impl std::error::Error for ReadError {}

impl ReadError {
    /// One thing that is wrong with a file.
    pub(super) fn new(file: &str, line: u32, message: &str, hint: &str) -> Self {
        let hint = (!hint.is_empty()).then(|| hint.to_owned());
        let (file, message) = (file.into(), message.to_owned());
        Self {
            diagnostics: vec![Diagnostic { file, line, column: 0, message, hint, excerpt: None }],
        }
    }
}

/// Reads what a tool describes as documents. `form` is the tool; `None` tells it by what stands in
/// the text. `name` is the file's, for errors.
///
/// Fails if the text cannot be read, is of no known tool, or describes no function that ships as an
/// image and no repository.
pub fn read(
    text: &str,
    form: Option<SourceFormat>,
    name: &str,
) -> Result<Vec<ImportedDocument>, ReadError> {
    let documents = documents(text, name)?;
    let Some(form) = form.or_else(|| documents.iter().find_map(|(_, it)| recognised(it))) else {
        let hint = "ACK, CloudFormation, SAM, lambroll and `terraform show -json` are; say which it is, or export it";
        let state = "it is Terraform's own book; hand over what `terraform show -json` prints";
        let own = documents.iter().any(|(_, it)| it.get("lineage").is_some());
        let hint = if own { state } else { hint };
        return Err(ReadError::new(name, 0, "the file is of no tool that is known", hint));
    };
    let mut documents: Vec<Value> = documents.into_iter().map(|(_, it)| it).collect();
    let mut only = || match (documents.pop(), documents.is_empty()) {
        (Some(only), true) => Ok(only),
        _ => Err(ReadError::new(name, 0, "the file should hold one document", "split it")),
    };
    let found = match form {
        SourceFormat::Terraform => terraform::read(only()?),
        SourceFormat::CloudFormation => cloudformation::read(only()?),
        SourceFormat::Lambroll => lambroll::read(documents),
        SourceFormat::Ack => ack::read(documents),
    };
    if found.is_empty() {
        let message = "it describes no function that ships as an image, and no repository";
        return Err(ReadError::new(name, 0, message, "name another file"));
    }
    Ok(found)
}

/// Reads the documents of a text, each with its line: JSON if it begins with `{` or `[`, else YAML.
/// Sizes are checked first, since JSON takes much more memory once it is read.
fn documents(text: &str, name: &str) -> Result<Vec<(u32, Value)>, ReadError> {
    let text = text.trim_start_matches('\u{feff}');
    if !text.trim_start().starts_with(['{', '[']) {
        let diagnostics = manifest::values(name, text.as_bytes(), YamlTags::Functions);
        return diagnostics.map_err(|diagnostics| ReadError { diagnostics });
    }
    if text.len() > JSON_MAX {
        return Err(ReadError::new(name, 0, "the file is larger than 64 MiB", "split it"));
    }
    if marks(text) > JSON_VALUES_MAX {
        let message = format!("the file holds more than {JSON_VALUES_MAX} keys and values");
        return Err(ReadError::new(name, 0, &message, "split it"));
    }
    // One after the other, as `cat function.json function_url.json` gives them.
    let all: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(text).into_iter().collect();
    let all = all.map_err(|error| {
        // serde_json's own words may repeat a value.
        let line = u32::try_from(error.line()).unwrap_or(u32::MAX);
        let hint = "it has to be JSON; where it is Jsonnet, or has template functions in it, import what the tool makes of it (`lambroll render`)";
        ReadError::new(name, line, "the JSON cannot be read", hint)
    })?;
    Ok(all.into_iter().map(|it| (1, it)).collect())
}

/// Counts the commas, colons and opening brackets of a text of JSON that stand outside of quotes:
/// about as many as it has keys and values, told without reading it.
fn marks(text: &str) -> usize {
    let (mut count, mut quoted, mut escaped) = (0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' | b':' | b'[' | b'{' if !quoted => count += 1,
            _ => {}
        }
    }
    count
}

/// Tells the tool by what a document holds; `None` if it is of no known tool.
fn recognised(document: &Value) -> Option<SourceFormat> {
    let has = |name: &str| document.get(name).is_some();
    let version = document.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    if version.contains(".services.k8s.aws/") {
        Some(SourceFormat::Ack)
    } else if has("format_version") && (has("values") || has("planned_values")) {
        Some(SourceFormat::Terraform)
    } else if has("Resources") {
        Some(SourceFormat::CloudFormation)
    } else if has("FunctionName") || has("Code") && has("PackageType") {
        Some(SourceFormat::Lambroll)
    } else {
        None
    }
}
