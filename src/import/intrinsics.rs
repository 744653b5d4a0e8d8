//! CloudFormation's functions, as far as a template alone says what they come to.

use std::cell::Cell;

use serde_json::{Map, Value, json};

use super::reasons::SENSITIVE;

/// How deep references may lead to others.
const DEPTH_MAX: usize = 16;

/// How many values are worked out for one template. This is what stops names that are made of names that are made of
/// names.
const STEPS_MAX: usize = 500_000;
/// How long a text may get: no field of AWS's is longer.
const TEXT_MAX: usize = 64 * 1024;

const ACCOUNT: &str = "${target.accountId}";
const REGION: &str = "${target.region}";

/// What a type of resource is called by, and what its ARN is after the partition; `{}` is the name.
const NAMES: &[(&str, &str, &str)] = &[
    ("AWS::IAM::Role", "RoleName", "iam::ACCOUNT:role/{}"),
    ("AWS::Lambda::Function", "FunctionName", "lambda:REGION:ACCOUNT:function:{}"),
    ("AWS::Serverless::Function", "FunctionName", "lambda:REGION:ACCOUNT:function:{}"),
    ("AWS::SQS::Queue", "QueueName", "sqs:REGION:ACCOUNT:{}"),
    ("AWS::SNS::Topic", "TopicName", "sns:REGION:ACCOUNT:{}"),
    ("AWS::Kinesis::Stream", "Name", "kinesis:REGION:ACCOUNT:stream/{}"),
    ("AWS::S3::Bucket", "BucketName", "s3:::{}"),
    ("AWS::Events::Rule", "Name", "events:REGION:ACCOUNT:rule/{}"),
    ("AWS::Events::EventBus", "Name", "events:REGION:ACCOUNT:event-bus/{}"),
    ("AWS::ECR::Repository", "RepositoryName", "ecr:REGION:ACCOUNT:repository/{}"),
    ("AWS::Logs::LogGroup", "LogGroupName", "logs:REGION:ACCOUNT:log-group:{}:*"),
    ("AWS::CloudWatch::Alarm", "AlarmName", "cloudwatch:REGION:ACCOUNT:alarm:{}"),
    ("AWS::DynamoDB::Table", "TableName", "dynamodb:REGION:ACCOUNT:table/{}"),
];

/// What a template says that its functions ask for.
pub(super) struct Template {
    pub(super) parameters: Map<String, Value>,
    pub(super) mappings: Map<String, Value>,
    pub(super) resources: Map<String, Value>,
    /// How many values have been worked out.
    pub(super) steps: Cell<usize>,
}

impl Template {
    /// A value with everything in it worked out that can be. What cannot stays as it is.
    pub(super) fn resolve(&self, value: &Value) -> Value {
        self.at(value, 0)
    }

    /// The type of a resource.
    pub(super) fn kind(&self, id: &str) -> Option<&str> {
        self.resources.get(id)?.get("Type")?.as_str()
    }

    /// What a resource is called in AWS, if the template says it.
    pub(super) fn name(&self, id: &str) -> Option<String> {
        self.name_at(id, 0)
    }

