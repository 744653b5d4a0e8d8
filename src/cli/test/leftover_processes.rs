//! Processes that a function started and that outlive it. docker and podman end them with their container; buildah has
//! none to end, so they are known by where they look for their runtime API: at a port that only this session has.

use std::{
    fs,
    process::{self, Command, Stdio},
};

use crate::cli::builder::container::{EnvVariable, pause};

/// How often is looked for them: they may start others meanwhile.
const ROUNDS: usize = 50;
/// After how many reads that find none there is none: one that is just being started shows no environment yet.
const QUIET: usize = 2;

/// Those of one session. They end when this goes.
pub(super) struct LeftoverProcesses {
    /// A variable and its value, as a process has it.
    variable: String,
}

impl LeftoverProcesses {
    /// Processes with this variable.
    pub(super) fn new(variable: EnvVariable<'_>) -> Self {
        let EnvVariable { name, value } = variable;
        Self { variable: format!("{name}={value}") }
    }

    /// Their ids. Of other users' processes we do not see the environment, nor could we end them.
    fn processes(&self) -> Vec<String> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let names = entries.filter_map(|it| it.file_name().into_string().ok());
        let own = process::id().to_string();
        let ids = names.filter(|it| it.bytes().all(|it| it.is_ascii_digit()) && *it != own);
        ids.filter(|it| self.is(it)).collect()
    }

    fn is(&self, id: &str) -> bool {
        let environment = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        environment.split(|it| *it == 0).any(|it| it == self.variable.as_bytes())
    }
}

impl Drop for LeftoverProcesses {
    /// Kills these processes until none is found `QUIET` times in a row, or `ROUNDS` are over.
    fn drop(&mut self) {
        let mut quiet = 0;
        for _ in 0..ROUNDS {
            let ids = self.processes();
            quiet = if ids.is_empty() { quiet + 1 } else { 0 };
            if quiet == QUIET {
                return;
            }
            if ids.is_empty() {
                pause();
                continue;
            }
            // The shell's own `kill`: not every machine has one beside it.
            let mut command = Command::new("sh");
            command.args(["-c", "kill -KILL \"$@\"", "sh"]).args(ids).stdin(Stdio::null());
            command.output().ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_the_variable_ends() {
        let api = EnvVariable { name: "AWS_LAMBDA_RUNTIME_API", value: "127.0.0.1:0" };
        let start = |value: &str| {
            let mut command = Command::new("sleep");
            command.arg("60").env(api.name, value).spawn().unwrap()
        };
        let (mut ours, mut other) = (start(api.value), start("127.0.0.1:01"));
        // The kernel says that a program has begun before it shows its environment.
        while fs::read(format!("/proc/{}/environ", ours.id())).unwrap().is_empty() {}
        drop(LeftoverProcesses::new(api));
        assert!(!ours.wait().unwrap().success());
        assert!(other.try_wait().unwrap().is_none());
        other.kill().unwrap();
        other.wait().unwrap();
    }
}
