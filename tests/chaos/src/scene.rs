//! One scene: a fleet, a daemon, people who change things, and the weather.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    time::Duration,
};

use evenkeel_sim::{
    call::{Call, Service},
    server::Sim,
    world::Options,
};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    blocks::Blocks,
    hands::hand,
    laws::{self, Told},
    manifest::{Wish, manifest, replace},
    process::{Daemon, Start},
    statuses::Statuses,
    weather,
};

pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const REGION: &str = "us-east-1";
pub(crate) const REPOSITORIES: [&str; 3] = ["count", "align", "plot"];
/// Functions of others: of another owner, of nobody, and one of nobody that a manifest names.
pub(crate) const FOREIGN: [&str; 3] = ["foreign-owned", "foreign-bare", "foreign-named"];
/// How long a fleet may take to be as it should be when the weather is fine again, in its own time.
const CALM: Duration = Duration::from_hours(2);
/// A scene that takes longer is worth a look.
const SLOW: Duration = Duration::from_mins(30);
/// How long people wait before they clear away what failed at its creation.
const PATIENCE: Duration = Duration::from_mins(15);
/// How long after a write somebody may undo it.
const RIVALS: Duration = Duration::from_secs(30);
/// How many functions other hands change at the end; so few open no breaker.
const CHANGED_LAST: usize = 4;
/// How long nothing else happens then: longer than any read may serve.
const AUDITED_AFTER: Duration = Duration::from_secs(150);
/// How long the scene sleeps at a time.
const TICK: Duration = Duration::from_secs(5);
/// How long nothing may be written then.
const STILL: Duration = Duration::from_secs(100);

/// What is to be played.
#[derive(Clone)]
pub(crate) struct Play {
    pub(crate) binary: PathBuf,
    pub(crate) functions: usize,
    pub(crate) blocks: bool,
    pub(crate) scale: f64,
    pub(crate) keep: Option<PathBuf>,
}

/// One scene under way.
pub(crate) struct Scene<'a> {
    pub(crate) play: &'a Play,
    pub(crate) sim: Sim,
    pub(crate) chance: fastrand::Rng,
    folder: tempfile::TempDir,
    pub(crate) wishes: BTreeMap<String, Wish>,
    pub(crate) told: Told,
    digests: BTreeMap<usize, String>,
    observe: bool,
    run: usize,
    daemon: Option<Daemon>,
    statuses: Statuses,
}

/// Plays one seed; an error says which law broke.
pub(crate) async fn play(play: &Play, seed: u64) -> Result<laws::Sum, String> {
    let mut scene = Scene::open(play, seed).await?;
    let played = scene.play(seed).await;
    let log = scene.folder.path().join("daemon.log");
    let fine = played.as_ref().is_ok_and(|it| it.calm < SLOW);
    if let Some(keep) = play.keep.as_ref().filter(|_| !fine) {
        let copied = fs::copy(&log, keep.join(format!("seed-{seed}.log"))).map(drop);
        let journal = serde_json::to_string(scene.sim.shared.world().journal().since(0));
        let written =
            fs::write(keep.join(format!("seed-{seed}.json")), journal.unwrap_or_default());
        copied.and(written).map_err(|error| error.to_string())?;
    }
    if let Some(daemon) = scene.daemon.take() {
        daemon.kill().await;
    }
    played
}

impl<'a> Scene<'a> {
    async fn open(play: &'a Play, seed: u64) -> Result<Self, String> {
        let options = Options { seed, time_scale: play.scale, ..Options::default() };
        let sim = Sim::start(options, ([127, 0, 0, 1], 0).into()).await;
        let sim = sim.map_err(|error| error.to_string())?;
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        fs::create_dir(folder.path().join("m")).map_err(|error| error.to_string())?;
        Ok(Self {
            play,
            sim,
            chance: fastrand::Rng::with_seed(seed),
            folder,
            wishes: BTreeMap::new(),
            told: Told::default(),
            digests: BTreeMap::new(),
            observe: seed % 10 == 9,
            run: 0,
            daemon: None,
            statuses: Statuses::default(),
        })
    }

    async fn play(&mut self, seed: u64) -> Result<laws::Sum, String> {
        for repository in 0..REPOSITORIES.len() {
            self.push(repository)?;
        }
        self.foreigners()?;
        for number in 0..self.play.functions {
            self.wish(&format!("job-{number:02}"))?;
        }
        let foreign = self.chance.usize(0..REPOSITORIES.len());
        let blocks = self.blocks();
        let wish = Wish { repository: foreign, memory: 999, timeout: 9, tag: false, blocks };
        self.write(FOREIGN[2], Some(&wish))?;
        let rules = weather::rules(seed, &mut self.chance);
        let now = self.sim.shared.now();
        self.sim.shared.world().faults(seed, rules, now);
        self.start()?;
        let acts = self.chance.usize(8..16);
        for _ in 0..acts {
            let pause = 40.0 * self.chance.f64();
            self.pass(Duration::from_secs_f64(pause)).await?;
            self.act().await?;
        }
        let now = self.sim.shared.now();
        self.sim.shared.world().faults(0, Vec::new(), now);
        // Those who put things back do so a last time.
        self.pass(RIVALS).await?;
        let calm = if self.observe { Duration::from_mins(1) } else { self.converge().await? };
        if self.play.blocks && !self.observe {
            self.change_in_fine_weather().await?;
        }
        let before = self.sim.shared.world().journal().since(0).len();
        self.pass(STILL).await?;
        let world = self.sim.shared.world();
        let journal = world.journal().since(0);
        laws::hold(journal, self.observe, (&self.told, before))?;
        self.statuses.hold(journal, self.observe)?;
        Ok(laws::Sum::of(journal, calm))
    }

