//! The SDK on recorded answers: no network, no clock but the tokio runtime's.

use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_http_client::test_util::infallible_client_fn;
use aws_smithy_types::body::SdkBody;
use evenkeel::{
    aws::{
        calls::{CallLog, CallRecord, Calls, QuotaShares},
        clients::Clients,
    },
    daemon::clock::SystemClock,
    engine::{name::Name, time::Clock},
};

/// One answer: status, headers, body.
pub type Answer = (u16, Vec<(&'static str, String)>, String);

/// A request as it went out.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub target: String,
    pub body: String,
}

/// What was asked and counted.
#[derive(Default)]
pub struct Tape {
    pub asked: Mutex<Vec<Asked>>,
    pub codes: Mutex<Vec<String>>,
}

impl CallLog for Tape {
    fn record(&self, call: &CallRecord<'_>) {
        self.codes.lock().unwrap().push(format!("{} {}", call.op.name(), call.code));
    }
}

/// Clients and the door to them. `answer` decides what comes back.
pub fn aws(
    answer: impl Fn(usize, &Asked) -> Answer + Send + Sync + 'static,
) -> (Clients, Arc<Calls>, Arc<Tape>) {
    let tape = Arc::new(Tape::default());
    let record = Arc::clone(&tape);
    let http = infallible_client_fn(move |request: http::Request<SdkBody>| {
        let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        let target = request.headers().get("x-amz-target");
        let asked = Asked {
            method: request.method().to_string(),
            path,
            target: target.map(|it| it.to_str().unwrap().to_owned()).unwrap_or_default(),
            body: String::from_utf8(request.body().bytes().unwrap_or_default().to_vec()).unwrap(),
        };
        let number = {
            let mut all = record.asked.lock().unwrap();
            all.push(asked.clone());
            all.len() - 1
        };
        let (status, headers, body) = answer(number, &asked);
        let mut response = http::Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(name, value);
        }
        response.body(SdkBody::from(body)).unwrap()
    });
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
        .retry_config(RetryConfig::disabled())
        .http_client(http)
        .build();
    let clients = Clients::of(&config).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let log: Arc<dyn CallLog> = Arc::clone(&tape) as Arc<dyn CallLog>;
    // Recorded answers have no quota.
    let calls = Arc::new(Calls::new(Name::new("default"), QuotaShares::of(1_000.0), &clock, log));
    (clients, calls, tape)
}

pub fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// AWS's way to say no.
pub fn error(status: u16, code: &str, message: &str) -> Answer {
    let body = serde_json::json!({ "message": message, "Message": message }).to_string();
    (status, vec![("x-amzn-errortype", code.to_owned())], body)
}

pub fn ok(body: serde_json::Value) -> Answer {
    (200, Vec::new(), body.to_string())
}
