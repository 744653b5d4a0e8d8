//! One permission in one form, from the document and from the policy that AWS returns.

use std::fmt;

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::{
    doc::PermissionDoc,
    exposure::{Exposure, exposure},
};
use crate::{
    engine::{hex::hex, place::Place},
    kinds::{export, principal},
};

/// What a permission is about, unless it says otherwise.
pub const INVOKE: &str = "lambda:InvokeFunction";
/// Enough hex digits to tell two contents of one permission apart.
pub(super) const DIGITS: usize = 6;

/// A permission. What is not restricted is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "AddPermission's own names")]
pub struct Statement {
    pub principal: String,
    pub action: String,
    pub source_arn: String,
    pub source_account: String,
    pub principal_org_id: String,
    pub function_url_auth_type: String,
    pub invoked_via_function_url: bool,
    pub event_source_token: String,
    /// Whatever else stands in the policy, as JSON: no permission of ours has any.
    pub besides: String,
}

impl Statement {
    /// Makes the statement that a document asks for in a target: `${target…}` is filled in, an
    /// account has one form.
    pub(super) fn of(doc: &PermissionDoc, place: &Place) -> Self {
        let text = |it: &Option<String>| place.fill_in(it.as_deref().unwrap_or_default());
        Self {
            principal: canonical(&place.fill_in(&doc.principal)),
            action: doc.action.clone().unwrap_or_else(|| INVOKE.into()),
            source_arn: text(&doc.source_arn),
            source_account: text(&doc.source_account),
            principal_org_id: text(&doc.principal_org_id),
            function_url_auth_type: text(&doc.function_url_auth_type),
            invoked_via_function_url: doc.invoked_via_function_url.unwrap_or_default(),
            event_source_token: text(&doc.event_source_token),
            besides: String::new(),
        }
    }

    /// Reads one statement of a policy. AWS writes accounts out as their root, and puts what
    /// restricts a permission into conditions (Lambda developer guide, "Resource-based policy").
    /// What AddPermission would not make is kept in `besides`, so that it differs from ours.
    pub(super) fn read(found: &Value) -> Self {
        let mut it = Self::default();
        let mut besides = Map::new();
        for (name, value) in found.as_object().into_iter().flatten() {
            match (name.as_str(), value) {
                // The id is the key of the statement, and the policy's place says which function it
                // is about.
                ("Sid" | "Resource", _) => {}
                ("Effect", Value::String(effect)) if effect == "Allow" => {}
                ("Principal", value) => it.principal = one_form(value),
                ("Action", Value::String(action)) => it.action.clone_from(action),
                ("Condition", Value::Object(operators)) => {
                    besides.extend(it.conditions(operators));
                }
                // Emulators show it beside the conditions.
                ("FunctionUrlAuthType", Value::String(text)) => {
                    it.function_url_auth_type.clone_from(text);
                }
                (_, value) => drop(besides.insert(name.clone(), value.clone())),
            }
        }
        if !besides.is_empty() {
            it.besides = Value::Object(besides).to_string();
        }
        it
    }

    /// Takes in the conditions that AddPermission makes; what is left are others.
    fn conditions(&mut self, operators: &Map<String, Value>) -> Map<String, Value> {
        let keys = operators.iter().flat_map(|(operator, keys)| {
            keys.as_object().into_iter().flatten().map(move |(key, value)| (operator, key, value))
        });
        let others = keys.filter(|(operator, key, value)| !self.condition(operator, key, value));
        others.map(|(operator, key, value)| (format!("{operator} {key}"), value.clone())).collect()
    }

