//! A fleet on the stand-in, and the daemon as a process whose time and memory can be read.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use evenkeel::{
    aws::{
        calls::{CallLog, CallRecord, Calls, QuotaShares},
        clients::Clients,
        cloud::Cloud as _,
    },
    daemon::clock::SystemClock,
    engine::{
        facts::{Digest, Fact, Facts, ImageFact},
        kind::Kind as _,
        name::{Name, Owner},
        place::Place,
        time::{Clock, Mono},
    },
    kinds::function::{Function, aws::FunctionCloud, expand::Setting, step::Step},
    manifest::{self, DesiredState, Documents},
};
use evenkeel_sim::{
    call::{Call, Caller, Service},
    journal::Entry,
    server::Sim,
    world::{Lags, Options},
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::manifests;

const ACCOUNT: &str = "123456789012";
const REGION: &str = "us-east-1";
/// The daemon's access key; the fleet is made with another.
const KEY: &str = "AKIABENCH";
/// How long anything may take.
const DEADLINE: Duration = Duration::from_mins(10);

/// A fleet.
pub struct Fleet {
    pub sim: Sim,
    pub folder: tempfile::TempDir,
    /// Not among the manifests, which are watched.
    log: tempfile::NamedTempFile,
    digest: String,
    scale: f64,
}

/// What the manifests of `0..count` ask for.
pub fn desired(count: usize) -> DesiredState {
    let documents: Vec<_> = (0..count)
        .flat_map(|number| {
            let text = manifests::text(number);
            manifest::parse(&format!("job-{number:05}.yaml"), text.as_bytes()).documents
        })
        .collect();
    let place = Place {
        target: Name::new("default"),
        account_id: ACCOUNT.into(),
        region: REGION.into(),
        registry: None,
    };
    let owner = "bench".parse::<Owner>().unwrap();
    let setting = Setting { place: &place, owner: &owner, hash_key: None };
    let (frozen, read_at) = (BTreeSet::new(), Mono::default());
    let documents =
        Documents { all: &documents, frozen: &frozen, intact: true, read_at, watches: false };
    manifest::expand(documents, setting)
}

/// The steps that make them all, if every image is this one.
pub fn creations(desired: &DesiredState, digest: &Digest) -> Vec<Step> {
    let wanted = desired.functions.wanted.iter();
    let create = wanted.map(|(name, wanted)| {
        let mut facts = Facts::default();
        for key in Function::needs(&wanted.spec) {
            facts.learn(key, Some(Fact::Image(ImageFact::Single(digest.clone()))));
        }
        Function::create(name, &wanted.spec, &facts).steps.swap_remove(0).step
    });
    create.collect()
}

struct Nobody;

impl CallLog for Nobody {
    fn record(&self, _: &CallRecord<'_>) {}
}

impl Fleet {
    /// Manifests and images, and no function yet.
    pub async fn bare(count: usize, quotas: bool, scale: f64) -> Self {
        let options = Options { quotas, time_scale: scale, ..Options::default() };
        let sim = Sim::start(options, ([127, 0, 0, 1], 0).into()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        manifests::write(folder.path(), count);
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut fleet = Self { sim, folder, log, digest: String::new(), scale };
        for number in 0..manifests::REPOSITORIES {
            let name = format!("jobs-{number}");
            fleet.ecr("CreateRepository", &name, json!({}));
            let manifest = json!({ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json" });
            let body = json!({ "imageManifest": manifest.to_string(), "imageTag": "v1" });
            let reply = fleet.ecr("PutImage", &name, body);
            let digest = reply["image"]["imageId"]["imageDigest"].as_str().unwrap();
            digest.clone_into(&mut fleet.digest);
        }
        fleet
    }

    /// A fleet that is as its manifests ask, as Evenkeel would have made it, but faster. From then on AWS's
    /// rates hold.
    pub async fn made(count: usize, scale: f64) -> Self {
        let fleet = Self::bare(count, false, scale).await;
        let clients = Clients::local(&fleet.sim.url(), REGION).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let calls = Arc::new(Calls::new(
            Name::new("default"),
            QuotaShares::of(1e6),
            &clock,
            Arc::new(Nobody),
        ));
        let cloud = Arc::new(FunctionCloud::new(clients.lambda, calls));
        let mut steps = creations(&desired(count), &Digest::parse(&fleet.digest).unwrap());
        let mut hands = JoinSet::new();
        while let Some(step) = steps.pop() {
            if hands.len() >= 16 {
                hands.join_next().await.unwrap().unwrap();
            }
            let cloud = Arc::clone(&cloud);
            hands.spawn(async move { cloud.apply(&step).await.unwrap() });
        }
        hands.join_all().await;
        fleet.pass(Lags::default().create + Duration::from_secs(1)).await;
        fleet.sim.shared.world().hold_quotas(true);
        fleet
    }

    fn caller() -> Caller {
        Caller { account: ACCOUNT.into(), region: REGION.into(), key: "hand".into() }
    }

    fn ecr(&self, operation: &'static str, resource: &str, body: Value) -> Value {
        let call = Call::by(Self::caller(), (Service::Ecr, operation), (resource, body));
        self.sim.by_call(&call).unwrap().body
    }

    /// Time passes, by the fleet's clock.
    pub async fn pass(&self, time: Duration) {
        tokio::time::sleep(time.div_f64(self.scale)).await;
    }

    /// The fleet's clock, in seconds.
    pub fn now(&self) -> f64 {
        self.sim.shared.now().as_secs_f64()
    }

    /// Where the journal stands.
    pub fn mark(&self) -> usize {
        self.sim.shared.world().journal().since(0).len()
    }

    /// Something about the daemon's calls since a mark.
    pub fn calls<T>(&self, mark: usize, look: impl FnOnce(&[&Entry]) -> T) -> T {
        let world = self.sim.shared.world();
        let entries = world.journal().since(mark as u64);
        let ours: Vec<&Entry> = entries.iter().filter(|it| it.caller == KEY).collect();
        look(&ours)
    }

    /// How many of its calls were refused since they came too often.
    pub fn throttled(&self) -> usize {
        let throttle =
            |it: &&&Entry| it.status == 429 || it.code.as_deref() == Some("ThrottlingException");
        self.calls(0, |calls| calls.iter().filter(throttle).count())
    }

    /// Waits until the daemon's calls since a mark show something.
    pub async fn until<T>(&self, mark: usize, seen: impl Fn(&[&Entry]) -> Option<T>) -> T {
        let began = std::time::Instant::now();
        loop {
            if let Some(found) = self.calls(mark, &seen) {
                return found;
            }
            assert!(began.elapsed() < DEADLINE, "it takes too long");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Another hand changes a function.
    pub fn by_hand(&self, number: usize) -> bool {
        let name = format!("job-{number:05}");
        let set = json!({ "Description": "by hand" });
        let now = self.sim.shared.now();
        self.sim.shared.world().by_hand(&Self::caller(), (&name, &set), now)
    }

    /// Starts the daemon on it.
    pub fn start(&self, share: f64) -> Daemon {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        let log = File::create(self.log.path()).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_evenkeel"))
            .arg("run")
            .arg(self.folder.path())
            .args(["--owner", "bench", "--listen", &address, "--log-level", "warn"])
            .args(["--quota-share", &share.to_string()])
            .env_clear()
            .env("EVENKEEL_TIME_SCALE", self.scale.to_string())
            .env("AWS_ACCESS_KEY_ID", KEY)
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_REGION", REGION)
            .env("AWS_ENDPOINT_URL", self.sim.url())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        Daemon { child: child.unwrap(), url: format!("http://{address}") }
    }
}

/// The daemon.
pub struct Daemon {
    child: Child,
    pub url: String,
}

impl Daemon {
    /// Waits until every function has a verdict: the first list is complete.
    pub async fn ready(&self) {
        let began = std::time::Instant::now();
        let url = format!("{}/readyz", self.url);
        loop {
            let url = url.clone();
            let asked = tokio::task::spawn_blocking(move || ureq::get(&url).call().is_ok());
            if asked.await.unwrap() {
                return;
            }
            assert!(began.elapsed() < DEADLINE, "it is never ready");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// How many functions are in sync, as the metrics say.
    pub async fn synced(&self) -> usize {
        self.count("synced").await
    }

    /// How many functions have this status, as the metrics say.
    pub async fn count(&self, status: &str) -> usize {
        let url = format!("{}/metrics", self.url);
        let text = tokio::task::spawn_blocking(move || {
            let mut answer = ureq::get(&url).call().unwrap();
            let reader = answer.body_mut().with_config().limit(1 << 30);
            reader.read_to_string().unwrap()
        });
        let text = text.await.unwrap();
        let wanted = format!("evenkeel_objects{{kind=\"Function\",status=\"{status}\"");
        let line = text.lines().find(|it| it.starts_with(&wanted));
        line.map_or(0, |it| it.rsplit(' ').next().unwrap().parse().unwrap())
    }

    /// Waits until an exact read has confirmed so many functions: the first audit is over.
    pub async fn verified(&self, count: usize) {
        let began = std::time::Instant::now();
        while self.synced().await < count {
            assert!(began.elapsed() < DEADLINE, "the first audit never ends");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The processor time that it has used, in seconds.
    pub fn cpu(&self) -> f64 {
        let stat = fs::read_to_string(self.proc("stat")).unwrap();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        let ticks = |index: usize| fields[index].parse::<f64>().unwrap();
        // Linux counts these in hundredths of a second.
        (ticks(11) + ticks(12)) / 100.0
    }

    /// Its greatest resident memory, in MB.
    pub fn rss_mb(&self) -> f64 {
        let status = fs::read_to_string(self.proc("status")).unwrap();
        let line = status.lines().find_map(|it| it.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").trim().parse::<f64>().unwrap() / 1000.0
    }

    fn proc(&self, file: &str) -> std::path::PathBuf {
        Path::new("/proc").join(self.child.id().to_string()).join(file)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
