//! The log of the real binary on the stand-in: what its lines name, and that the reference page has every message.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::common::{root, scene::Scene};

impl Scene {
    /// The lines of the daemon's log with this message.
    fn lines(&self, message: &str) -> Vec<Value> {
        let log = self.log();
        let lines = log.lines().filter_map(|it| serde_json::from_str::<Value>(it).ok());
        lines.filter(|it| it["message"] == message).collect()
    }
}

/// People look for the object that they know, not for the engine that keeps a part of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_line_names_the_object_and_its_facet_as_people_see_them() {
    let scene = Scene::new().await;
    scene.manifest("  url: { authType: AWS_IAM }\n");
    let daemon = scene.start();
    scene.until("in sync", |it| it.row("Url")["status"] == "synced").await;
    scene.lambda("UpdateFunctionUrlConfig", None, json!({ "AuthType": "NONE" }));
    scene.until("drift is told", |it| !it.lines("drifted").is_empty()).await;
    drop(daemon);
    let place = |it: &Value| (it["object"].clone(), it["facet"].clone());
    let url = (json!("default/Function/job"), json!("url"));
    assert_eq!(scene.lines("drifted").iter().map(place).collect::<Vec<_>>(), [url.clone()]);
    let applied: Vec<_> = scene.lines("applied").iter().map(|it| place(&it["span"])).collect();
    let function = (json!("default/Function/job"), json!("function"));
    assert!(applied.contains(&function) && applied.contains(&url), "{applied:?}");
    for line in scene.log().lines().filter_map(|it| serde_json::from_str::<Value>(it).ok()) {
        assert!(line.get("key").is_none() && line["span"].get("key").is_none(), "{line}");
    }
}

#[test]
fn every_message_stands_on_the_page_of_the_log() {
    let page = fs::read_to_string(root().join("docs/reference/logs.md")).unwrap();
    let mut found = Vec::new();
    for folder in ["src/daemon", "src/cli"] {
        messages(&root().join(folder), &mut found);
    }
    assert!(found.contains(&"drifted".to_owned()) && found.len() > 30, "{found:?}");
    let missing: Vec<_> = found.iter().filter(|it| !page.contains(&format!("`{it}`"))).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Collects the messages of all lines above debug below a folder.
fn messages(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            messages(&path, found);
            continue;
        }
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for name in ["info!(", "warn!(", "error!("] {
            let calls = text.match_indices(name).filter(|(at, _)| {
                // Not `print_error!(` and the like.
                !text[..*at].ends_with(|it: char| it.is_alphanumeric() || it == '_')
            });
            found.extend(calls.filter_map(|(at, _)| message(&text[at..])));
        }
    }
}

/// The last text of a call, which is its message; `None` if that is put together.
fn message(call: &str) -> Option<String> {
    let (arguments, _) = call.split_once(");")?;
    let arguments = arguments.replace("\\\n", "");
    let words: Vec<&str> = arguments.split('"').collect();
    let message = words.get(words.len().checked_sub(2)?)?;
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    (!message.contains('{')).then_some(message)
}