    /// Returns the resource that a value refers to by `!Ref X`, `!GetAtt X.Arn` or `!Sub "${X}"`;
    /// `None` for every other value, and for what is no resource of this template.
    pub(super) fn referred<'a>(&self, value: &'a Value) -> Option<&'a str> {
        let (function, argument) = call(value)?;
        let id = match (function, argument) {
            ("Ref", Value::String(id)) => id.as_str(),
            ("Fn::GetAtt", Value::String(text)) => text.split('.').next()?,
            ("Fn::GetAtt", Value::Array(parts)) => parts.first()?.as_str()?,
            ("Fn::Sub", Value::String(text)) => {
                let inner = text.strip_prefix("${")?.strip_suffix('}')?;
                inner.split('.').next()?
            }
            _ => return None,
        };
        self.resources.contains_key(id).then_some(id)
    }

    /// Works out a value and all within it. A call that cannot be worked out stays as it is, and so
    /// does what lies beyond `DEPTH_MAX` or `STEPS_MAX`: no template may take forever.
    fn at(&self, value: &Value, depth: usize) -> Value {
        self.steps.set(self.steps.get().saturating_add(1));
        if depth > DEPTH_MAX || self.steps.get() > STEPS_MAX {
            return value.clone();
        }
        match value {
            Value::Array(items) => items.iter().map(|it| self.at(it, depth + 1)).collect(),
            Value::Object(map) => {
                if let Some((function, argument)) = call(value) {
                    return self.call(function, argument, depth).unwrap_or_else(|| value.clone());
                }
                let members = map.iter().map(|(key, it)| (key.clone(), self.at(it, depth + 1)));
                Value::Object(members.collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        }
    }

    /// Works out a call of an intrinsic function; `None` if the function is none of these, or the
    /// template alone does not say what it comes to.
    fn call(&self, function: &str, argument: &Value, depth: usize) -> Option<Value> {
        match function {
            "Ref" => self.reference(argument.as_str()?, depth),
            "Fn::GetAtt" => {
                let parts: Vec<&str> = match argument {
                    Value::String(text) => text.splitn(2, '.').collect(),
                    Value::Array(parts) => parts.iter().filter_map(Value::as_str).collect(),
                    _ => return None,
                };
                let (id, attribute) = parts.split_first()?;
                self.attribute(id, &attribute.join("."), depth).map(Value::String)
            }
            "Fn::Sub" => self.substitute(argument, depth),
            "Fn::Join" => {
                let parts = argument.as_array()?;
                let (separator, items) =
                    (parts.first()?.as_str()?, self.at(parts.get(1)?, depth + 1));
                let items: Option<Vec<&str>> =
                    items.as_array()?.iter().map(Value::as_str).collect();
                let text = items?.join(separator);
                (text.len() <= TEXT_MAX).then(|| json!(text))
            }
            "Fn::FindInMap" => {
                let keys = self.at(argument, depth + 1);
                let mut found = None;
                for key in keys.as_array()? {
                    let within = found.map_or(Some(&self.mappings), Value::as_object)?;
                    found = Some(within.get(key.as_str()?)?);
                }
                found.cloned()
            }
            _ => None,
        }
    }

    /// Works out `!Ref`: a pseudo parameter, a parameter, or a resource's name or ARN. The account
    /// and the Region become `${target.…}`, which Evenkeel fills in.
    fn reference(&self, name: &str, depth: usize) -> Option<Value> {
        match name {
            "AWS::AccountId" => return Some(json!(ACCOUNT)),
            "AWS::Region" => return Some(json!(REGION)),
            "AWS::Partition" => return Some(json!("aws")),
            "AWS::URLSuffix" => return Some(json!("amazonaws.com")),
            "AWS::NoValue" => return Some(Value::Null),
            _ => {}
        }
        if let Some(parameter) = self.parameters.get(name) {
            return parameter_value(parameter);
        }
        match self.kind(name)? {
            // A queue's reference is its URL.
            "AWS::SQS::Queue" => None,
            "AWS::SNS::Topic" => self.attribute(name, "TopicArn", depth).map(Value::String),
            _ => self.name_at(name, depth + 1).map(Value::String),
        }
    }

    fn name_at(&self, id: &str, depth: usize) -> Option<String> {
        let kind = self.kind(id)?;
        let (_, property, _) = NAMES.iter().find(|(it, ..)| *it == kind)?;
        let raw = self.resources.get(id)?.get("Properties")?.get(*property)?;
        Some(self.at(raw, depth + 1).as_str()?.to_owned())
    }

    /// Works out `!GetAtt` from a resource's name; `None` if CloudFormation makes up the name, or
    /// the name does not tell this attribute.
    fn attribute(&self, id: &str, attribute: &str, depth: usize) -> Option<String> {
        let name = self.name_at(id, depth + 1)?;
        let kind = self.kind(id)?;
        let (.., form) = NAMES.iter().find(|(it, ..)| *it == kind)?;
        match attribute {
            "Arn" | "TopicArn" => {
                let path = self.resources.get(id)?.get("Properties")?.get("Path");
                let path = path.map_or(Some(""), Value::as_str)?.trim_start_matches('/');
                let form = form.replace("ACCOUNT", ACCOUNT).replace("REGION", REGION);
                Some(format!("arn:aws:{}", form.replace("{}", &format!("{path}{name}"))))
            }
            "RepositoryUri" => Some(format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}")),
            "QueueName" | "TopicName" => Some(name),
            _ => None,
        }
    }

    /// Works out `!Sub` with `${X}`, `${X.Arn}` and `${!Literal}`; a list brings values of its own
    /// for some names. `None` if a name cannot be worked out, or the text gets too long.
    fn substitute(&self, argument: &Value, depth: usize) -> Option<Value> {
        let (text, own) = match argument {
            Value::String(text) => (text.as_str(), None),
            Value::Array(parts) => (parts.first()?.as_str()?, parts.get(1)?.as_object()),
            _ => return None,
        };
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, following) = after.split_once('}')?;
            out.push_str(before);
            rest = following;
            if let Some(literal) = name.strip_prefix('!') {
                out.push_str(&["${", literal, "}"].concat());
                continue;
            }
            let value = match (own.and_then(|it| it.get(name)), name.split_once('.')) {
                (Some(own), _) => self.at(own, depth + 1),
                (None, Some((id, attribute))) => {
                    Value::String(self.attribute(id, attribute, depth + 1)?)
                }
                (None, None) => self.reference(name, depth + 1)?,
            };
            out.push_str(&text_of(&value)?);
        }
        out.push_str(rest);
        (out.len() <= TEXT_MAX).then_some(Value::String(out))
    }
}

/// Returns a parameter's default, as a list if it is of such a type. `None` if it has none, or the
/// default only says where the value is (SSM). With `NoEcho` the value is a secret, and a mark
/// stands for it.
fn parameter_value(parameter: &Value) -> Option<Value> {
    let kind = parameter.get("Type").and_then(Value::as_str).unwrap_or("String");
    let secret = parameter.get("NoEcho").is_some_and(|it| it == true || it == "true");
    if secret {
        return Some(json!({ SENSITIVE: null }));
    }
    // The default of these is the name of what holds the value.
    if kind.starts_with("AWS::SSM::Parameter") {
        return None;
    }
    let default = text_of(parameter.get("Default")?)?;
    let list = kind == "CommaDelimitedList" || kind.starts_with("List<");
    Some(if list {
        default.split(',').map(|it| json!(it.trim())).collect()
    } else {
        json!(default)
    })
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A call of a function.
pub(super) fn call(value: &Value) -> Option<(&str, &Value)> {
    let map = value.as_object().filter(|it| it.len() == 1)?;
    let (function, argument) = map.iter().next()?;
    (function == "Ref" || function.starts_with("Fn::")).then_some((function.as_str(), argument))
}
