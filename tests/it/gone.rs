//! What others delete of a function, facet by facet: a process that saw it in sync calls it drift; one that starts
//! later is told by our tag, unless the function is new. The kinds' own reads of the stand-in, and their engines, which
//! only observe.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use evenkeel::{
    aws::{
        calls::{CallLog, Calls, QuotaShares},
        clients::Clients,
        cloud::{AwsKind, Cloud as _},
    },
    engine::{
        desired::{Desired, FacetDesired},
        engine::Engine,
        facts::{Fact, FactKey, FunctionFact, ReleaseFact},
        name::{Name, Owner},
        place::Place,
        policy::{FacetSettings, Mode, ReadMode, Settings},
        resource::Single,
        status::{ShownRow, Status},
        time::{Clock, Mono, Now},
        work::{DocumentKey, Event, ObjectEvent, ReadResult, Refresh, Work},
    },
    kinds::{
        async_invoke::AsyncInvoke, block::Of, concurrency::Concurrency, event_source::EventSource,
        function::expand::Setting, log_group::LogGroup, permissions::Permissions,
        provisioned::Provisioned, recursion::Recursion, release::Release, url::Url,
    },
    manifest::{self, DesiredState, Documents},
};
use evenkeel_sim::call::{Call, Service};
use serde_json::{Value, json};

use crate::common::{
    engine, facet_settings, function,
    replay::Tape,
    scene::{ACCOUNT, REGION, SCALE, Scene},
    settings,
};

/// Every facet that can be deleted, and the alias that some belong to.
const FACETS: &str = r#"
release: {}
url: { authType: AWS_IAM }
permissions: [{ sid: topic, principal: sns.amazonaws.com }]
asyncInvoke: { maximumRetryAttempts: 1 }
concurrency: { reserved: 7, provisioned: 3 }
recursiveLoop: Allow
logGroup: { retentionInDays: 14 }
eventSources: [{ eventSourceArn: "arn:aws:sqs:${target.region}:${target.accountId}:orders" }]
"#;
/// Long after the last change of the function.
const LATER: Duration = Duration::from_hours(30 * 24);

/// A clock that stands where it is put.
struct Stopped(Mutex<Now>);

impl Clock for Stopped {
    fn now(&self) -> Now {
        *self.0.lock().unwrap()
    }
}

/// A process that keeps one kind, and only observes.
struct Watcher<K: AwsKind> {
    engine: Engine<Single<K>>,
    cloud: K::Cloud,
    clock: Arc<Stopped>,
    /// The causes under which drift was told.
    told: BTreeSet<&'static str>,
    /// What happens while the next read is under way.
    meanwhile: Option<Event<Single<K>>>,
    reads: usize,
}

impl<K: AwsKind> Watcher<K> {
    async fn start(scene: &Scene, desired: FacetDesired<Arc<K::Spec>>, age: Duration) -> Self {
        let mut new = Self::open(scene, age).await;
        new.tell(Event::Desired(Desired::one(desired, true, Mono::default()))).await;
        new
    }

    /// One that has heard of the function and its alias. `age`: how long ago the function was changed.
    async fn open(scene: &Scene, age: Duration) -> Self {
        let found = scene.lambda("GetFunction", None, Value::Null);
        let changed = found["Configuration"]["LastModified"].as_str().unwrap();
        let changed = jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", changed).unwrap();
        let wall = changed.to_timestamp().unwrap() + jiff::SignedDuration::try_from(age).unwrap();
        let now = Now { mono: Mono(Duration::from_secs(1000)), wall };
        let clock = Arc::new(Stopped(Mutex::new(now)));
        let clients = Clients::local(&scene.sim.url(), REGION).unwrap();
        let log: Arc<dyn CallLog> = Arc::new(Tape::default());
        let any: Arc<dyn Clock> = Arc::<Stopped>::clone(&clock);
        let calls = Arc::new(Calls::new(Name::new("default"), QuotaShares::of(SCALE), &any, log));
        let settings = Settings { mode: Mode::Observe, ..settings() };
        let own = FacetSettings { read_mode: ReadMode::Narrow, ..facet_settings() };
        let mut new = Self {
            engine: engine(settings, own),
            cloud: K::open(&clients, calls),
            clock,
            told: BTreeSet::new(),
            meanwhile: None,
            reads: 0,
        };
        new.hear(&found).await;
        new
    }

    /// What other kinds say of the function and its alias.
    async fn hear(&mut self, found: &Value) {
        let name = || Name::new("job");
        let function =
            FunctionFact { exists: true, owner: Some("team".into()), ..FunctionFact::default() };
        let revision = found["Configuration"]["RevisionId"].as_str().unwrap();
        let release = ReleaseFact { alias: Some("live".into()), ..ReleaseFact::default() };
        self.tell(Event::Facts(vec![
            (FactKey::Function(name()), Some(Fact::Function(function.into()))),
            (FactKey::Release(name()), Some(Fact::Release(release.into()))),
            (FactKey::Settled(name()), Some(Fact::Settled(revision.into()))),
        ]))
        .await;
    }

