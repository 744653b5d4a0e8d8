//! The function against servers of a few lines: what it asks them, and what it makes of their answers.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread::JoinHandle,
};

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    log::Log,
    runtime::{Call, Runtime},
    settings::Settings,
    work::Work,
};

const REQUEST: &str = "6b5ab3e4-0000-4000-8000-000000000001";

/// A server that gives each connection the next answer, and hands back what it was asked.
struct Server {
    address: String,
    asked: JoinHandle<Vec<String>>,
}

impl Server {
    fn new(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let answers: Vec<String> = answers.iter().map(|it| (*it).to_owned()).collect();
        let serve = move || answers.iter().map(|it| exchange(&listener, it)).collect();
        Self { address, asked: std::thread::spawn(serve) }
    }

    fn asked(self) -> Vec<String> {
        self.asked.join().unwrap()
    }
}

fn exchange(listener: &TcpListener, answer: &str) -> String {
    let (mut stream, _) = listener.accept().unwrap();
    let asked = request(&mut stream);
    stream.write_all(answer.as_bytes()).unwrap();
    asked
}

/// The head, and as much of a body as it announces.
fn request(stream: &mut TcpStream) -> String {
    let (mut text, mut byte) = (String::new(), [0]);
    while !text.ends_with("\r\n\r\n") {
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "{text}");
        text.push(char::from(byte[0]));
    }
    let head = text.to_ascii_lowercase();
    let length = head
        .split("content-length: ")
        .nth(1)
        .map_or(0, |it| it.lines().next().unwrap().parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    text + std::str::from_utf8(&body).unwrap()
}

fn http(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    )
}

fn settings(server: &Server, more: &[(&str, &str)]) -> Settings {
    let url = format!("http://{}", server.address);
    let all = [
        ("AWS_ENDPOINT_URL_S3", url.as_str()),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];
    let find =
        |name: &str| all.iter().chain(more).find(|it| it.0 == name).map(|it| it.1.to_owned());
    Settings::read(find).unwrap()
}

fn answer(
    server: &Server,
    more: &[(&str, &str)],
    event: &Value,
    deadline: Option<u64>,
) -> Result<Value, Failure> {
    let call = Call { id: REQUEST.into(), deadline, event: event.to_string().into_bytes() };
    Work::new(settings(server, more)).answer(&call, &Log::of(REQUEST))
}

fn object() -> Value {
    json!({ "bucket": "reads", "key": "run 1/a.fa" })
}

#[test]
fn an_event_is_fetched_and_answered() {
    let headers =
        format!("lambda-runtime-aws-request-id: {REQUEST}\r\nlambda-runtime-deadline-ms: 17\r\n");
    let taken = http("202 Accepted", "", "{}");
    let server =
        Server::new(&[&http("200 OK", &headers, "{\"fasta\": \">a\"}"), &taken, &taken, &taken]);
    let runtime = Runtime::new(&server.address);
    let call = runtime.next().unwrap();
    assert_eq!((call.id.as_str(), call.deadline), (REQUEST, Some(17)));
    runtime.answer(&call.id, &json!({ "length": 4 })).unwrap();
    runtime.fail(&call.id, &Failure::Fasta("line 1".into())).unwrap();
    runtime.refuse(&Failure::Settings("no".into())).unwrap();
    let asked = server.asked();
    let path = format!("/2018-06-01/runtime/invocation/{REQUEST}");
    assert!(asked[0].starts_with("GET /2018-06-01/runtime/invocation/next "), "{}", asked[0]);
    assert!(
        asked[1].starts_with(&format!("POST {path}/response "))
            && asked[1].ends_with("{\"length\":4}")
    );
    assert!(asked[2].starts_with(&format!("POST {path}/error ")), "{}", asked[2]);
    assert!(asked[2].contains("lambda-runtime-function-error-type: NotFasta\r\n"), "{}", asked[2]);
    assert!(
        asked[2].ends_with("{\"errorMessage\":\"line 1\",\"errorType\":\"NotFasta\"}"),
        "{}",
        asked[2]
    );
    assert!(asked[3].starts_with("POST /2018-06-01/runtime/init/error "), "{}", asked[3]);
}

