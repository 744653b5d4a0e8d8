//! The contract between the stand-in and AWS, as far as AWS's documents and recordings tell it: one table of
//! requests, each with the answer that AWS gives. It is run against the stand-in, and, with
//! `CONTRACT_ENDPOINT` set, against moto, an emulator that nobody here wrote. Where moto is known to answer
//! otherwise, the row says how, and by which document AWS does it this way: `docs/reference/contract.md` is
//! made of those rows. [`recorded`] plays what AWS itself was recorded to answer.

#![allow(
    clippy::allow_attributes,
    clippy::disallowed_methods,
    clippy::excessive_nesting,
    clippy::format_push_string,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "tests and their helpers fail loudly"
)]

mod client;
mod page;
mod recorded;
mod row;

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use evenkeel_sim::{
    server::Sim,
    world::{Lags, Options},
};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;

use self::{
    client::{Answer, Client, Request},
    row::{Expected, Row},
};

/// How long a row may take to become what it should.
const DEADLINE: Duration = Duration::from_secs(20);
/// Between two looks at what takes a moment.
const PAUSE: Duration = Duration::from_millis(20);

fn main() {
    let arguments = Arguments::from_args();
    let endpoint = std::env::var("CONTRACT_ENDPOINT").ok();
    let moto = endpoint.is_some();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sim = runtime.block_on(stand_in());
    let client = Client::new(endpoint.unwrap_or_else(|| sim.url()));
    let mut trials: Vec<Trial> = tables()
        .into_iter()
        .map(|(name, rows)| {
            let client = client.clone();
            Trial::test(name, move || play(&rows, &client, moto))
        })
        .collect();
    if !moto {
        trials.push(Trial::test("the page is as the table is", || {
            page::check(&tables());
            Ok(())
        }));
        trials.extend(recorded::trials());
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// A stand-in that loses no time.
async fn stand_in() -> Sim {
    let options = Options {
        quotas: false,
        lags: Lags {
            create: Duration::from_millis(200),
            update: Duration::from_millis(100),
            slow: Duration::from_millis(200),
            ..Lags::default()
        },
        ..Options::default()
    };
    Sim::start(options, "127.0.0.1:0".parse().unwrap()).await.unwrap()
}

/// All tables, by name.
fn tables() -> BTreeMap<String, Vec<Row>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract/table");
    let files = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    let table = |path: std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let rows = yaml_serde::from_str(&fs::read_to_string(&path).unwrap());
        (name.clone(), rows.unwrap_or_else(|error| panic!("{name}: {error}")))
    };
    files.map(table).collect()
}

/// Plays one table from its first row to its last.
fn play(rows: &[Row], client: &Client, moto: bool) -> Result<(), Failed> {
    let mut saved: BTreeMap<String, String> = BTreeMap::new();
    for row in rows {
        let expected = row.expected(moto);
        let began = std::time::Instant::now();
        let answer = loop {
            let answer = client.send(&Request { call: &row.call, body: &row.body }, &saved)?;
            match differs(&answer, expected, &saved) {
                None => break answer,
                Some(_) if row.eventually && began.elapsed() < DEADLINE => {
                    std::thread::sleep(PAUSE);
                }
                Some(text) => {
                    return Err(format!("{}\n{text}\nthe answer: {answer:?}", row.title).into());
                }
            }
        };
        for (name, pointer) in &row.save {
            let value = answer.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            saved.insert(name.clone(), value.to_owned());
        }
    }
    Ok(())
}

/// What is not as it should be.
fn differs(
    answer: &Answer,
    expected: &Expected,
    saved: &BTreeMap<String, String>,
) -> Option<String> {
    if answer.status != expected.status {
        return Some(format!("the status is {}, not {}", answer.status, expected.status));
    }
    if answer.code != expected.code {
        return Some(format!("the code is {:?}, not {:?}", answer.code, expected.code));
    }
    if let Some(part) = expected.message.as_ref().filter(|it| !answer.message.contains(*it)) {
        return Some(format!("the message is {:?}, and lacks {part:?}", answer.message));
    }
    let has = client::filled(&expected.has, saved);
    if let Some(path) = lacking(&has, &answer.body) {
        return Some(format!("{path} is not as it should be"));
    }
    let there = |it: &&String| answer.body.pointer(it).is_some_and(|it| !it.is_null());
    expected.lacks.iter().find(there).map(|it| format!("{it} is there, and should not"))
}

/// The first member that the answer lacks or shows otherwise.
fn lacking(wanted: &Value, found: &Value) -> Option<String> {
    match (wanted, found) {
        (Value::Object(wanted), found) => wanted
            .iter()
            .find_map(|(key, value)| Some(format!("/{key}{}", lacking(value, &found[key])?))),
        (Value::Null, _) => None,
        (Value::String(wanted), Value::String(_)) if wanted == "<any>" => None,
        (wanted, found) => (wanted != found).then(String::new),
    }
}
