//! The stand-in, a folder of manifests, and the real binary on both.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};

use evenkeel_sim::{
    call::{Call, Caller, Service},
    fault::Rule,
    journal::Entry,
    server::Sim,
    world::{Options, Script},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

pub const ACCOUNT: &str = "123456789012";
pub const REGION: &str = "us-east-1";
/// The binary's access key, by which its calls are known.
pub const KEY: &str = "AKIAOURS";
/// How many times as fast the clocks of the stand-in and of the binary run.
pub const SCALE: f64 = 50.0;
/// How long anything may take by the clock on the wall.
const DEADLINE: Duration = Duration::from_mins(1);

pub struct Scene {
    pub sim: Sim,
    /// How many times as fast as the clock on the wall its clocks run.
    scale: f64,
    folder: TempDir,
}

impl Scene {
    /// An account with a repository `jobs` and an image in it.
    pub async fn new() -> Self {
        Self::at(SCALE).await
    }

    /// The same with slower clocks, for a test with very many calls: on a busy machine, whoever waits by a hurried clock
    /// gives up on AWS too soon.
    #[expect(
        clippy::disallowed_methods,
        reason = "the daemon's date and the stand-in's are to agree"
    )]
    pub async fn at(scale: f64) -> Self {
        let start = jiff::Timestamp::now();
        let options = Options { time_scale: scale, start, ..Options::default() };
        let sim = Sim::start(options, ([127, 0, 0, 1], 0).into()).await.unwrap();
        let scene = Self { sim, scale, folder: TempDir::new().unwrap() };
        fs::create_dir(scene.manifests()).unwrap();
        scene.call(Service::Ecr, "CreateRepository", ("jobs", json!({})));
        scene.push(1);
        scene
    }

    pub fn manifests(&self) -> PathBuf {
        self.folder.path().join("m")
    }

    /// Another image under the same tag.
    pub fn push(&self, salt: u64) {
        self.push_to("jobs", salt);
    }

    /// The same in a repository of another name.
    pub fn push_to(&self, repository: &str, salt: u64) {
        let manifest = json!({ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "annotations": { "salt": salt } });
        let body = json!({ "imageManifest": manifest.to_string(), "imageTag": "v1" });
        self.call(Service::Ecr, "PutImage", (repository, body));
    }

    /// A function `job` and whatever its spec says besides.
    pub fn manifest(&self, rest: &str) {
        self.manifest_of("job", rest);
    }

    /// The same for a function of another name.
    pub fn manifest_of(&self, name: &str, rest: &str) {
        let text = format!(
            "apiVersion: evenkeel.dev/v1\nkind: Function\nmetadata: {{ name: {name} }}\nspec:\n  image: jobs:v1\n  role: job\n{rest}"
        );
        let path = self.manifests().join(format!("{name}.yaml"));
        let half = path.with_extension("half");
        fs::write(&half, text).unwrap();
        fs::rename(half, path).unwrap();
    }

    pub fn caller() -> Caller {
        Caller { account: ACCOUNT.into(), region: REGION.into(), key: "hand".into() }
    }

    /// Somebody else's call.
    pub fn call(
        &self,
        service: Service,
        operation: &'static str,
        (resource, body): (&str, Value),
    ) -> Value {
        let rest = body.as_str().map(str::to_owned).into_iter().collect();
        let call = Call::by(Self::caller(), (service, operation), (resource, body));
        let call = Call { rest, ..call };
        self.sim.by_call(&call).unwrap_or_else(|it| panic!("{operation}: {}", it.message)).body
    }

    /// Somebody else's call about the function, or about an alias or version of it.
    pub fn lambda(&self, operation: &'static str, qualifier: Option<&str>, body: Value) -> Value {
        let rest = body.as_str().map(str::to_owned).into_iter().collect();
        let call = Call {
            rest,
            qualifier: qualifier.map(str::to_owned),
            ..Call::by(Self::caller(), (Service::Lambda, operation), ("job", body))
        };
        self.sim.by_call(&call).unwrap_or_else(|it| panic!("{operation}: {}", it.message)).body
    }

    /// What the function answers from now on.
    pub fn answers(&self, scripts: Value) {
        let scripts: Vec<Script> = serde_json::from_value(scripts).unwrap();
        self.sim.shared.world().script(&Self::caller(), scripts);
    }

    /// What goes wrong from now on: rules of the stand-in's.
    pub fn faults(&self, rules: &Value) {
        let rules: Vec<Rule> = serde_json::from_value(rules.clone()).unwrap();
        let now = self.sim.shared.now();
        self.sim.shared.world().faults(7, rules, now);
    }

    /// An operation ends in this fault from now on.
    pub fn fails(&self, operation: &str, fault: &str) {
        self.faults(&json!([{ "fault": fault, "operations": [operation] }]));
    }

    /// The statements of a function's policy.
    pub fn statements(&self, function: &str) -> Vec<Value> {
        let call =
            Call::by(Self::caller(), (Service::Lambda, "GetPolicy"), (function, Value::Null));
        let Ok(found) = self.sim.by_call(&call) else { return Vec::new() };
        let policy: Value = serde_json::from_str(found.body["Policy"].as_str().unwrap()).unwrap();
        policy["Statement"].as_array().unwrap().clone()
    }

    /// The ids of a function's statements.
    pub fn sids(&self, function: &str) -> Vec<String> {
        let all = self.statements(function).into_iter();
        all.map(|it| it["Sid"].as_str().unwrap().to_owned()).collect()
    }

    /// The aliases that have a URL; `job` is the function itself.
    pub fn urls(&self) -> Vec<String> {
        let all = self.lambda("ListFunctionUrlConfigs", None, Value::Null);
        let all = all["FunctionUrlConfigs"].as_array().unwrap().iter();
        all.map(|it| last(&it["FunctionArn"])).collect()
    }

    /// Somebody lets a queue invoke the function.
    pub fn map(&self, queue: &str, tags: &Value) {
        let arn = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}");
        let body = json!({ "FunctionName": "job", "EventSourceArn": arn, "Tags": tags });
        self.lambda("CreateEventSourceMapping", None, body);
    }

    /// The queues that invoke the function, in order.
    pub fn mapped(&self) -> Vec<String> {
        let all = self.lambda("ListEventSourceMappings", None, Value::Null);
        let all = all["EventSourceMappings"].as_array().unwrap().iter();
        let mut names: Vec<String> = all.map(|it| last(&it["EventSourceArn"])).collect();
        names.sort();
        names
    }

    /// The alias `live`, if it is there.
    pub fn alias(&self) -> Option<Value> {
        let all = self.lambda("ListAliases", None, Value::Null);
        let all = all["Aliases"].as_array().into_iter().flatten();
        all.into_iter().find(|it| it["Name"] == "live").cloned()
    }

    /// The version that the alias leads to, and the other one with its part of the calls.
    pub fn leads(&self) -> String {
        let Some(alias) = self.alias() else { return "nowhere".into() };
        let version = alias["FunctionVersion"].as_str().unwrap();
        let weights = &alias["RoutingConfig"]["AdditionalVersionWeights"];
        match weights.as_object().and_then(|it| it.iter().next()) {
            Some((other, weight)) => format!("{version}, {weight} of {other}"),
            None => version.to_owned(),
        }
    }

    /// The numbers of all versions.
    pub fn versions(&self) -> Vec<String> {
        let all = self.lambda("ListVersionsByFunction", None, Value::Null);
        let all = all["Versions"].as_array().unwrap().iter();
        let all = all.filter_map(|it| it["Version"].as_str().map(str::to_owned));
        all.filter(|it| it != "$LATEST").collect()
    }

    /// The binary with its arguments and the stand-in as AWS.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_evenkeel"));
        command
            .args(arguments)
            .env_clear()
            .env("AWS_ACCESS_KEY_ID", KEY)
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_REGION", REGION)
            .env("AWS_ENDPOINT_URL", self.sim.url())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("EVENKEEL_OWNER", "team")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// The same with a clock as fast as the stand-in's.
    pub fn hurried(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(arguments);
        command.env("EVENKEEL_TIME_SCALE", self.scale.to_string());
        // By the clock on the wall: a machine that does much else is no failure.
        command.env("EVENKEEL_TIMEOUT", "30m");
        command
    }

    /// Runs the binary; its exit code and what it prints.
    pub async fn run(&self, arguments: &[&str]) -> (i32, String) {
        Self::ended(self.command(arguments)).await
    }

    async fn ended(mut command: Command) -> (i32, String) {
        let out = command.output().await.unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        (out.status.code().unwrap_or(-1), text + &String::from_utf8(out.stderr).unwrap())
    }

    /// The same for a command that reads the manifests: its name, and whatever else there is.
    pub async fn on_manifests(&self, arguments: &[&str]) -> (i32, String) {
        let folder = self.manifests();
        let (command, rest) = arguments.split_first().unwrap();
        let own = [*command, folder.to_str().unwrap()];
        Self::ended(self.hurried(&[own.as_slice(), rest].concat())).await
    }

    pub async fn apply(&self) {
        let (code, text) = self.on_manifests(&["apply"]).await;
        assert_eq!(code, 0, "{text}");
    }

    pub async fn assert_quiet(&self) {
        let (code, text) = self.on_manifests(&["plan"]).await;
        assert_eq!(code, 0, "{text}");
        let before = self.writes();
        self.apply().await;
        assert_eq!(self.writes(), before, "it writes though nothing differs");
    }

    /// Starts the daemon.
    pub fn start(&self) -> Child {
        self.start_with(&[])
    }

    /// The same with more arguments.
    pub fn start_with(&self, arguments: &[&str]) -> Child {
        let log = File::options().create(true).append(true).open(self.log_file()).unwrap();
        let folder = self.manifests();
        let mut command = self.hurried(&["run", folder.to_str().unwrap()]);
        command.args(["--listen", "127.0.0.1:0", "--log-format", "json"]).args(arguments);
        command.stdout(Stdio::null()).stderr(log).spawn().unwrap()
    }

    /// Where the daemon that was started last serves.
    pub fn address(&self) -> String {
        let address = self.log().lines().rev().find_map(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            (line["message"] == "listening").then(|| line["address"].as_str().unwrap().to_owned())
        });
        format!("http://{}", address.unwrap_or_default())
    }

    /// What it serves under a path; empty if it does not.
    pub fn served(&self, path: &str) -> String {
        let url = self.address() + path;
        let answer = ureq::get(&url).call().ok();
        answer.and_then(|mut it| it.body_mut().read_to_string().ok()).unwrap_or_default()
    }

    /// What is said of a facet, by the engine's kind that keeps it; null if there is none.
    pub fn row(&self, kind: &str) -> Value {
        self.facets(kind).into_iter().next().unwrap_or_default()
    }

    /// What is said of each facet of a kind.
    pub fn facets(&self, kind: &str) -> Vec<Value> {
        let body: Value = serde_json::from_str(&self.served("/api/v1/objects")).unwrap_or_default();
        let objects = body["objects"].as_array().into_iter().flatten();
        let name = evenkeel::kinds::facet_of(kind).map(|it| it.replace('/', "."));
        let is_meant = |object: &Value, facet: &Value| match &name {
            Some(name) => facet["name"] == **name,
            None => object["kind"] == *kind && facet["name"] == kind.to_lowercase(),
        };
        let of = |object: &Value| {
            let facets = object["facets"].as_array().into_iter().flatten();
            facets.filter(|it| is_meant(object, it)).cloned().collect::<Vec<_>>()
        };
        objects.flat_map(of).collect()
    }

    /// What the daemon has written to its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// Where that stands.
    pub fn log_file(&self) -> PathBuf {
        self.folder.path().join("daemon.log")
    }

    /// All functions, by name.
    pub fn functions(&self) -> BTreeMap<String, Value> {
        self.sim.shared.world().functions(&Self::caller())
    }

    /// The parts of the function that its tags say are ours.
    pub fn noted(&self) -> Vec<String> {
        let all = self.functions();
        let tags = all["job"]["tags"].as_object().unwrap().keys();
        tags.filter_map(|it| Some(it.strip_prefix("evenkeel.dev/block/")?.to_owned())).collect()
    }

    /// How many calls of the binary a test is about.
    pub fn count(&self, which: impl Fn(&Entry) -> bool) -> usize {
        self.count_of(KEY, which)
    }

    /// The same for calls with another key.
    pub fn count_of(&self, key: &str, which: impl Fn(&Entry) -> bool) -> usize {
        let world = self.sim.shared.world();
        world.journal().since(0).iter().filter(|it| it.caller == key && which(it)).count()
    }

    /// How many writes the binary has made.
    pub fn writes(&self) -> usize {
        self.count(|it| it.write)
    }

    /// Time passes, by the scene's clock.
    pub async fn pass(&self, seconds: f64) {
        tokio::time::sleep(Duration::from_secs_f64(seconds / self.scale)).await;
    }

    /// Waits until something is so.
    #[expect(clippy::disallowed_methods, reason = "a deadline of the test's own")]
    pub async fn until(&self, what: &str, so: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !so(self) {
            assert!(
                began.elapsed() < DEADLINE,
                "never: {what}; now {}\n{}",
                self.leads(),
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// The last part of an ARN.
fn last(arn: &Value) -> String {
    arn.as_str().unwrap().rsplit(':').next().unwrap().to_owned()
}