#[test]
fn an_object_is_read_and_its_result_stored() {
    let server = Server::new(&[&http("200 OK", "", ">a\r\nACGT\r\n"), &http("200 OK", "", "")]);
    let answer = answer(&server, &[("RESULT_BUCKET", "results")], &object(), None).unwrap();
    assert_eq!(answer["source"], "s3://reads/run 1/a.fa");
    assert_eq!(answer["result"], "s3://results/counts/reads/run 1/a.fa.json");
    let asked = server.asked();
    assert!(
        asked[0].starts_with("GET /reads/run%201/a.fa?X-Amz-Algorithm=AWS4-HMAC-SHA256&"),
        "{}",
        asked[0]
    );
    assert!(asked[1].starts_with("PUT /results/counts/reads/run%201/a.fa.json?"), "{}", asked[1]);
    let stored: Value = serde_json::from_str(asked[1].split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!((&stored["length"], &stored["source"]), (&json!(4), &answer["source"]));
}

#[test]
fn a_notice_of_a_result_is_not_counted() {
    let server = Server::new(&[]);
    let key = "counts/reads/a.fa.json";
    let event = json!({ "Records": [{ "s3": { "bucket": { "name": "results" }, "object": { "key": key } } }] });
    let answer = answer(&server, &[("RESULT_BUCKET", "results")], &event, None).unwrap();
    assert_eq!(answer, json!({ "skipped": format!("s3://results/{key} is a result") }));
}

#[test]
fn what_s3_refuses_is_told_in_words() {
    let code =
        |status: &str, code: &str| http(status, "", &format!("<Error><Code>{code}</Code></Error>"));
    for (given, kind, said) in [
        (
            code("404 Not Found", "NoSuchKey"),
            "NoSuchObject",
            "there is no object s3://reads/run 1/a.fa",
        ),
        (code("404 Not Found", "NoSuchBucket"), "NoSuchObject", "there is no bucket reads"),
        (code("403 Forbidden", "AccessDenied"), "StorageFailed", "needs s3:GetObject"),
        (code("301 Moved", "PermanentRedirect"), "StorageFailed", "in another Region"),
        (http("503 Slow Down", "", "no XML"), "StorageFailed", "could not be read (503)"),
        // Half of it is no count.
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n>a\nACGT".into(),
            "StorageFailed",
            "not be read to its end",
        ),
        (http("200 OK", "", ">a\nAC!T"), "NotFasta", "s3://reads/run 1/a.fa: line 2, column 3"),
        (http("200 OK", "", ""), "NotFasta", "s3://reads/run 1/a.fa: the text is empty"),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 1048577\r\n\r\n".into(),
            "TooLarge",
            "larger than 1 MB",
        ),
    ] {
        let server = Server::new(&[&given]);
        let failure = answer(&server, &[("OBJECT_MAX_MB", "1")], &object(), None).unwrap_err();
        assert_eq!(failure.kind(), kind, "{failure}");
        assert!(failure.to_string().contains(said), "{failure}");
        assert!(!failure.to_string().contains("X-Amz-Signature"), "{failure}");
        server.asked();
    }
}

#[test]
fn without_a_length_the_limit_holds_too() {
    let text = format!(">a\n{}\n", "ACGT".repeat(300_000));
    let given = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{text}");
    let server = Server::new(&[&given]);
    let found = answer(&server, &[], &object(), None).unwrap();
    assert_eq!(found["counts"]["G"], 300_000);
    let server = Server::new(&[&given]);
    let failure = answer(&server, &[("OBJECT_MAX_MB", "1")], &object(), None).unwrap_err();
    assert_eq!(failure.kind(), "TooLarge");
}

#[test]
fn a_run_that_lambda_would_end_ends_before() {
    // It is too late to ask for anything.
    let server = Server::new(&[]);
    let failure = answer(&server, &[], &object(), Some(17)).unwrap_err();
    assert_eq!(failure.kind(), "TooLate");
    assert!(failure.to_string().contains("set it or the memory higher"), "{failure}");
}

#[test]
fn a_text_that_comes_to_a_stop_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answers = "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n>a\nACGT";
    let silent = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        request(&mut stream);
        stream.write_all(answers.as_bytes()).unwrap();
        // Until the other side has had enough.
        stream.read(&mut [0]).unwrap_or_default()
    });
    let server = Server { address, asked: std::thread::spawn(Vec::new) };
    let failure = answer(&server, &[], &object(), Some(in_a_moment())).unwrap_err();
    assert_eq!(failure.kind(), "TooLate", "{failure}");
    assert_eq!(silent.join().unwrap(), 0);
}

/// A deadline that leaves a fifth of a second for reading.
#[expect(clippy::disallowed_methods, reason = "a deadline is a moment")]
fn in_a_moment() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap() + 1200
}

#[test]
fn without_credentials_nothing_is_asked() {
    let server = Server::new(&[]);
    let settings = Settings { credentials: None, ..settings(&server, &[]) };
    let call =
        Call { id: REQUEST.into(), deadline: None, event: object().to_string().into_bytes() };
    let failure = Work::new(settings).answer(&call, &Log::of(REQUEST)).unwrap_err();
    assert!(failure.to_string().contains("no credentials"), "{failure}");
}

#[test]
fn over_http_a_failure_is_an_answer() {
    let server = Server::new(&[]);
    let post = |body: &str| json!({ "requestContext": { "http": {} }, "body": body, "isBase64Encoded": false });
    for (body, status, said) in [
        (">a\nACGT", 200, "\"length\":4"),
        ("{\"fasta\": \">a\\nACGT\"}", 200, "\"length\":4"),
        ("ACGT", 400, "\"errorType\":\"NotFasta\""),
        ("", 400, "the request has no body"),
    ] {
        let found = answer(&server, &[], &post(body), None).unwrap();
        assert_eq!(found["statusCode"], status, "{found}");
        assert!(found["body"].as_str().unwrap().contains(said), "{found}");
    }
    let call = Call { id: REQUEST.into(), deadline: None, event: b"{".to_vec() };
    let failure = Work::new(settings(&server, &[])).answer(&call, &Log::of(REQUEST)).unwrap_err();
    assert!(failure.to_string().contains("the event is no JSON"), "{failure}");
}