    /// Other hands change blocks in fine weather, and nothing else happens until each must have been read again; then
    /// all is well again.
    async fn change_in_fine_weather(&mut self) -> Result<(), String> {
        let names: Vec<String> = self.wishes.keys().cloned().collect();
        for name in names.iter().take(CHANGED_LAST) {
            self.block_by_hand(name);
        }
        self.pass(AUDITED_AFTER).await?;
        self.converge().await.map(drop)
    }

    /// Time passes, by the scene's clock.
    async fn pass(&mut self, time: Duration) -> Result<(), String> {
        let end = self.sim.shared.now() + time;
        loop {
            if let Some(daemon) = &mut self.daemon {
                self.statuses.ask(&self.sim, daemon).await;
                daemon.ended().map_or(Ok(()), Err)?;
            }
            let left = end.saturating_sub(self.sim.shared.now());
            if left.is_zero() {
                return Ok(());
            }
            sleep(left.min(TICK).div_f64(self.play.scale)).await;
        }
    }

    fn start(&mut self) -> Result<(), String> {
        self.run += 1;
        let daemon = Daemon::start(&Start {
            binary: &self.play.binary,
            manifests: &self.folder.path().join("m"),
            log: &self.folder.path().join("daemon.log"),
            url: &self.sim.url(),
            observe: self.observe,
            scale: self.play.scale,
            run: self.run,
        });
        self.daemon = Some(daemon?);
        Ok(())
    }

    /// Somebody does something.
    async fn act(&mut self) -> Result<(), String> {
        let names: Vec<String> = self.wishes.keys().cloned().collect();
        let name = self.chance.choice(&names).cloned().unwrap_or_default();
        match self.chance.u32(0..14) {
            0..4 => self.wish(&name),
            4 => self.drop_manifest(&name),
            5 | 6 => {
                let repository = self.chance.usize(0..REPOSITORIES.len());
                self.push(repository)
            }
            7..10 => {
                self.by_hand(&name);
                Ok(())
            }
            10 => self.delete(&name),
            11 => self.wish(&format!("late-{:02}", self.run + self.wishes.len())),
            _ => {
                if let Some(daemon) = self.daemon.take() {
                    daemon.kill().await;
                }
                self.told.restarts += 1;
                self.start()
            }
        }
    }

