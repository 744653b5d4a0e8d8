//! Requests as they go over the wire, without an SDK that could hide something.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Map, Value};

/// Who asks: moto and the stand-in read the service and the Region from here.
const KEY: &str = "AKIACONTRACT";
const REGION: &str = "us-east-1";

/// Sends rows.
#[derive(Debug, Clone)]
pub struct Client {
    endpoint: String,
    agent: ureq::Agent,
}

/// What is asked.
#[derive(Debug)]
pub struct Request<'a> {
    /// `METHOD /path` of Lambda, or an operation of another service as `ecr:Name`.
    pub call: &'a str,
    pub body: &'a Value,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub code: Option<String>,
    pub message: String,
    pub body: Value,
}

impl Client {
    pub fn new(endpoint: String) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .build();
        Self { endpoint, agent: config.into() }
    }

    /// Sends a row's request.
    pub fn send(
        &self,
        asked: &Request<'_>,
        saved: &BTreeMap<String, String>,
    ) -> Result<Answer, String> {
        let call = filled_text(asked.call, saved);
        let (service, method, path, target) = route(&call);
        let mut headers: Vec<(&str, String)> = vec![(
            "authorization",
            format!(
                "AWS4-HMAC-SHA256 Credential={KEY}/20260101/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=0"
            ),
        )];
        let mut body = match asked.body {
            Value::Null => String::new(),
            body => filled(body, saved).to_string(),
        };
        match service {
            "sts" => {
                body = format!("Action={target}&Version=2011-06-15");
                headers.push(("content-type", "application/x-www-form-urlencoded".into()));
            }
            "lambda" => headers.push(("content-type", "application/json".into())),
            _ => {
                headers.push(("content-type", "application/x-amz-json-1.1".into()));
                headers.push(("x-amz-target", target.clone()));
            }
        }
        let url = format!("{}{path}", self.endpoint);
        let mut request = http::Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.body(body).map_err(|error| error.to_string())?;
        let mut response = self.agent.run(request).map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let header = response.headers().get("x-amzn-errortype");
        let header = header.and_then(|it| it.to_str().ok()).map(str::to_owned);
        let text = response.body_mut().read_to_string().map_err(|error| error.to_string())?;
        Ok(answer(status, header, text))
    }

    /// Tells the stand-in something by its own door.
    pub fn prepare(&self, path: &str, body: &Value) -> Result<(), String> {
        let url = format!("{}/_sim/{path}", self.endpoint);
        let response = self.agent.post(url).send(body.to_string());
        let response = response.map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        if status == 200 { Ok(()) } else { Err(format!("{path}: {status}")) }
    }
}

/// `POST /path` is Lambda's; `ecr:CreateRepository` and the like are the others'.
fn route(call: &str) -> (&'static str, Method, String, String) {
    if let Some((method, path)) = call.split_once(' ') {
        return ("lambda", method.parse().unwrap(), path.to_owned(), String::new());
    }
    let (service, operation) = call.split_once(':').unwrap();
    let (service, target) = match service {
        "ecr" => ("ecr", format!("AmazonEC2ContainerRegistry_V20150921.{operation}")),
        "logs" => ("logs", format!("Logs_20140328.{operation}")),
        "application-autoscaling" => {
            ("application-autoscaling", format!("AnyScaleFrontendService.{operation}"))
        }
        "tagging" => ("tagging", format!("ResourceGroupsTaggingAPI_20170126.{operation}")),
        "sts" => ("sts", operation.to_owned()),
        other => panic!("{other} is no service"),
    };
    (service, Method::POST, "/".into(), target)
}

fn answer(status: u16, header: Option<String>, text: String) -> Answer {
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    let word = |names: &[&str]| names.iter().find_map(|it| body[*it].as_str()).map(str::to_owned);
    let code = header.or_else(|| word(&["__type", "code"])).filter(|_| status >= 300);
    // Some write `namespace#Code` or `Code:url`.
    let code = code.map(|it| {
        let it = it.split(':').next().unwrap().to_owned();
        it.rsplit('#').next().unwrap().to_owned()
    });
    let message = word(&["message", "Message"]).unwrap_or_default();
    Answer { status, code, message, body }
}

/// Puts saved values where `${name}` stands.
pub fn filled(value: &Value, saved: &BTreeMap<String, String>) -> Value {
    match value {
        Value::String(text) => Value::String(filled_text(text, saved)),
        Value::Array(all) => all.iter().map(|it| filled(it, saved)).collect(),
        Value::Object(all) => {
            let all = all.iter().map(|(key, it)| (key.clone(), filled(it, saved)));
            Value::Object(all.collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

fn filled_text(text: &str, saved: &BTreeMap<String, String>) -> String {
    saved
        .iter()
        .fold(text.to_owned(), |text, (name, value)| text.replace(&format!("${{{name}}}"), value))
}
