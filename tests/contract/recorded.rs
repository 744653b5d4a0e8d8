//! Answers that AWS itself gave, as others recorded them (`tests/contract/recorded`), played against the stand-in and
//! held against the daemon's sorting of failures. The head of `recorded/image.yaml` says where they are from.
//!
//! The stand-in has to answer all of it as AWS does, but for the words of refusals: those need only mean the same to the
//! daemon. `has` of such a row is the whole body. `<usual>: true` in it stands for the members of [`usual`]; `<?name>` is a
//! text that is the same wherever it stands in a scene, and another one than that of any other name of its sort.

use std::{collections::BTreeMap, fs, path::Path, time::Instant};

use evenkeel::aws::classify::classify;
use libtest_mimic::{Failed, Trial};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    DEADLINE, PAUSE,
    client::{Answer, Client, Request},
    stand_in,
};

/// One function's story, in an account of its own.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scene {
    #[serde(rename = "scene")]
    name: String,
    /// Subnets and security groups that EC2 does not know.
    #[serde(default)]
    unknown: Vec<String>,
    rows: Vec<Exchange>,
}

/// A request and what AWS answered.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    call: String,
    #[serde(default)]
    body: Value,
    /// None: nobody recorded it, and the scene needs it; it is not refused.
    #[serde(default)]
    aws: Option<Outcome>,
    /// Whether it takes a moment to become so.
    #[serde(default)]
    eventually: bool,
    /// What to wait for where nothing was recorded: JSON pointer → value.
    #[serde(default)]
    until: BTreeMap<String, Value>,
    /// Members of the answer for later rows: name → JSON pointer.
    #[serde(default)]
    save: BTreeMap<String, String>,
}

/// An answer: a refusal, or a status with a body.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    status: u16,
    #[serde(default)]
    code: Option<String>,
    /// What the daemon should make of a refusal.
    #[serde(default)]
    class: Option<String>,
    /// The part of the message that decides the class, if a part does.
    #[serde(default)]
    says: String,
    #[serde(default)]
    has: Option<Value>,
}

/// Texts that were seen in a scene, by name.
type Bindings = BTreeMap<String, String>;

/// The members of a function's configuration that AWS shows of nearly every function.
fn usual(name: &str) -> Value {
    json!({
        "Architectures": ["x86_64"],
        "CodeSha256": "<any>",
        "CodeSize": "<any>",
        "Description": "",
        "EphemeralStorage": { "Size": 512 },
        "LastModified": "<any>",
        "LoggingConfig": { "LogFormat": "Text", "LogGroup": format!("/aws/lambda/{name}") },
        "MemorySize": 128,
        "PackageType": "Image",
        "Role": "arn:aws:iam::123456789012:role/work",
        "SnapStart": { "ApplyOn": "None", "OptimizationStatus": "Off" },
        "Timeout": 3,
        "TracingConfig": { "Mode": "PassThrough" },
        "Version": "$LATEST",
    })
}

/// All scenes as tests.
pub fn trials() -> Vec<Trial> {
    let scenes: Vec<Scene> = files().into_values().flatten().collect();
    let classes = scenes.clone();
    let mut trials: Vec<Trial> = scenes
        .into_iter()
        .map(|it| Trial::test(format!("recorded: {}", it.name), move || play(&it)))
        .collect();
    let figures = figures(&classes);
    trials.push(Trial::test("recorded: the documents have the figures", move || {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/stand-in.md");
        let there = fs::read_to_string(page).unwrap().contains(&figures);
        if there { Ok(()) } else { Err(format!("docs/stand-in.md lacks {figures:?}").into()) }
    }));
    trials.push(Trial::test("recorded: the daemon sorts refusals", move || sorted(&classes)));
    trials
}

