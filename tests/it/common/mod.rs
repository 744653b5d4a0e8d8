//! What several topics share.

pub mod planned;
pub mod replay;
pub mod scene;

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use evenkeel::{
    engine::{
        audit::AuditPeriods,
        engine::Engine,
        facts::Digest,
        kind::Kind as _,
        name::{Name, Owner},
        place::Place,
        policy::{FacetSettings, Mode, ReadMode, Settings},
        resource::Resource,
        schedule::Lanes,
        time::Mono,
    },
    kinds::function::{Function, expand::Setting},
    manifest::{self, DesiredState, Documents, Parsed},
};
use serde_json::Value;

/// The registry of the account that everything happens in.
pub const REGISTRY: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

/// How often an engine on the model reads each object, so seldom that a story shows it only where it waits for it.
const AUDIT: Duration = Duration::from_mins(10);

/// Compares with a golden file; `UPDATE_EXPECT=1` writes it instead.
pub fn golden(path: &Path, actual: &str) {
    #[expect(clippy::disallowed_methods, reason = "the switch of expect-test")]
    if env::var("UPDATE_EXPECT").is_ok() {
        fs::write(path, actual).unwrap();
        return;
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    assert!(
        expected == actual,
        "{} differs; UPDATE_EXPECT=1 writes it anew.\n--- expected\n{expected}\n--- actual\n{actual}",
        path.display()
    );
}

/// Where the project is.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file or folder of these tests.
pub fn local(path: &str) -> PathBuf {
    root().join("tests/it").join(path)
}

/// The files of a folder of golden cases, in order.
pub fn cases(folder: &str, extensions: &[&str]) -> Vec<PathBuf> {
    let folder = local(folder);
    let mut cases: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|it| it.unwrap().path())
        .filter(|it| it.extension().is_some_and(|it| extensions.iter().any(|known| it == *known)))
        .collect();
    cases.sort();
    assert!(!cases.is_empty(), "no cases in {}", folder.display());
    cases
}

/// The account and Region that everything happens in.
pub fn place() -> Place {
    Place {
        target: Name::new("default"),
        account_id: "111122223333".into(),
        region: "eu-west-1".into(),
        registry: None,
    }
}

/// What a text of manifests asks for; nothing is wrong with it.
pub fn desired(text: &str, intact: bool, read_at: Mono) -> DesiredState {
    let Parsed { documents, diagnostics, .. } = manifest::parse("m.yaml", text.as_bytes());
    assert!(diagnostics.is_empty(), "{diagnostics:?}\n{text}");
    let (place, owner, frozen) = (place(), settings().owner, BTreeSet::new());
    let setting = Setting { place: &place, owner: &owner, hash_key: None };
    let (all, frozen) = (documents.as_slice(), &frozen);
    manifest::expand(Documents { all, frozen, intact, read_at, watches: false }, setting)
}

/// What holds for a single judgement.
pub fn settings() -> Settings {
    Settings {
        owner: "team".parse::<Owner>().unwrap(),
        mode: Mode::Enforce,
        resync: Duration::from_secs(30),
        in_flight_max: 10,
        audit: AuditPeriods { managed: AUDIT, watched: AUDIT },
        confirm: None,
    }
}

/// What holds for each facet in a single run.
pub fn facet_settings() -> FacetSettings {
    FacetSettings { read_mode: ReadMode::Once, strangers: true, prune: false }
}

/// An engine of a resource with one facet.
pub fn engine<R: Resource>(settings: Settings, own: FacetSettings) -> Engine<R> {
    Engine::new(Name::new("default"), settings, Lanes::one(R::FACETS.len()), |_| own)
}

/// A function's manifest; `more` is YAML below `spec`.
pub fn function(name: &str, image: &str, more: &str) -> String {
    let more: String = more.lines().map(|line| format!("  {line}\n")).collect();
    format!(
        "---\napiVersion: evenkeel.dev/v1\nkind: {}\nmetadata: {{ name: {name} }}\nspec:\n  image: \
         {image}\n  role: job\n{more}",
        Function::NAME
    )
}

/// A digest that people can read: one letter, 64 times.
pub fn digest(letter: &str) -> Digest {
    Digest::parse(&letter.repeat(64)).unwrap()
}

/// One object laid over another.
pub fn over(mut base: Value, patch: &Value) -> Value {
    for (name, value) in patch.as_object().unwrap() {
        base[name] = value.clone();
    }
    base
}

/// A YAML text that is small and would be large: each line repeats the one before it nine times.
pub fn bomb() -> String {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let before = format!("*a{}, ", level - 1).repeat(9);
        text += &format!("a{level}: &a{level} [{before}]\n");
    }
    text
}