    /// What the other kinds say when the function is made again.
    async fn made_again(&mut self) {
        let fact = |exists| {
            let fact =
                FunctionFact { exists, owner: Some("team".into()), ..FunctionFact::default() };
            (FactKey::Function(Name::new("job")), Some(Fact::Function(fact.into())))
        };
        self.tell(Event::Facts(vec![fact(false), fact(true)])).await;
    }

    async fn tell(&mut self, event: Event<Single<K>>) {
        let mut works = self.engine.handle(event, self.clock.now());
        while let Some(work) = works.pop() {
            match work {
                Work::Read(key, wanted, priority, _) => {
                    let started = self.clock.now().mono;
                    let found = self.cloud.get(key.name(), wanted.as_deref(), priority).await;
                    let found = Ok(found.unwrap().0);
                    self.reads += 1;
                    if let Some(news) = self.meanwhile.take() {
                        self.pass(Duration::from_secs(1));
                        works.extend(self.engine.handle(news, self.clock.now()));
                    }
                    let read = ReadResult { key, started, found };
                    works.extend(self.engine.handle(Event::Read(read), self.clock.now()));
                }
                Work::Report(_, ObjectEvent::Drifted(cause, _)) => {
                    self.told.insert(cause.as_str());
                }
                Work::Report(..) | Work::Publish(..) | Work::RaisePriority(..) => {}
                Work::List(..) | Work::Apply(_) => panic!("it lists nothing and writes nothing"),
            }
        }
    }

    /// Time passes, and everything is read again.
    async fn read_again(&mut self, later: Duration) {
        self.pass(later);
        let function = DocumentKey { kind: "Function", name: Name::new("job") };
        let asked = Refresh::Documents(BTreeSet::from([function]));
        self.tell(Event::Refresh(asked.into())).await;
    }

    fn pass(&self, time: Duration) {
        let mut now = self.clock.0.lock().unwrap();
        now.mono = now.mono.after(time);
        now.wall += jiff::SignedDuration::try_from(time).unwrap();
    }

    fn row(&self) -> ShownRow {
        self.engine.rows().next().unwrap().clone()
    }

    fn causes(&self) -> Vec<&'static str> {
        self.row().causes.iter().map(|it| it.as_str()).collect()
    }
}

/// A facet, and how another party deletes it.
struct Facet<K: AwsKind> {
    of: fn(DesiredState) -> FacetDesired<Arc<K::Spec>>,
    cause: &'static str,
    delete: fn(&Scene),
    /// Whether a tag of ours is left behind that tells a later process.
    tag: bool,
}

struct Stand {
    scene: Scene,
    fields: String,
}

impl Stand {
    async fn new() -> Self {
        let scene = Scene::new().await;
        let fields: String = FACETS.lines().map(|it| format!("  {it}\n")).collect();
        scene.manifest(&fields);
        scene.apply().await;
        Self { scene, fields: FACETS.trim().to_owned() }
    }

    fn desired(&self) -> DesiredState {
        let text = function("job", "jobs:v1", &self.fields);
        let parsed = manifest::parse("m.yaml", text.as_bytes());
        assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
        let place = Place {
            target: Name::new("default"),
            account_id: ACCOUNT.into(),
            region: REGION.into(),
            registry: None,
        };
        let owner = "team".parse::<Owner>().unwrap();
        let documents = Documents {
            all: &parsed.documents,
            frozen: &BTreeSet::new(),
            intact: true,
            read_at: Mono::default(),
            watches: false,
        };
        manifest::expand(documents, Setting { place: &place, owner: &owner, hash_key: None })
    }

    async fn watch<K: AwsKind>(&self, facet: &Facet<K>, age: Duration) -> Watcher<K> {
        Watcher::start(&self.scene, (facet.of)(self.desired()), age).await
    }

    /// Another party deletes the facet; each kind of process says of it what it can know.
    async fn check<K: AwsKind>(&self, facet: Facet<K>) {
        let what = facet.cause;
        let mut witness = self.watch(&facet, LATER).await;
        assert_eq!(witness.row().status, Status::Synced, "{what}: {:?}", witness.row());
        let mut again = self.watch(&facet, LATER).await;
        (facet.delete)(&self.scene);

        witness.read_again(Duration::ZERO).await;
        assert_eq!((witness.row().status, witness.causes()), (Status::Drifted, vec![what]));
        assert_eq!(witness.told, BTreeSet::from([what]));

        let mut later = self.watch(&facet, LATER).await;
        let found = (later.row().status, later.causes());
        let expected =
            if facet.tag { (Status::Drifted, vec![what]) } else { (Status::Pending, vec![]) };
        assert_eq!(found, expected, "{what}");
        later.read_again(LATER).await;
        assert_eq!((later.row().status, later.causes()), expected, "{what}");

        // It may be still to come, and that does not become less true as time passes.
        let mut new = self.watch(&facet, Duration::from_mins(9)).await;
        assert_eq!((new.row().status, new.causes()), (Status::Pending, vec![]), "{what}");
        new.read_again(LATER).await;
        assert_eq!((new.row().status, new.causes()), (Status::Pending, vec![]), "{what}");
        assert!(new.told.is_empty(), "{what}: {:?}", new.told);

        // What goes with its function is not counted beside it. An event source outlives that.
        if facet.tag {
            again.made_again().await;
            again.read_again(LATER).await;
            assert_eq!((again.row().status, again.causes()), (Status::Pending, vec![]), "{what}");
            assert!(again.told.is_empty(), "{what}: {:?}", again.told);
        }
    }
}

