//! What the story is played on: an AWS in memory, a folder of manifests, a daemon.

use std::{collections::BTreeSet, fs, path::Path, sync::Arc, time::Duration};

use evenkeel_sim::{
    call::{Call, Caller, Service},
    fault::Rule,
    server::Sim,
    world::{Lags, Options as SimOptions},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, time};

use crate::{
    aws::{calls::QuotaShares, clients::Clients},
    cli::{
        error::{CliError, DemoError, FileError},
        out::print,
    },
    daemon::{
        clock::SystemClock,
        exposition::MetricsDetail,
        http::HttpOptions,
        options::{Options, Target, Working},
        pause::PauseFile,
        run::Daemon,
        source::SourceOptions,
    },
    engine::{
        kind::Kind as _,
        name::{Name, Owner},
        place::DEFAULT_TARGET,
        policy::{Mode, ReadMode},
        prune::Terms,
        status::{Row, Status},
        time::Clock as _,
    },
    kinds::{function::Function, image::Image},
    manifest::Selection,
};

/// The examples of `manifests/examples`, as they are.
const EXAMPLES: [(&str, &str); 3] = [
    ("repository.yaml", include_str!("../../../manifests/examples/repository.yaml")),
    ("sequencing.yaml", include_str!("../../../manifests/examples/sequencing.yaml")),
    ("thumbnails.yaml", include_str!("../../../manifests/examples/thumbnails.yaml")),
];
/// Where the images of the examples are.
const REPOSITORIES: [&str; 3] = ["annotate-variants", "fastq-quality", "thumbnails"];
const ACCOUNT: &str = "123456789012";
const REGION: &str = "eu-central-1";
/// So short that a story can be told.
const RESYNC: Duration = Duration::from_secs(1);
/// How long a chapter may take.
const CHAPTER: Duration = Duration::from_mins(1);
const PEEK: Duration = Duration::from_millis(50);

/// Everything on the stage.
pub(super) struct Stage {
    sim: Sim,
    daemon: Daemon,
    folder: tempfile::TempDir,
    url: String,
    /// How much of the journal has been printed.
    printed: u64,
}

impl Stage {
    /// Starts the stand-in and a daemon on a copy of the example manifests, and pushes a first
    /// image to every repository. Serves at any free port if `listen` is taken.
    pub(super) async fn open(listen: &str) -> Result<Self, CliError> {
        let wrong = DemoError::Stage;
        let lags = Lags {
            create: Duration::from_millis(1500),
            update: Duration::from_secs(1),
            ..Lags::default()
        };
        let start = SystemClock::start().now().wall;
        let options = SimOptions { lags, start, ..SimOptions::default() };
        let sim = Sim::start(options, ([127, 0, 0, 1], 0).into()).await.map_err(wrong)?;
        let folder = tempfile::Builder::new().prefix("evenkeel-demo-").tempdir().map_err(wrong)?;
        for (name, text) in EXAMPLES {
            fs::write(folder.path().join(name), text).map_err(wrong)?;
        }
        let listener = match TcpListener::bind(listen).await {
            Ok(listener) => listener,
            Err(_) => TcpListener::bind("127.0.0.1:0").await.map_err(wrong)?,
        };
        let url = format!("http://{}", listener.local_addr().map_err(wrong)?);
        let mut daemon = daemon(&sim.url(), folder.path())?;
        let (detail, allowed_hosts) = (MetricsDetail::Documents, BTreeSet::new());
        daemon.serve(listener, HttpOptions { detail, allow_refresh: false, allowed_hosts });
        let mut stage = Self { sim, daemon, folder, url, printed: 0 };
        for repository in REPOSITORIES {
            stage.ecr("CreateRepository", repository, json!({}))?;
            stage.push(repository, "first")?;
        }
        Ok(stage)
    }

    /// The functions that the story is about.
    pub(super) fn names() -> [&'static str; 3] {
        REPOSITORIES
    }

