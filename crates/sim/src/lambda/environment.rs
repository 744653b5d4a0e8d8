//! Execution environments: where a version runs. One is made when none is free, writes to a log stream of its own, and
//! ends when what it runs has changed.

use serde_json::Value;

use super::function::Version;
use crate::chance;

/// One environment.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    /// Its number, unique within an account and a Region.
    pub(crate) number: u64,
    pub(crate) stream: String,
    /// Whether this is its first call.
    pub(crate) cold: bool,
    function: String,
    version: String,
    /// What it runs: the configuration and the image.
    print: String,
    busy: bool,
}

/// All of them, and those that have to go.
#[derive(Debug, Default)]
pub(crate) struct Environments {
    all: Vec<Environment>,
    retired: Vec<u64>,
    count: u64,
}

impl Environments {
    /// A free environment of a version, or a new one; those that run something older go.
    pub(crate) fn take(&mut self, function: &str, found: &Version, day: &str) -> Environment {
        let version = found.config.get("Version").and_then(Value::as_str).unwrap_or_default();
        let config = Value::Object(found.config.clone());
        let print = chance::sha256(&format!("{config}{}", found.code.resolved));
        let of = |it: &Environment| it.function == function && it.version == version;
        self.retire(|it| of(it) && !it.busy && it.print != print);
        if let Some(free) = self.all.iter_mut().find(|it| of(it) && !it.busy) {
            (free.busy, free.cold) = (true, false);
            return free.clone();
        }
        self.count += 1;
        let number = self.count;
        let id = chance::sha256(&format!("{function}{print}{number}"));
        let id = id.get(..32).unwrap_or_default();
        let stream = format!("{day}/[{version}]{id}");
        let (function, version) = (function.to_owned(), version.to_owned());
        let made = Environment { number, stream, cold: true, function, version, print, busy: true };
        self.all.push(made.clone());
        made
    }

    /// Its call is over: it waits for the next one, or it is gone.
    pub(crate) fn leave(&mut self, number: u64, gone: bool) {
        self.all.retain(|it| !gone || it.number != number);
        if let Some(found) = self.all.iter_mut().find(|it| it.number == number) {
            found.busy = false;
        }
    }

    /// All that a function has go.
    pub(crate) fn forget(&mut self, function: &str) {
        self.retire(|it| it.function == function);
    }

    /// Those that had to go since this was asked last.
    pub(crate) fn retired(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.retired)
    }

    fn retire(&mut self, which: impl Fn(&Environment) -> bool) {
        let gone = self.all.iter().filter(|it| which(it)).map(|it| it.number);
        self.retired.extend(gone);
        self.all.retain(|it| !which(it));
    }
}
