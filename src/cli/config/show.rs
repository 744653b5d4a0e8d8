//! `evenkeel config`: the settings, and where each comes from.

use serde_json::{Value, json};

use super::setting::{ConfigSetting, ValueOrigin};
use crate::cli::{
    args::{ConfigArgs, Output},
    error::CliError,
    out::print,
    outcome::CommandOutcome,
};

/// Prints each setting with its value and where that comes from.
pub(in crate::cli) fn show(args: &ConfigArgs) -> Result<CommandOutcome, CliError> {
    let text = match args.output {
        Output::Text => lines(args),
        Output::Json => {
            let all: Vec<Value> = rows(args).iter().map(json).collect();
            let text = serde_json::to_string_pretty(&json!({ "settings": all }));
            text.map_err(|error| CliError::Serialize(error.into()))?
        }
    };
    print(&text)?;
    Ok(CommandOutcome::Good)
}

/// A row of the table.
struct SettingRow<'a> {
    name: &'static str,
    value: Option<String>,
    origin: &'a ValueOrigin,
}

fn rows<'a>(args: &'a ConfigArgs) -> Vec<SettingRow<'a>> {
    let row = |it: &'a ConfigSetting| {
        let ConfigSetting { key, origin } = it;
        let value = match origin {
            ValueOrigin::File { text, .. } | ValueOrigin::Environment { text: Some(text), .. } => {
                Some(text.clone())
            }
            _ => args.value(*key),
        };
        SettingRow { name: key.name(), value, origin }
    };
    args.settings.iter().map(row).collect()
}

/// Three columns: the name, the value, and where it comes from.
fn lines(args: &ConfigArgs) -> String {
    let rows = rows(args);
    let value = |it: &SettingRow<'_>| it.value.clone().unwrap_or_else(|| "-".to_owned());
    let width = rows.iter().map(|it| value(it).chars().count()).max().unwrap_or_default();
    let line = |it: &SettingRow<'_>| format!("{:10} {:width$}  {}", it.name, value(it), it.origin);
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn json(row: &SettingRow<'_>) -> Value {
    let SettingRow { name, value, origin } = row;
    let source = match origin {
        ValueOrigin::Flag { name } => json!({ "kind": "flag", "flag": format!("--{name}") }),
        ValueOrigin::Environment { variable, .. } => {
            json!({ "kind": "environment", "variable": variable })
        }
        ValueOrigin::File { path, line, .. } => {
            json!({ "kind": "file", "file": path, "line": line })
        }
        ValueOrigin::Default => json!({ "kind": "default" }),
        ValueOrigin::NotSet => json!({ "kind": "notSet" }),
    };
    json!({ "name": name, "value": value, "source": source })
}
