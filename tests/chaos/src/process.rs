//! The daemon as a process that may be killed.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::Value;
use tokio::process::{Child, Command};

/// One run of the daemon.
pub(crate) struct Daemon {
    child: Child,
    key: String,
    log: PathBuf,
    /// How much of the log earlier runs have written.
    log_from: usize,
    /// Where it listens, once its log has said so.
    address: Option<String>,
}

/// How it is started.
pub(crate) struct Start<'a> {
    pub(crate) binary: &'a Path,
    pub(crate) manifests: &'a Path,
    pub(crate) log: &'a Path,
    pub(crate) url: &'a str,
    pub(crate) observe: bool,
    pub(crate) scale: f64,
    /// Which run of the scene it is: its access key tells them apart.
    pub(crate) run: usize,
}

impl Daemon {
    pub(crate) fn start(start: &Start<'_>) -> Result<Self, String> {
        let log = File::options().create(true).append(true).open(start.log);
        let log = log.map_err(|error| error.to_string())?;
        let log_from = log.metadata().map_err(|error| error.to_string())?.len();
        let key = format!("AKIARUN{}", start.run);
        let mode = if start.observe { "observe" } else { "enforce" };
        let child = Command::new(start.binary)
            .arg("run")
            .arg(start.manifests)
            .args(["--owner", "team", "--listen", "127.0.0.1:0", "--mode", mode])
            .args([
                "--prune",
                "--prune-grace",
                "1m",
                "--log-format",
                "json",
                "--log-level",
                "debug",
            ])
            .env_clear()
            .env("EVENKEEL_TIME_SCALE", start.scale.to_string())
            .env("AWS_ACCESS_KEY_ID", &key)
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ENDPOINT_URL", start.url)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn();
        Ok(Self {
            child: child.map_err(|error| error.to_string())?,
            key,
            log: start.log.to_owned(),
            log_from: usize::try_from(log_from).unwrap_or(usize::MAX),
            address: None,
        })
    }

    /// The access key that it calls AWS with.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Where it listens, once its log has said so.
    pub(crate) fn address(&mut self) -> Option<&str> {
        if self.address.is_none() {
            let log = fs::read(&self.log).ok()?;
            let lines = log.get(self.log_from..)?.split(|it| *it == b'\n');
            let mut lines = lines.filter_map(|it| serde_json::from_slice::<Value>(it).ok());
            let line = lines.find(|it| it["message"] == "listening")?;
            self.address = line["address"].as_str().map(str::to_owned);
        }
        self.address.as_deref()
    }

    /// Whether it has ended by itself.
    pub(crate) fn ended(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok().flatten()?;
        Some(format!("the daemon ended by itself: {status}"))
    }

    /// `kill -9`.
    pub(crate) async fn kill(mut self) {
        // It may have ended already.
        self.child.kill().await.ok();
    }
}
