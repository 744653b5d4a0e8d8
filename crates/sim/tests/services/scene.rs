//! A stand-in on a port of its own, and requests to it, byte by byte.

use evenkeel_sim::{
    call::{Call, Caller, Service},
    fault::Rule,
    server::Sim,
    world::Options,
};
use http::{HeaderMap, Method, Request, header::HOST};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{net::TcpStream, task::JoinSet};

pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const REGION: &str = "us-east-1";

/// What came back.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |it| it.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The code of OCI's first error.
    pub(crate) fn code(&self) -> String {
        self.json()["errors"][0]["code"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn caller() -> Caller {
    Caller { account: ACCOUNT.into(), region: REGION.into(), key: "hand".into() }
}

pub(crate) struct Scene {
    pub(crate) sim: Sim,
    /// The header of those who were let in.
    pub(crate) token: String,
}

impl Scene {
    pub(crate) async fn new(options: Options) -> Self {
        let sim = Sim::start(options, ([127, 0, 0, 1], 0).into()).await.unwrap();
        let mut scene = Self { sim, token: String::new() };
        scene.aws(Service::Ecr, "CreateRepository", ("team/jobs", json!({})));
        scene.log_in();
        scene
    }

    /// A token, as of now.
    pub(crate) fn log_in(&mut self) {
        let data = self.aws(Service::Ecr, "GetAuthorizationToken", ("", json!({})));
        let token = data["authorizationData"][0]["authorizationToken"].as_str().unwrap();
        self.token = format!("Basic {token}");
    }

    /// A call of AWS's own API.
    pub(crate) fn aws(
        &self,
        service: Service,
        operation: &'static str,
        (resource, body): (&str, Value),
    ) -> Value {
        let call = Call::by(caller(), (service, operation), (resource, body));
        self.sim.by_call(&call).unwrap_or_else(|it| panic!("{operation}: {}", it.message)).body
    }

    /// The function `job` has taken what it was told.
    pub(crate) async fn settled(&self) {
        let shown = || self.aws(Service::Lambda, "GetFunctionConfiguration", ("job", Value::Null));
        while shown()["LastUpdateStatus"] != "Successful" {
            tokio::task::yield_now().await;
        }
    }

    pub(crate) fn faults(&self, rules: Value) {
        let rules: Vec<Rule> = serde_json::from_value(rules).unwrap();
        let now = self.sim.shared.now();
        self.sim.shared.world().faults(1, rules, now);
    }

    /// A request with the token; none comes back if the connection was cut.
    pub(crate) async fn ask(
        &self,
        (method, path): (&str, &str),
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Option<Got> {
        let path = path.strip_prefix(&self.sim.url()).unwrap_or(path);
        let mut request = Request::builder().method(method.parse::<Method>().unwrap()).uri(path);
        request = request.header(HOST, self.sim.addr.to_string());
        if !headers.iter().any(|it| it.0 == "authorization") {
            request = request.header("authorization", &self.token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let stream = TcpStream::connect(self.sim.addr).await.unwrap();
        let (mut send, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(connection);
        let answer = send.send_request(request.body(Full::new(body.into())).unwrap()).await.ok()?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        Some(Got { status: head.status.as_u16(), headers: head.headers, body })
    }
}
