//! Speed and memory, measured on the real daemon, the stand-in and the engine. `make bench` runs all of it in
//! release mode, prints a table and writes `target/bench.json`; a goal that is missed is marked. A word
//! (`load`, `engine`, `pass`, `verdict`, `restart`, `change`, `save`, `page`, `create`, `declared`, `memory`) runs that
//! part alone.
//!
//! Machines are shared and noisy: compare ratios within one run.

#![allow(
    clippy::allow_attributes,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "a measuring program"
)]

mod declared;
mod engine;
mod fleet;
mod load;
mod manifests;
mod page;
mod report;
mod stage;

use std::{env, path::Path};

use self::report::Report;

fn main() {
    let mut arguments = env::args().skip(1).filter(|it| it != "--bench");
    let (first, second) = (arguments.next(), arguments.next());
    if let (Some(what), Some(folder)) = (&first, &second) {
        load::measure(what, Path::new(folder));
        return;
    }
    let only = |part: &str| first.as_ref().is_none_or(|it| it == part);
    let mut report = Report::default();
    if only("load") {
        load::compare(&mut report);
    }
    if only("engine") {
        engine::measure(&mut report);
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        for count in [100, 1_000, 10_000] {
            if only("pass") {
                fleet::pass(count, &mut report).await;
            }
        }
        if only("verdict") {
            fleet::verdict(10_000, 0.5, &mut report).await;
            fleet::verdict(10_000, 1.0, &mut report).await;
        }
        if only("restart") {
            fleet::restart(1_000, &mut report).await;
        }
        for count in [1_000, 10_000] {
            if only("change") {
                fleet::change(count, &mut report).await;
            }
        }
        for count in [100, 10_000] {
            if only("save") {
                fleet::save(count, &mut report).await;
            }
        }
        if only("page") {
            page::measure(10_000, &mut report).await;
        }
        if only("declared") {
            declared::measure(200, &mut report).await;
        }
        if only("memory") {
            declared::memory(1_000, &mut report).await;
        }
        if only("create") {
            fleet::create(1_000, &mut report).await;
        }
    });
    report.write(first.is_none());
}
