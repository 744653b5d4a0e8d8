//! Loading 10,000 manifests: time and memory, beside what `yaml_serde` alone needs for the same bytes.
//!
//! Each measurement runs in a process of its own, so that its peak memory is its own; ratios within one
//! run are what counts on a shared machine. `make bench` runs it in release mode.

use std::{env, fs, path::Path, process::Command, time::Instant};

use evenkeel::{
    daemon::source::{ManifestSource, SourceRead},
    manifest,
};

use super::{
    manifests,
    report::{self, Report},
};

const COUNT: usize = 10_000;
const ROUNDS: usize = 5;

/// Runs each measurement in a process of its own, in turn.
pub fn compare(report: &mut Report) {
    let folder = tempfile::TempDir::new().unwrap();
    let bytes = manifests::write(folder.path(), COUNT);
    report::heading(&format!(
        "Loading {COUNT} manifests, {bytes} bytes; {ROUNDS} rounds, best of each"
    ));
    // yaml_serde is there to compare with; `again` is the same directory, unchanged.
    for what in ["read", "serde", "parse", "load", "again"] {
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
        report.add((&format!("{what}.wall_s"), COUNT), (best.0, "s"), None);
        report.add((&format!("{what}.rss_mb"), COUNT), (best.1 as f64 / 1000.0, "MB"), None);
    }
}

/// Measures one thing, in a process of its own.
pub fn measure(what: &str, folder: &Path) {
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
    let mut source = ManifestSource::new(folder.into());
    let SourceRead::Fresh(snapshot) = source.read() else { panic!() };
    (start.elapsed().as_secs_f64(), snapshot.documents.len())
}

fn again(folder: &Path) -> (f64, usize) {
    let mut source = ManifestSource::new(folder.into());
    let SourceRead::Fresh(snapshot) = source.read() else { panic!() };
    let start = Instant::now();
    assert!(matches!(source.read(), SourceRead::Unchanged));
    (start.elapsed().as_secs_f64(), snapshot.documents.len())
}

/// The greatest resident memory of this process, in kB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|it| it.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap()
}