    /// Returns the text at the end: what to try next, with the addresses of this run.
    pub(super) fn curtain(&self) -> String {
        let (url, sim) = (&self.url, self.sim.url());
        let folder = self.folder.path().display();
        format!(
            "\nEverything stays up until Ctrl-C. The status page: {url}/\nIn another terminal:\n\n  \
             evenkeel status --url {url}\n  curl {url}/metrics\n  $EDITOR {folder}/thumbnails.yaml\n  \
             AWS_ENDPOINT_URL={sim} AWS_REGION={REGION} AWS_ACCESS_KEY_ID=me AWS_SECRET_ACCESS_KEY=me \\\n    \
             aws lambda update-function-configuration --function-name thumbnails --timeout 60\n  \
             curl {sim}/_sim/journal?since=0        # every call that AWS has had (docs/stand-in.md)\n"
        )
    }

    pub(super) async fn close(self) {
        self.daemon.stop().await;
    }

    fn caller() -> Caller {
        Caller { account: ACCOUNT.into(), region: REGION.into(), key: "somebody".into() }
    }

    /// Another party configures a function, as with its command line.
    pub(super) fn configure(&self, function: &str, body: Value) -> Result<Value, DemoError> {
        let operation = "UpdateFunctionConfiguration";
        self.call(&Call::by(Self::caller(), (Service::Lambda, operation), (function, body)))
    }

    fn ecr(
        &self,
        operation: &'static str,
        repository: &str,
        body: Value,
    ) -> Result<Value, DemoError> {
        self.call(&Call::by(Self::caller(), (Service::Ecr, operation), (repository, body)))
    }

    fn call(&self, call: &Call) -> Result<Value, DemoError> {
        let refused = |message| DemoError::Call { operation: call.operation, message };
        self.sim.by_call(call).map(|it| it.body).map_err(|it| refused(it.message))
    }

