//! What Evenkeel takes from the environment and the AWS profile, by the real binary: the servers are on this machine,
//! and what is meant for AWS's own hosts comes to them by a proxy. docs/reference/environment.md names these tests.

mod credentials;
mod endpoints;
mod proxies;
mod server;
mod table;

use std::{fs, path::PathBuf};

use tempfile::TempDir;
use tokio::process::Command;

use self::server::{Authority, Gateway};
use crate::common::scene::Scene;

/// How a command ended, and what it wrote to both outputs.
pub type Ended = (i32, String);

/// A scene with a proxy before its stand-in, and a place for files.
pub struct Site {
    pub scene: Scene,
    pub gateway: Gateway,
    folder: TempDir,
}

impl Site {
    pub async fn new() -> Self {
        let scene = Scene::new().await;
        scene.manifest("");
        let folder = TempDir::new().unwrap();
        let authority = Authority::new();
        fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        let gateway = Gateway::start(scene.sim.addr, authority).await;
        Self { scene, gateway, folder }
    }

    /// Writes a file; returns its path.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let half = path.with_extension("half");
        fs::write(&half, text).unwrap();
        fs::rename(half, &path).unwrap();
        path
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The certificate of the authority whose certificates the proxy shows for AWS's hosts.
    pub fn ca(&self) -> String {
        self.path("ca.pem").to_str().unwrap().to_owned()
    }

    /// A command, by the clock on the wall, with AWS's own endpoints; nothing is at its home.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = self.scene.command(words);
        command.env_remove("AWS_ENDPOINT_URL").env("HOME", self.folder.path());
        command
    }

    /// `plan` of the scene's manifests, with these variables.
    pub fn plan(&self, variables: &[(&str, &str)]) -> Command {
        let folder = self.scene.manifests();
        let mut command = self.command(&["plan", folder.to_str().unwrap()]);
        command.envs(variables.iter().copied());
        command
    }

    /// Runs `plan`, which finds the function missing.
    pub async fn plans(&self, variables: &[(&str, &str)]) -> String {
        let (code, text) = ended(self.plan(variables)).await;
        assert_eq!(code, 1, "{variables:?} {text}");
        assert!(text.contains("+ Function job"), "{variables:?} {text}");
        text
    }

    /// How many calls came to the stand-in with this key.
    pub fn calls_of(&self, key: &str) -> usize {
        self.scene.count_of(key, |_| true)
    }
}

pub async fn ended(mut command: Command) -> Ended {
    let out = command.output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (out.status.code().unwrap_or(-1), text(out.stdout) + &text(out.stderr))
}