    /// Takes in a condition that AddPermission makes; `false` if it is none, and then nothing is
    /// taken in.
    fn condition(&mut self, operator: &str, key: &str, value: &Value) -> bool {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Bool(yes) => yes.to_string(),
            _ => return false,
        };
        let field = match (operator, key.to_ascii_lowercase().as_str()) {
            ("ArnLike", "aws:sourcearn") => &mut self.source_arn,
            ("StringEquals", "aws:sourceaccount") => &mut self.source_account,
            ("StringEquals", "aws:principalorgid") => &mut self.principal_org_id,
            ("StringEquals", "lambda:functionurlauthtype") => &mut self.function_url_auth_type,
            ("StringEquals", "lambda:eventsourcetoken") => &mut self.event_source_token,
            ("Bool", "lambda:invokedviafunctionurl") => {
                self.invoked_via_function_url = text == "true";
                return true;
            }
            _ => return false,
        };
        *field = text;
        true
    }

    /// Writes the statement as people would, under its `sid`.
    pub(super) fn to_manifest(&self, sid: &str) -> Value {
        let through_url = self.invoked_via_function_url;
        export::map([
            ("sid", Some(sid.into())),
            ("principal", Some(self.principal.as_str().into())),
            ("action", export::unless(self.action.as_str(), &INVOKE)),
            ("sourceArn", export::text(&self.source_arn)),
            ("sourceAccount", export::text(&self.source_account)),
            ("principalOrgId", export::text(&self.principal_org_id)),
            ("functionUrlAuthType", export::text(&self.function_url_auth_type)),
            ("invokedViaFunctionUrl", export::unless(through_url, &false)),
            ("eventSourceToken", export::text(&self.event_source_token)),
        ])
    }

    /// Returns a few hex digits of the statement's text. They end its id in AWS: if `Display`
    /// writes a statement otherwise, every permission is added under a new id and the old one is
    /// removed.
    pub(super) fn hash(&self) -> String {
        hex(&Sha256::digest(self.to_string())).chars().take(DIGITS).collect()
    }

    /// Whether its principal was deleted: AWS then shows the unique id that the user or role had instead of its ARN
    /// (IAM User Guide, "AWS JSON policy elements: Principal").
    pub(super) fn is_dead(&self) -> bool {
        principal::is_unique_id(&self.principal)
    }

    /// Says whom the statement lets in.
    pub(super) fn exposure(&self) -> Exposure {
        exposure(&self.policy())
    }

    /// Writes the statement as IAM does, as far as it says who may: without its id and what it is
    /// about.
    fn policy(&self) -> Value {
        let mut condition = Map::new();
        let mut bind = |operator: &str, key: &str, value: Value| {
            let keys = condition.entry(operator).or_insert_with(|| Value::Object(Map::new()));
            if let Some(keys) = keys.as_object_mut() {
                keys.insert(key.to_owned(), value);
            }
        };
        let bounds = [
            ("ArnLike", "aws:SourceArn", &self.source_arn),
            ("StringEquals", "aws:SourceAccount", &self.source_account),
            ("StringEquals", "aws:PrincipalOrgID", &self.principal_org_id),
            ("StringEquals", "lambda:FunctionUrlAuthType", &self.function_url_auth_type),
            ("StringEquals", "lambda:EventSourceToken", &self.event_source_token),
        ];
        for (operator, key, text) in bounds.into_iter().filter(|(_, _, text)| !text.is_empty()) {
            bind(operator, key, text.as_str().into());
        }
        let mut policy = Map::from_iter([("Effect".to_owned(), "Allow".into())]);
        if !self.principal.is_empty() {
            // What is no plain text stands there as JSON.
            let principal = serde_json::from_str(&self.principal).ok();
            let principal = principal.filter(|it: &Value| it.is_object() || it.is_array());
            let principal = principal.unwrap_or_else(|| self.principal.as_str().into());
            policy.insert("Principal".into(), principal);
        }
        let besides: Map<String, Value> = serde_json::from_str(&self.besides).unwrap_or_default();
        for (name, value) in besides {
            match name.split_once(' ') {
                Some((operator, key)) => bind(operator, key, value),
                None => drop(policy.insert(name, value)),
            }
        }
        if !condition.is_empty() {
            policy.insert("Condition".into(), Value::Object(condition));
        }
        Value::Object(policy)
    }
}

