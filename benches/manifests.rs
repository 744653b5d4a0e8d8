//! Loading 10,000 manifests: time and memory, beside what `yaml_serde` alone needs for the same bytes.
//!
//! Each measurement runs in a process of its own, so that its peak memory is its own; ratios within one
//! run are what counts on a shared machine. `make bench` runs it in release mode.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::allow_attributes,
    missing_docs,
    reason = "a measuring program"
)]

use std::{env, fs, path::Path, process::Command, time::Instant};

use evenkeel::{
    daemon::source::{Reading, Source},
    manifest,
};

const COUNT: usize = 10_000;
const ROUNDS: usize = 5;

fn main() {
    let mut arguments = env::args().skip(1).filter(|it| it != "--bench");
    match (arguments.next(), arguments.next()) {
        (Some(what), Some(folder)) => measure(&what, Path::new(&folder)),
        _ => compare(),
    }
}

/// Runs each measurement in a process of its own, in turn.
fn compare() {
    let folder = tempfile::TempDir::new().unwrap();
    let bytes = write(folder.path());
    println!("{COUNT} manifests, {bytes} bytes, {ROUNDS} rounds, best of each");
    println!("{:<44} {:>9} {:>12}", "", "time", "peak memory");
    for (what, title) in [
        ("read", "reading the files, nothing else"),
        ("serde", "yaml_serde: text to values"),
        ("parse", "evenkeel: text to checked documents"),
        ("load", "evenkeel: directory to snapshot"),
        ("again", "evenkeel: the same directory, unchanged"),
    ] {
        let mut best = (f64::MAX, 0);
        for _ in 0..ROUNDS {
            let out =
                Command::new(env::current_exe().unwrap()).arg(what).arg(folder.path()).output();
            let out = String::from_utf8(out.unwrap().stdout).unwrap();
            let mut parts = out.split_whitespace();
            let seconds: f64 = parts.next().unwrap().parse().unwrap();
            let memory: u64 = parts.next().unwrap().parse().unwrap();
            best = if seconds < best.0 { (seconds, memory) } else { best };
        }
        println!("{title:<44} {:>7.3} s {:>8} MB", best.0, best.1 / 1000);
    }
}

fn measure(what: &str, folder: &Path) {
    let (seconds, count) = match what {
        "load" => load(folder),
        "again" => again(folder),
        what => texts(what, folder),
    };
    assert_eq!(count, COUNT);
    println!("{seconds} {}", peak());
}

fn texts(what: &str, folder: &Path) -> (f64, usize) {
    let start = Instant::now();
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    files.sort();
    let texts: Vec<(String, Vec<u8>)> =
        files.iter().map(|it| (it.display().to_string(), fs::read(it).unwrap())).collect();
    let count = match what {
        "read" => texts.len(),
        "serde" => {
            let values: Vec<yaml_serde::Value> =
                texts.iter().map(|(_, it)| yaml_serde::from_slice(it).unwrap()).collect();
            values.len()
        }
        _ => {
            let parsed: Vec<_> = texts.iter().map(|(name, it)| manifest::parse(name, it)).collect();
            parsed.iter().map(|it| it.documents.len()).sum()
        }
    };
    (start.elapsed().as_secs_f64(), count)
}

fn load(folder: &Path) -> (f64, usize) {
    let start = Instant::now();
    let mut source = Source::new(folder.into());
    let Reading::Fresh(snapshot) = source.read(jiff::Timestamp::UNIX_EPOCH) else { panic!() };
    (start.elapsed().as_secs_f64(), snapshot.documents.len())
}

fn again(folder: &Path) -> (f64, usize) {
    let mut source = Source::new(folder.into());
    let Reading::Fresh(snapshot) = source.read(jiff::Timestamp::UNIX_EPOCH) else { panic!() };
    let start = Instant::now();
    assert!(matches!(source.read(jiff::Timestamp::UNIX_EPOCH), Reading::Unchanged));
    (start.elapsed().as_secs_f64(), snapshot.documents.len())
}

/// The greatest resident memory of this process, in kB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|it| it.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap()
}

/// Manifests as people write them: some twenty lines, no two alike.
fn write(folder: &Path) -> usize {
    let mut bytes = 0;
    for number in 0..COUNT {
        let text = format!(
            "apiVersion: evenkeel.dev/v1\nkind: Function\nmetadata:\n  name: job-{number}\n  labels: \
             {{ team: team-{} }}\nspec:\n  image: jobs/job-{number}:v1.{}\n  role: jobs/job-{number}\n  \
             architectures: [arm64]\n  description: \"Job number {number}: aligns, counts, plots\"\n  \
             memorySize: {}\n  timeout: {}\n  ephemeralStorage: {{ size: 1024 }}\n  environment:\n    \
             variables:\n      STAGE: production\n      BUCKET: results-{number}\n      LEVEL: \"{}\"\n  \
             vpcConfig:\n    subnetIds: [subnet-0a{number}, subnet-0b{number}]\n    securityGroupIds: \
             [sg-0{number}]\n  loggingConfig: {{ logFormat: JSON, systemLogLevel: WARN }}\n  tags:\n    \
             team: team-{}\n    cost-centre: \"{number}\"\n",
            number % 40,
            number % 7,
            128 + number % 10_000,
            1 + number % 900,
            number % 5,
            number % 40,
        );
        bytes += text.len();
        fs::write(folder.join(format!("job-{number:05}.yaml")), text).unwrap();
    }
    bytes
}
