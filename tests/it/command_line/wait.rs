//! What `status --wait` says while it waits, against an API that answers by a script.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    thread,
};

use serde_json::{Value, json};

use super::User;

/// The address of a server that gives these answers, one a request, and the last one again and again.
fn serves(answers: Vec<Value>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let head = BufReader::new(stream.try_clone().unwrap()).lines();
            head.map_while(Result::ok).take_while(|it| !it.is_empty()).for_each(drop);
            let body = answers[number.min(answers.len() - 1)].to_string();
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            )
            .unwrap();
        }
    });
    address
}

fn answer(objects: &Value) -> Value {
    json!({ "objects": objects, "source": { "snapshot": "a1", "documents": 1 } })
}

fn resize(status: &str, reason: &str) -> Value {
    let object = json!({ "key": "default/Function/resize", "name": "resize", "status": status, "reason": reason });
    answer(&json!([object]))
}

fn story() -> Vec<Value> {
    vec![
        answer(&json!([])),
        resize("progressing", "Updating"),
        resize("progressing", "Updating"),
        resize("synced", "InSync"),
    ]
}

#[test]
fn each_change_of_what_is_waited_for_is_one_line() {
    let user = User::new();
    let url = serves(story());
    let words = ["status", "resize", "--wait", "--url", &url, "-o", "json"];
    let ended = user.run(&words);
    assert_eq!(ended.code, 0, "{ended:?}");
    let lines: Vec<&str> = ended.err.lines().collect();
    assert_eq!(
        lines,
        [
            "waiting: no object is called `resize` yet",
            "waiting: default/Function/resize is progressing (Updating)",
        ]
    );
    assert!(ended.out.starts_with('{') && ended.out.contains("\"synced\""), "{ended:?}");
}

#[test]
fn quiet_waits_without_a_word() {
    let user = User::new();
    let url = serves(story()[1..].to_vec());
    let ended = user.run(&["status", "resize", "--wait", "-q", "--url", &url, "-o", "json"]);
    assert!(ended.code == 0 && ended.err.is_empty(), "{ended:?}");
}

#[test]
fn what_never_comes_is_told_with_its_reason() {
    let user = User::new();
    let url = serves(vec![resize("failed", "Denied")]);
    let ended = user.run(&["status", "--wait", "--timeout", "1s", "--url", &url, "-o", "json"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(
        ended.err.ends_with("not synced within 1s: default/Function/resize is failed (Denied)\n"),
        "{ended:?}"
    );
}