impl fmt::Display for Statement {
    /// Writes the statement as a row shows it. The text is hashed into the statement's id and into
    /// the function's tag, so it must not change without need.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { principal, action, .. } = self;
        let who = if principal.is_empty() { "whoever its policy names" } else { principal };
        let what = if action.is_empty() { "do what its policy names" } else { action };
        write!(f, "{who} may {what}")?;
        let bounds = [
            ("sourceArn", &self.source_arn),
            ("sourceAccount", &self.source_account),
            ("principalOrgId", &self.principal_org_id),
            ("functionUrlAuthType", &self.function_url_auth_type),
            ("eventSourceToken", &self.event_source_token),
            ("and", &self.besides),
        ];
        for (name, text) in bounds.into_iter().filter(|(_, text)| !text.is_empty()) {
            write!(f, ", {name} {text}")?;
        }
        if self.invoked_via_function_url { f.write_str(", through its URL") } else { Ok(()) }
    }
}

/// An account by its 12 digits, however it is written: the form that enters the hash of a statement's id.
fn canonical(principal: &str) -> String {
    principal::account(principal).unwrap_or(principal).to_owned()
}

/// Returns a principal in one form: `*`, a service, an account's digits or an ARN; several or
/// unknown ones as JSON.
fn one_form(value: &Value) -> String {
    let text = match value {
        Value::Object(members) if members.len() == 1 => {
            members.values().next().and_then(Value::as_str).map(ToOwned::to_owned)
        }
        Value::String(text) => Some(text.clone()),
        _ => None,
    };
    let Some(text) = text else { return value.to_string() };
    canonical(&text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_statement_of_awss_is_what_it_was_made_from() {
        let made = Statement {
            principal: "111122223333".into(),
            action: INVOKE.into(),
            source_arn: "arn:aws:s3:::b".into(),
            source_account: "444455556666".into(),
            ..Statement::default()
        };
        let shown = json!({
            "Sid": "ek-x", "Effect": "Allow", "Action": INVOKE, "Resource": "arn",
            "Principal": { "AWS": "arn:aws:iam::111122223333:root" },
            "Condition": {
                "StringEquals": { "AWS:SourceAccount": "444455556666" },
                "ArnLike": { "AWS:SourceArn": "arn:aws:s3:::b" },
            },
        });
        assert_eq!(Statement::read(&shown), made);
        let mut other = shown.clone();
        other["Condition"]["IpAddress"] = json!({ "aws:SourceIp": "10.0.0.0/8" });
        assert!(Statement::read(&other).to_string().contains("SourceIp"));
        let mut denied = shown;
        denied["Effect"] = json!("Deny");
        assert_ne!(Statement::read(&denied), made);
    }

    #[test]
    fn a_statement_is_judged_as_aws_has_it() {
        let exposure = |statement: Value| Statement::read(&statement).exposure();
        let everybody = json!({ "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": INVOKE });
        assert_eq!(exposure(everybody.clone()), Exposure::Public);
        let with = |name: &str, value: Value| {
            let mut statement = everybody.clone();
            statement[name] = value;
            exposure(statement)
        };
        assert_eq!(with("Principal", json!({ "AWS": ["1", "*"] })), Exposure::Public);
        assert_eq!(with("Action", json!([INVOKE, "lambda:GetFunction"])), Exposure::Public);
        assert_eq!(with("Effect", json!("Deny")), Exposure::Closed);
        let org = json!({ "StringEquals": { "aws:PrincipalOrgID": "o-0123456789" } });
        assert_eq!(with("Condition", org), Exposure::Closed);
        let list = json!({ "StringEquals": { "aws:SourceAccount": ["111122223333"] } });
        assert_eq!(with("Condition", list), Exposure::Closed);
        let loose = json!({ "StringLike": { "AWS:SourceArn": "*" } });
        assert_eq!(with("Condition", loose), Exposure::Public);
        let late = json!({ "DateLessThan": { "aws:CurrentTime": "2030-01-01T00:00:00Z" } });
        let why = "its condition DateLessThan aws:CurrentTime".to_owned();
        assert_eq!(with("Condition", late), Exposure::Unjudged(why));
        let mut not = everybody.clone();
        not.as_object_mut().unwrap().remove("Principal");
        not["NotPrincipal"] = json!({ "AWS": "111122223333" });
        assert_eq!(exposure(not), Exposure::Public);
    }
}
