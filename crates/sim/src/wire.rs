//! From HTTP to [`Call`], and from [`Answer`] to HTTP, in each service's own protocol.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode, Uri, header::HeaderName, header::HeaderValue};
use http_body_util::Full;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use crate::{
    call::{Answer, Call, Caller, Refusal, Reply, Service},
    ecr::oci::{self, token::Token},
    name::{self, Rules},
    route,
};

/// The account of credentials whose key id is not an account's number.
pub(crate) const ACCOUNT: &str = "123456789012";

/// One request as it came.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What every call has: its query, its headers, who asks.
fn bare(request: &Request, caller: Caller, service: Service) -> Call {
    let header = |(name, value): (&HeaderName, &HeaderValue)| {
        (name.to_string(), value.to_str().unwrap_or_default().to_owned())
    };
    Call {
        query: pairs(request.uri.query().unwrap_or_default()),
        headers: request.headers.iter().map(header).collect(),
        ..Call::by(caller, (service, ""), ("", Value::Null))
    }
}

/// Takes a request apart; an error is the answer to it, in the protocol of the service if that is clear.
pub(crate) fn call(request: &Request) -> Result<Call, (Service, Refusal)> {
    if oci::is_ours(request.uri.path()) {
        return registry(request).map_err(|refusal| (Service::Registry, refusal));
    }
    let target = header(&request.headers, "x-amz-target").unwrap_or_default();
    let (caller, scope) = caller(&request.headers);
    let service = match (target.split(['_', '.']).next().unwrap_or_default(), scope.as_str()) {
        ("AmazonEC2ContainerRegistry", _) => Service::Ecr,
        ("Logs", _) => Service::Logs,
        ("AnyScaleFrontendService", _) => Service::Scaling,
        ("ResourceGroupsTaggingAPI", _) => Service::Tagging,
        (_, "sts") => Service::Sts,
        (_, "monitoring") => Service::CloudWatch,
        _ => Service::Lambda,
    };
    if caller.key.is_empty() {
        let text = "Request is missing Authentication Token";
        return Err((service, Refusal::new(403, "MissingAuthenticationTokenException", text)));
    }
    let call = bare(request, caller, service);
    let filled = match service {
        Service::Lambda => rest(call, request),
        Service::Ecr | Service::Logs | Service::Scaling | Service::Tagging => {
            json11(call, request, &target)
        }
        Service::Sts => form(call, request),
        // It has a door of its own.
        Service::Registry => Ok(call),
        Service::CloudWatch => crate::cloudwatch::call(call, (request.uri.path(), &request.body)),
    };
    filled.map_err(|refusal| (service, refusal))
}