fn files() -> BTreeMap<String, Vec<Scene>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract/recorded");
    let files = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    let read = |path: std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let scenes = yaml_serde::from_str(&fs::read_to_string(&path).unwrap());
        (name.clone(), scenes.unwrap_or_else(|error| panic!("{name}: {error}")))
    };
    files.map(read).collect()
}

/// How much there is, in the words of `docs/stand-in.md`.
fn figures(scenes: &[Scene]) -> String {
    let told = || scenes.iter().flat_map(|it| &it.rows).filter_map(|it| it.aws.as_ref());
    let refusals = told().filter(|it| it.code.is_some()).count();
    let answers = told().count();
    format!("{answers} of them, {refusals} refusals among these, in {} scenes", scenes.len())
}

/// What the daemon makes of AWS's refusals.
fn sorted(scenes: &[Scene]) -> Result<(), Failed> {
    let rows = scenes.iter().flat_map(|it| it.rows.iter().map(move |row| (&it.name, row)));
    let told = rows.filter_map(|(scene, row)| Some((scene, row, row.aws.as_ref()?)));
    let mut wrong = String::new();
    for (scene, row, told) in told.filter(|(.., it)| it.code.is_some()) {
        let class = classify(told.code.as_deref(), &told.says).as_str();
        if told.class.as_deref() != Some(class) {
            wrong += &format!("{scene}: {}: {class}, not {:?}\n", row.call, told.class);
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.into()) }
}

/// Plays one scene from its first row to its last.
fn play(scene: &Scene) -> Result<(), Failed> {
    let runtime = tokio::runtime::Runtime::new()?;
    let sim = runtime.block_on(stand_in());
    let client = Client::new(sim.url());
    for tag in ["v1", "v2", "v3"] {
        client.prepare("images", &json!({ "repository": "recorded", "tag": tag }))?;
    }
    for id in &scene.unknown {
        client.prepare("unknown", &json!({ "id": id }))?;
    }
    let mut seen = Bindings::new();
    let mut wrong = String::new();
    for (number, row) in scene.rows.iter().enumerate() {
        if let Err(text) = step(row, &client, &mut seen) {
            wrong += &format!("row {}: {}\n{text}\n", number + 1, row.call);
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.into()) }
}

fn step(row: &Exchange, client: &Client, seen: &mut Bindings) -> Result<(), String> {
    let began = Instant::now();
    loop {
        let answer = client.send(&Request { call: &row.call, body: &row.body }, seen)?;
        match check(row, &answer, seen) {
            Ok(more) => {
                *seen = more;
                for (name, pointer) in &row.save {
                    let value = answer.body.pointer(pointer).and_then(Value::as_str);
                    seen.insert(name.clone(), value.unwrap_or_default().to_owned());
                }
                return Ok(());
            }
            Err(_) if row.eventually && began.elapsed() < DEADLINE => std::thread::sleep(PAUSE),
            Err(text) => return Err(format!("{text}\nthe answer: {answer:?}")),
        }
    }
}

/// Whether an answer is the one that is expected, and what was seen in it.
fn check(row: &Exchange, answer: &Answer, seen: &Bindings) -> Result<Bindings, String> {
    let Some(aws) = &row.aws else {
        let ready = row.until.iter().all(|(at, value)| answer.body.pointer(at) == Some(value));
        let good = (200..300).contains(&answer.status) && ready;
        return if good { Ok(seen.clone()) } else { Err("the scene cannot go on".into()) };
    };
    same(aws, answer, seen)
}

fn same(told: &Outcome, answer: &Answer, seen: &Bindings) -> Result<Bindings, String> {
    if (answer.status, &answer.code) != (told.status, &told.code) {
        return Err(format!("it is not {} {:?}", told.status, told.code));
    }
    if told.code.is_some() {
        let class = classify(answer.code.as_deref(), &answer.message).as_str();
        let right = told.class.as_deref().is_none_or(|it| it == class);
        return if right { Ok(seen.clone()) } else { Err(format!("its words mean {class}")) };
    }
    let mut seen = seen.clone();
    match &told.has {
        Some(has) => whole(has, &answer.body, &mut seen).map(|()| seen),
        None => Ok(seen),
    }
}