    fn push(&mut self, repository: usize) -> Result<(), String> {
        let name = REPOSITORIES[repository];
        let salt = self.chance.u64(..);
        let manifest = json!({ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": {}, "layers": [], "annotations": { "salt": salt } });
        let new = !self.digests.contains_key(&repository);
        if new {
            self.call(Service::Ecr, "CreateRepository", (name, json!({})))?;
        }
        let body = json!({ "imageManifest": manifest.to_string(), "imageTag": "v1" });
        let reply = self.call(Service::Ecr, "PutImage", (name, body))?;
        let digest = reply["image"]["imageId"]["imageDigest"].as_str().unwrap_or_default();
        self.digests.insert(repository, digest.trim_start_matches("sha256:").to_owned());
        let users = self.wishes.iter().filter(|(_, it)| it.repository == repository);
        let users: Vec<String> = users.map(|(name, _)| name.clone()).collect();
        self.told.touch(users.iter());
        Ok(())
    }

    /// A call of another hand's, past the weather.
    fn call(
        &self,
        service: Service,
        operation: &'static str,
        (resource, body): (&str, Value),
    ) -> Result<Value, String> {
        let call = Call::by(hand(), (service, operation), (resource, body));
        let answer = self.sim.by_call(&call);
        answer.map(|it| it.body).map_err(|it| format!("{operation} {resource}: {}", it.message))
    }

    fn foreigners(&mut self) -> Result<(), String> {
        for name in FOREIGN {
            let tags = match name {
                "foreign-owned" => {
                    json!({ "evenkeel.dev/owner": "others", "evenkeel.dev/object": "Function/foreign-owned" })
                }
                _ => json!({ "team": "others" }),
            };
            let body = json!({
                "FunctionName": name,
                "PackageType": "Image",
                "Code": { "ImageUri": format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/count:v1") },
                "Role": format!("arn:aws:iam::{ACCOUNT}:role/others"),
                "Tags": tags,
            });
            self.call(Service::Lambda, "CreateFunction", (name, body))?;
        }
        Ok(())
    }

    /// Writes a manifest, or writes it anew.
    fn wish(&mut self, name: &str) -> Result<(), String> {
        let wish = Wish {
            repository: self.chance.usize(0..REPOSITORIES.len()),
            memory: self.chance.u32(2..20) * 64,
            timeout: self.chance.u32(1..60),
            tag: self.chance.bool(),
            blocks: self.blocks(),
        };
        self.write(name, Some(&wish))?;
        self.wishes.insert(name.to_owned(), wish);
        self.told.gone.remove(name);
        self.told.touch([name]);
        Ok(())
    }

    fn blocks(&mut self) -> Blocks {
        if self.play.blocks { Blocks::some(&mut self.chance) } else { Blocks::default() }
    }

    fn drop_manifest(&mut self, name: &str) -> Result<(), String> {
        // The last ones are never deleted, and a tenth at most: that is another test. An event source goes with its
        // function, and counts.
        let sources = self.wishes.get(name).map_or(0, |it| usize::from(it.blocks.has_source()));
        let few = (1 + sources) * 10 <= self.wishes.len();
        if self.told.gone.is_empty() && self.wishes.len() * 5 > self.play.functions * 3 && few {
            self.write(name, None)?;
            self.wishes.remove(name);
            self.told.gone.insert(name.to_owned(), self.sim.shared.now());
            self.told.touch([name]);
        }
        Ok(())
    }

    fn write(&self, name: &str, wish: Option<&Wish>) -> Result<(), String> {
        let path = self.folder.path().join("m").join(format!("{name}.yaml"));
        let done = match wish {
            Some(wish) => replace(&path, &manifest(name, wish)),
            None => fs::remove_file(path),
        };
        done.map_err(|error| error.to_string())
    }

    fn delete(&mut self, name: &str) -> Result<(), String> {
        let there = self.sim.shared.world().functions(&hand()).contains_key(name);
        if there {
            self.call(Service::Lambda, "DeleteFunction", (name, Value::Null))?;
            self.told.touch([name]);
        }
        Ok(())
    }

    /// Waits until everything is as the manifests ask; says how long that took.
    async fn converge(&mut self) -> Result<Duration, String> {
        let began = self.sim.shared.now();
        loop {
            self.pass(Duration::from_secs(5)).await?;
            let wrong = self.wrong();
            let passed = self.sim.shared.now().saturating_sub(began);
            if passed > PATIENCE {
                self.clear_failed()?;
            }
            match wrong {
                None => return Ok(passed),
                Some(wrong) if passed > CALM => {
                    return Err(format!("it never converges: {wrong}"));
                }
                Some(_) => {}
            }
        }
    }

    /// What failed at its creation is made anew by the process that made it. Where that was killed, its
    /// message has the command that a person types.
    fn clear_failed(&mut self) -> Result<(), String> {
        let live = self.sim.shared.world().functions(&hand());
        let failed = live.into_iter().filter(|(_, it)| it["configuration"]["State"] == "Failed");
        for (name, _) in failed {
            self.delete(&name)?;
        }
        Ok(())
    }

    /// What is not as it should be.
    fn wrong(&self) -> Option<String> {
        let world = self.sim.shared.world();
        let live = world.functions(&hand());
        let wanted: BTreeSet<&String> = self.wishes.keys().collect();
        let strange =
            live.keys().find(|it| !wanted.contains(it) && !FOREIGN.contains(&it.as_str()));
        if let Some(name) = strange {
            return Some(format!("{name} is still there"));
        }
        // A function takes none of its event sources with it.
        let fed = world.fed(&hand());
        let strange = fed.iter().find(|it| !wanted.contains(it) && !FOREIGN.contains(&it.as_str()));
        if let Some(name) = strange {
            return Some(format!("an event source of {name} is still there"));
        }
        self.wishes.iter().find_map(|(name, wish)| {
            let Some(live) = live.get(name) else { return Some(format!("{name} is missing")) };
            let config = &live["configuration"];
            let digest = self.digests.get(&wish.repository);
            let checks = [
                ("memory", config["MemorySize"] == wish.memory),
                ("timeout", config["Timeout"] == wish.timeout),
                ("description", config["Description"] == ""),
                ("image", config["CodeSha256"].as_str() == digest.map(String::as_str)),
                ("state", config["State"] == "Active"),
                ("update", config["LastUpdateStatus"] == "Successful"),
                ("tag", !wish.tag || live["tags"]["team"] == "blue"),
                ("object", live["tags"]["evenkeel.dev/object"] == format!("Function/{name}")),
            ];
            let wrong = checks.into_iter().find(|(_, good)| !good).map(|(what, _)| what);
            let what = wrong.or_else(|| {
                let live = world.blocks(&hand(), name);
                wish.blocks.wrong(&live)
            })?;
            Some(format!("the {what} of {name}"))
        })
    }
}