/// A call of a container tool: whose it is stands in its password.
fn registry(request: &Request) -> Result<Call, Refusal> {
    let given = header(&request.headers, "authorization");
    let token = given.as_deref().and_then(Token::read);
    let host = header(&request.headers, "host");
    let caller = token.ok_or_else(|| oci::unauthorized(host.as_deref()))?.caller;
    let call = Call { data: request.body.clone(), ..bare(request, caller, Service::Registry) };
    oci::call(call, &request.method, request.uri.path())
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …`. Signatures are not checked.
fn caller(headers: &HeaderMap) -> (Caller, String) {
    let text = header(headers, "authorization").unwrap_or_default();
    let scope = text.split("Credential=").nth(1).and_then(|it| it.split(',').next());
    let mut parts = scope.unwrap_or_default().split('/');
    let key = parts.next().unwrap_or_default().to_owned();
    let region = parts.nth(1).unwrap_or_default().to_owned();
    let service = parts.next().unwrap_or_default().to_owned();
    // Keys of assumed roles are the account's number, and a name for the caller.
    let digits: String = key.chars().take_while(char::is_ascii_digit).collect();
    let account = if digits.len() == 12 { digits } else { ACCOUNT.to_owned() };
    (Caller { account, region, key }, service)
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn pairs(query: &str) -> Vec<(String, String)> {
    let pair = |text: &str| {
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        (decoded(&key.replace('+', " ")), decoded(&value.replace('+', " ")))
    };
    query.split('&').filter(|it| !it.is_empty()).map(pair).collect()
}

fn rest(mut call: Call, request: &Request) -> Result<Call, Refusal> {
    let unknown = || Refusal::new(404, "UnknownOperationException", "Unknown operation");
    let found = route::find(request.method.as_str(), request.uri.path()).ok_or_else(unknown)?;
    call.operation = match found.operation {
        "GetProvisionedConcurrencyConfig" if call.param("List").is_some() => {
            "ListProvisionedConcurrencyConfigs"
        }
        operation => operation,
    };
    call.rest = found.rest.iter().map(|it| decoded(it)).collect();
    call.body = match call.operation {
        // An event is whatever the function takes.
        "Invoke" => json!(BASE64_STANDARD.encode(&request.body)),
        _ => body(&request.body)?,
    };
    if matches!(call.operation, "ListTags" | "TagResource" | "UntagResource") {
        name::tagged(call.part(0))?;
    }
    let about = found.function.map(decoded);
    let arn = call.rest.first().filter(|it| it.contains(":function:")).cloned();
    let named = call.text("FunctionName").map(str::to_owned);
    // A creation has to say a name.
    let named = named.or_else(|| (call.operation == "CreateFunction").then(String::new));
    if let Some(text) = about.or(arn).or(named) {
        let rules = match call.operation {
            "CreateFunction" => Rules::Create,
            _ => Rules::Other,
        };
        let named = name::function(&text, &call.caller, rules)?;
        call.resource = named.name;
        call.qualifier = name::qualifier(call.param("Qualifier"), named.qualifier, call.operation)?;
    }
    Ok(call)
}

fn body(bytes: &Bytes) -> Result<Value, Refusal> {
    if bytes.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    serde_json::from_slice(bytes).map_err(|error| {
        let text = format!("Could not parse request body into json: {error}");
        Refusal::new(400, "InvalidRequestContentException", text).user()
    })
}

fn json11(mut call: Call, request: &Request, target: &str) -> Result<Call, Refusal> {
    let name = target.rsplit('.').next().unwrap_or_default();
    let known = crate::ecr::OPERATIONS.iter().chain(crate::tagging::OPERATIONS);
    let known = known.chain(crate::logs::OPERATIONS).chain(crate::scaling::OPERATIONS);
    let unknown = || Refusal::new(400, "UnknownOperationException", "Unknown operation");
    call.operation = known.copied().find(|it| *it == name).ok_or_else(unknown)?;
    call.body = serde_json::from_slice(&request.body)
        .map_err(|error| Refusal::new(400, "SerializationException", error.to_string()))?;
    let arn = call.text("resourceArn").and_then(|it| it.split(":repository/").nth(1));
    let named =
        ["repositoryName", "logGroupName", "ResourceId"].into_iter().find_map(|it| call.text(it));
    let named = named.or_else(|| call.text("logGroupIdentifier").map(crate::logs::name));
    call.resource = named.or(arn).unwrap_or_default().to_owned();
    Ok(call)
}

fn form(mut call: Call, request: &Request) -> Result<Call, Refusal> {
    let fields = pairs(&String::from_utf8_lossy(&request.body));
    let action = fields.iter().find(|(key, _)| key == "Action").map(|(_, it)| it.as_str());
    call.operation = match action {
        Some("GetCallerIdentity") => "GetCallerIdentity",
        Some("AssumeRole") => "AssumeRole",
        _ => return Err(Refusal::new(400, "InvalidAction", "Could not find operation")),
    };
    call.query = fields;
    Ok(call)
}

/// What goes over the wire.
pub(crate) fn response(service: Service, answer: Answer, id: &str) -> Response<Full<Bytes>> {
    let (mut response, extra) = match answer {
        Ok(reply) => success(service, reply),
        Err(refusal) => error(service, refusal, id),
    };
    let mut put = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    };
    put("x-amzn-requestid", id);
    if service == Service::CloudWatch {
        put("smithy-protocol", "rpc-v2-cbor");
    }
    if service == Service::Registry {
        put("docker-distribution-api-version", "registry/2.0");
    }
    for (name, value) in extra {
        put(name, &value);
    }
    response
}

type Headers = Vec<(&'static str, String)>;

fn success(service: Service, reply: Reply) -> (Response<Full<Bytes>>, Headers) {
    let mut headers = reply.headers;
    let bytes = match (reply.raw, &reply.body) {
        (Some(raw), _) => raw,
        (None, body) if service == Service::CloudWatch => crate::cloudwatch::bytes(body),
        (None, Value::Null) => Bytes::new(),
        (None, body) => Bytes::from(body.to_string()),
    };
    if !headers.iter().any(|it| it.0 == "content-type") {
        headers.push(("content-type", media(service).to_owned()));
    }
    (plain(reply.status, bytes), headers)
}

fn error(service: Service, refusal: Refusal, id: &str) -> (Response<Full<Bytes>>, Headers) {
    let mut headers = refusal.headers;
    headers.push(("content-type", media(service).to_owned()));
    if let Some(seconds) = refusal.retry_after {
        headers.push(("retry-after", seconds.to_string()));
    }
    let code = refusal.code.to_string();
    let body = match service {
        Service::Sts => format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{}</Message></Error><RequestId>{id}</RequestId></ErrorResponse>",
            refusal.message
        ),
        Service::Lambda => {
            headers.push(("x-amzn-errortype", code));
            let extra = refusal.extra.into_iter();
            let mut body: Map<String, Value> =
                extra.map(|(key, it)| (key.to_owned(), it)).collect();
            // AWS writes the message of its own errors with a capital; that of its front door without.
            let word = if body.contains_key("Type") { "Message" } else { "message" };
            body.insert(word.to_owned(), refusal.message.into());
            Value::Object(body).to_string()
        }
        Service::Ecr | Service::Logs | Service::Scaling | Service::Tagging => {
            json!({ "__type": code, "message": refusal.message }).to_string()
        }
        Service::Registry if code.is_empty() => String::new(),
        Service::Registry => {
            json!({ "errors": [{ "code": code, "message": refusal.message }] }).to_string()
        }
        Service::CloudWatch => {
            let body = json!({ "__type": code, "message": refusal.message });
            return (plain(refusal.status, crate::cloudwatch::bytes(&body)), headers);
        }
    };
    (plain(refusal.status, Bytes::from(body)), headers)
}

fn media(service: Service) -> &'static str {
    match service {
        Service::Lambda | Service::Registry => "application/json",
        Service::Ecr | Service::Logs | Service::Scaling | Service::Tagging => {
            "application/x-amz-json-1.1"
        }
        Service::Sts => "text/xml",
        Service::CloudWatch => "application/cbor",
    }
}

/// A response with nothing but a status and a body.
pub(crate) fn plain(status: u16, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_decoded() {
        assert_eq!(
            pairs("tagKeys=a%2Fb&tagKeys=c+d&x"),
            [("tagKeys", "a/b"), ("tagKeys", "c d"), ("x", "")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
    }
}