/// Whether a value is all that is wanted and nothing else.
fn whole(wanted: &Value, found: &Value, seen: &mut Bindings) -> Result<(), String> {
    match (wanted, found) {
        (Value::String(wanted), found) if wanted == "<any>" => match found {
            Value::Null => Err(": nothing is there".into()),
            _ => Ok(()),
        },
        (Value::String(wanted), Value::String(found)) => text(wanted, found, seen),
        (Value::Object(wanted), Value::String(text)) if wanted.is_empty() && text.is_empty() => {
            Ok(())
        }
        // A policy is JSON in a text.
        (Value::Object(_), Value::String(text)) => {
            let found = serde_json::from_str(text).map_err(|error| format!(": {error}"))?;
            whole(wanted, &found, seen)
        }
        (Value::Object(wanted), Value::Object(found)) => members(&full(wanted), found, seen),
        (Value::Array(wanted), Value::Array(found)) if wanted.len() == found.len() => {
            let pairs = wanted.iter().zip(found).enumerate();
            let mut pairs = pairs.map(|(at, (wanted, found))| {
                whole(wanted, found, seen).map_err(|it| format!("/{at}{it}"))
            });
            pairs.find(Result::is_err).unwrap_or(Ok(()))
        }
        (wanted, found) if wanted == found => Ok(()),
        (wanted, found) => Err(format!(": {found}, not {wanted}")),
    }
}

fn members(
    wanted: &Map<String, Value>,
    found: &Map<String, Value>,
    seen: &mut Bindings,
) -> Result<(), String> {
    for (key, value) in wanted.iter().filter(|(_, it)| !it.is_null()) {
        let found = found.get(key).unwrap_or(&Value::Null);
        whole(value, found, seen).map_err(|it| format!("/{key}{it}"))?;
    }
    let more = |(key, value): &(&String, &Value)| {
        !value.is_null() && wanted.get(*key).is_none_or(Value::is_null)
    };
    match found.iter().find(more) {
        Some((key, value)) => Err(format!("/{key}: {value}, which AWS does not show")),
        None => Ok(()),
    }
}

/// An object with what `<usual>` stands for.
fn full(wanted: &Map<String, Value>) -> Map<String, Value> {
    let mut wanted = wanted.clone();
    if wanted.remove("<usual>").is_some() {
        let name = wanted.get("FunctionName").and_then(Value::as_str).unwrap_or_default();
        for (key, value) in usual(name).as_object().into_iter().flatten() {
            wanted.entry(key).or_insert_with(|| value.clone());
        }
    }
    wanted
}

/// A text, perhaps with one `<?name>` in it.
fn text(wanted: &str, found: &str, seen: &mut Bindings) -> Result<(), String> {
    let wrong = || format!(": {found:?}, not {wanted:?}");
    let Some((before, (name, after))) =
        wanted.split_once("<?").and_then(|(before, rest)| Some((before, rest.split_once('>')?)))
    else {
        return if wanted == found { Ok(()) } else { Err(wrong()) };
    };
    let value = found.strip_prefix(before).and_then(|it| it.strip_suffix(after));
    let value = value.filter(|it| !it.is_empty()).ok_or_else(wrong)?;
    let sort = |name: &str| name.trim_end_matches(|it: char| it.is_ascii_digit()).to_owned();
    match seen.get(name) {
        Some(known) if known == value => return Ok(()),
        Some(_) => return Err(wrong()),
        None => {}
    }
    let twin = |(other, known): (&String, &String)| known == value && sort(other) == sort(name);
    if seen.iter().any(twin) {
        return Err(format!(": {found:?} again, where AWS shows another"));
    }
    seen.insert(name.to_owned(), value.to_owned());
    Ok(())
}