/// A facet of which a tag of ours is left behind.
fn facet<K: AwsKind>(
    cause: &'static str,
    of: fn(DesiredState) -> FacetDesired<Arc<K::Spec>>,
    delete: fn(&Scene),
) -> Facet<K> {
    Facet { of, cause, delete, tag: true }
}

/// What belongs to the function itself.
async fn of_the_function(stand: &Stand) {
    let recursion = facet::<Of<Recursion>>(
        "recursion",
        |it| it.recursions,
        |it| {
            let body = json!({ "RecursiveLoop": "Terminate" });
            it.lambda("PutFunctionRecursionConfig", None, body);
        },
    );
    stand.check(recursion).await;
    let concurrency = facet::<Of<Concurrency>>(
        "concurrency",
        |it| it.concurrencies,
        |it| drop(it.lambda("DeleteFunctionConcurrency", None, Value::Null)),
    );
    stand.check(concurrency).await;
    let log_group = facet::<Of<LogGroup>>(
        "log_group",
        |it| it.log_groups,
        |it| drop(it.call(Service::Logs, "DeleteLogGroup", ("/aws/lambda/job", json!({})))),
    );
    stand.check(log_group).await;
}

/// What belongs to the alias.
async fn of_the_alias(stand: &Stand) {
    let url = facet::<Of<Url>>(
        "url",
        |it| it.urls,
        |it| drop(it.lambda("DeleteFunctionUrlConfig", Some("live"), Value::Null)),
    );
    stand.check(url).await;
    let events = facet::<Of<AsyncInvoke>>(
        "async_invoke",
        |it| it.async_invokes,
        |it| drop(it.lambda("DeleteFunctionEventInvokeConfig", Some("live"), Value::Null)),
    );
    stand.check(events).await;
    let permissions = facet::<Of<Permissions>>(
        "permissions",
        |it| it.permissions,
        |it| {
            let policy = it.lambda("GetPolicy", Some("live"), Value::Null);
            let policy: Value = serde_json::from_str(policy["Policy"].as_str().unwrap()).unwrap();
            let sid = policy["Statement"][0]["Sid"].clone();
            it.lambda("RemovePermission", Some("live"), sid);
        },
    );
    stand.check(permissions).await;
    let provisioned = facet::<Of<Provisioned>>(
        "provisioned_concurrency",
        |it| it.provisioned,
        |it| drop(it.lambda("DeleteProvisionedConcurrencyConfig", Some("live"), Value::Null)),
    );
    stand.check(provisioned).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_delete_is_drift_with_a_cause_of_its_own() {
    let stand = Stand::new().await;
    of_the_function(&stand).await;
    of_the_alias(&stand).await;
    let event_source = Facet::<EventSource> {
        of: |it| it.event_sources,
        cause: "event_source",
        delete: unmap,
        tag: false,
    };
    stand.check(event_source).await;
    let release = facet::<Release>(
        "release",
        |it| it.releases,
        |it| drop(it.lambda("DeleteAlias", None, json!("live"))),
    );
    stand.check(release).await;
}

/// The first read may be older than what is told of the alias meanwhile: it is read again.
#[tokio::test(flavor = "multi_thread")]
async fn news_of_the_alias_during_the_first_read_ask_for_another() {
    let stand = Stand::new().await;
    for (alias, reads) in [(Some("live"), 1), (Some("next"), 2), (None, 2)] {
        let mut watcher = Watcher::<Of<Url>>::open(&stand.scene, LATER).await;
        let fact = ReleaseFact { alias: alias.map(Into::into), ..ReleaseFact::default() };
        let fact = (FactKey::Release(Name::new("job")), Some(Fact::Release(fact.into())));
        watcher.meanwhile = Some(Event::Facts(vec![fact]));
        let desired = Desired::one(stand.desired().urls, true, Mono::default());
        watcher.tell(Event::Desired(desired)).await;
        assert_eq!(watcher.reads, reads, "{alias:?}");
    }
}

/// Another party deletes the event source.
fn unmap(scene: &Scene) {
    let all = scene.lambda("ListEventSourceMappings", None, Value::Null);
    let id = all["EventSourceMappings"][0]["UUID"].as_str().unwrap().to_owned();
    let call = (Service::Lambda, "DeleteEventSourceMapping");
    let call = Call::by(Scene::caller(), call, ("", Value::Null));
    scene.sim.by_call(&Call { rest: vec![id.clone()], ..call }).unwrap();
    let gone = || {
        let call = (Service::Lambda, "GetEventSourceMapping");
        let call = Call::by(Scene::caller(), call, ("", Value::Null));
        scene.sim.by_call(&Call { rest: vec![id.clone()], ..call }).is_err()
    };
    while !gone() {
        std::thread::yield_now();
    }
}