    /// Pushes an image under the tag that the manifests name and returns its digest. Another `salt`
    /// is another image.
    pub(super) fn push(&mut self, repository: &str, salt: &str) -> Result<String, DemoError> {
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {},
            "layers": [],
            "annotations": { "salt": format!("{repository} {salt}") },
        });
        let body = json!({ "imageManifest": manifest.to_string(), "imageTag": "v1" });
        let reply = self.ecr("PutImage", repository, body)?;
        let digest = reply.pointer("/image/imageId/imageDigest").and_then(Value::as_str);
        Ok(digest.unwrap_or_default().to_owned())
    }

    /// The weather, from now on.
    pub(super) fn faults(&self, rules: Vec<Rule>) {
        let now = self.sim.shared.now();
        self.sim.shared.world().faults(1, rules, now);
    }

    /// A member of a function's configuration, as AWS has it now.
    pub(super) fn live(&self, name: &str, member: &str) -> Value {
        let functions = self.sim.shared.world().functions(&Self::caller());
        let found = functions.get(name).and_then(|it| it.get("configuration")?.get(member));
        found.cloned().unwrap_or_default()
    }

    /// Replaces `from` by `to` in a manifest; fails if the manifest does not say `from`.
    pub(super) fn edit(&self, file: &str, from: &str, to: &str) -> Result<(), CliError> {
        let path = self.folder.path().join(file);
        let text = fs::read_to_string(&path).map_err(FileError::access(&path))?;
        let edited = text.replace(from, to);
        if edited == text {
            let (file, text) = (file.to_owned(), from.to_owned());
            return Err(DemoError::Edit { file, text }.into());
        }
        Ok(fs::write(&path, edited).map_err(FileError::access(&path))?)
    }

    /// Waits until `seen` is true; fails after `CHAPTER` with `what` in the error.
    pub(super) async fn until(
        &self,
        what: &str,
        seen: impl Fn(&Self) -> bool,
    ) -> Result<(), DemoError> {
        let wait = async {
            while !seen(self) {
                time::sleep(PEEK).await;
            }
        };
        let late = |_| DemoError::Late { what: what.to_owned() };
        time::timeout(CHAPTER, wait).await.map_err(late)
    }

    /// Something about the row of a function.
    pub(super) fn row<T>(&self, name: &str, read: impl Fn(&Row) -> T) -> Option<T> {
        self.daemon.board.read(|shown| {
            let mut rows = shown.rows.values();
            rows.find(|it| it.key.kind == Function::NAME && it.key.name.as_str() == name)
                .map(|it| read(it))
        })
    }

    /// Whether these functions are as their manifests ask.
    pub(super) fn synced(&self, names: &[&str]) -> bool {
        names.iter().all(|it| self.row(it, |row| row.status == Status::Synced) == Some(true))
    }

    /// Whether everything that the manifests describe is there, and as they ask.
    pub(super) fn all_synced(&self) -> bool {
        self.daemon.board.read(|shown| {
            let mut rows = shown.rows.values().filter(|it| it.key.kind != Image::NAME);
            rows.clone().count() > REPOSITORIES.len() && rows.all(|it| it.status == Status::Synced)
        })
    }

    /// What is wrong with the manifests.
    pub(super) fn problems(&self) -> Vec<String> {
        self.daemon.board.read(|shown| {
            let notes = shown.source.snapshot.iter().flat_map(|it| &it.diagnostics);
            notes.map(ToString::to_string).collect()
        })
    }

    /// Prints the metric lines that hold all of these words.
    pub(super) async fn metrics(&self, words: &[&str]) -> Result<(), CliError> {
        let url = format!("{}/metrics", self.url);
        let asked = tokio::task::spawn_blocking(move || {
            ureq::get(&url).call().and_then(|mut it| it.body_mut().read_to_string())
        });
        let text = asked.await.map_err(|error| DemoError::Metrics(error.into()))?;
        let text = text.map_err(|error| DemoError::Metrics(error.into()))?;
        let lines = text.lines().filter(|it| !it.starts_with('#'));
        for line in lines.filter(|line| words.iter().all(|it| line.contains(it))) {
            print(&format!("    {line}"))?;
        }
        Ok(())
    }

    /// Prints what Evenkeel has written to AWS since the last call of this function, and how many
    /// calls it has made.
    pub(super) fn writes(&mut self) -> Result<(), FileError> {
        let world = self.sim.shared.world();
        let news = world.journal().since(self.printed);
        self.printed += news.len() as u64;
        let ours = || news.iter().filter(|it| it.caller == "demo");
        for entry in ours().filter(|it| it.effect) {
            print(&format!("  evenkeel: {} {}", entry.operation, entry.resource))?;
        }
        let (calls, faults) = (ours().count(), ours().filter(|it| it.fault.is_some()).count());
        print(&format!(
            "  AWS has had {calls} calls of Evenkeel's since, {faults} of them with a fault"
        ))
    }
}

/// Starts a daemon that repairs, with the stand-in at `url` as AWS and the manifests in `root`.
fn daemon(url: &str, root: &Path) -> Result<Daemon, DemoError> {
    let clients = Clients::local(url, REGION).map_err(|it| DemoError::Daemon(it.into()))?;
    let (name, account_id) = (Name::new(DEFAULT_TARGET), Some(ACCOUNT.into()));
    let options = Options {
        root: root.to_path_buf(),
        source: SourceOptions::default(),
        owner: "demo".parse::<Owner>().map_err(|it| DemoError::Daemon(it.into()))?,
        share: 0.5,
        hash_key: None,
        settings: Working {
            audit_share: QuotaShares::AUDIT,
            mode: Mode::Enforce,
            resync: RESYNC,
            in_flight_max: 10,
            read_mode: ReadMode::Watch,
        },
        selection: Selection::default(),
        terms: Terms::default(),
        confirm: None,
        pause: PauseFile::new(None),
        clock: Arc::new(SystemClock::start()),
        targets: vec![Target { name, account_id, registry: None, share: None, clients }],
    };
    Daemon::start(options).map_err(|it| DemoError::Daemon(it.into()))
}
