//! A function for tests of `--run-images`: it speaks the Lambda runtime API with nothing but the standard library, and
//! does what its event says: `{ "print"?, "env"?, "fail"?, "exit"?, "hang"? }`; and what a good one would not: `{ "flood"?,
//! "fork"?, "size"?, "cross"?, "leave"? }`.

#![expect(clippy::indexing_slicing, reason = "a member that JSON lacks reads as null")]

use std::{
    io::{Error, Read as _, Result, Write as _},
    net::TcpStream,
    os::unix::process::CommandExt as _,
    process::Command,
    time::Duration,
};

use serde_json::{Value, json};

const BASE: &str = "/2018-06-01/runtime";
/// With this argument it does nothing, for a long time.
const LINGER: &str = "linger";

#[expect(clippy::disallowed_methods, reason = "this is how Lambda configures a function")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn main() -> Result<()> {
    if std::env::args().nth(1).as_deref() == Some(LINGER) {
        std::thread::park_timeout(Duration::from_mins(10));
        return Ok(());
    }
    let api = variable("AWS_LAMBDA_RUNTIME_API").ok_or_else(|| Error::other("no runtime API"))?;
    print("starting")?;
    for count in 1.. {
        let (head, event) = ask(&api, ("GET", "invocation/next"), "")?;
        let header = |name: &str| {
            let line = head.lines().find_map(|it| it.strip_prefix(name)?.strip_prefix(": "));
            line.unwrap_or_default().to_owned()
        };
        let id = header("lambda-runtime-aws-request-id");
        let event: Value = serde_json::from_str(&event)?;
        if let Some(text) = event["print"].as_str() {
            print(text)?;
        }
        mischief(&api, &event)?;
        if let Some(code) = event["exit"].as_i64() {
            leave(code);
        }
        if event["hang"] == true {
            std::thread::park();
        }
        if event["fail"] == true {
            let error = json!({ "errorMessage": "no such base: N", "errorType": "BadBase" });
            ask(&api, ("POST", &format!("invocation/{id}/error")), &error.to_string())?;
            continue;
        }
        let answer = json!({
            "count": count,
            "process": std::process::id(),
            "event": event,
            "value": event["env"].as_str().and_then(variable),
            "arguments": std::env::args().skip(1).collect::<Vec<_>>(),
            "folder": std::env::current_dir()?.file_name().and_then(|it| it.to_str()),
            "arn": header("lambda-runtime-invoked-function-arn"),
            "deadline": header("lambda-runtime-deadline-ms"),
            "filler": event["size"].as_u64().map(|it| "x".repeat(usize::try_from(it).unwrap_or(0))),
        });
        ask(&api, ("POST", &format!("invocation/{id}/response")), &answer.to_string())?;
        if let Some(code) = event["leave"].as_i64() {
            leave(code);
        }
    }
    Ok(())
}

/// What a good function would not do.
fn mischief(api: &str, event: &Value) -> Result<()> {
    if event["fork"] == true {
        let program = std::env::args().next().unwrap_or_default();
        // In a group of its own, so that no signal to ours ends it.
        Command::new(program).arg(LINGER).process_group(0).spawn().map(drop)?;
    }
    if event["cross"] == true {
        let (head, _) = ask(api, ("POST", "init/error"), "{}")?;
        print(head.lines().next().unwrap_or_default())?;
    }
    if event["flood"] == true {
        loop {
            print(&"x".repeat(1 << 16))?;
        }
    }
    Ok(())
}

#[expect(clippy::exit, reason = "to end with a code of somebody's choice is what this is for")]
fn leave(code: i64) {
    std::process::exit(i32::try_from(code).unwrap_or(1));
}

fn print(text: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{text}")
}

/// The head and the body of an answer.
fn ask(api: &str, (method, path): (&str, &str), body: &str) -> Result<(String, String)> {
    let mut stream = TcpStream::connect(api)?;
    let length = body.len();
    write!(
        stream,
        "{method} {BASE}/{path} HTTP/1.1\r\nHost: {api}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(|| Error::other("cut off"))?;
    Ok((head.to_owned(), body.to_owned()))
}
