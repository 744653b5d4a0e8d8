//! A small model of Lambda and ECR, with the habits that make them hard: states, revisions, conflicts,
//! throttles, lost replies, values that are accepted and ignored. Pure; time is an argument.

use std::{collections::BTreeMap, time::Duration};

use evenkeel::{
    engine::{
        facts::{Digest, ImageFact},
        failure::{AwsError, Class, Failure},
        name::Name,
        observed::{Known, Reading},
        time::Mono,
    },
    kinds::{
        function::{
            live::{Activity, Live, Package, State, StateReason, Update},
            step::{Patch, Step},
            unmanaged::Unmanaged,
        },
        function_config::config::MEMBERS,
    },
};

/// How long AWS is busy with an update.
const BUSY: Duration = Duration::from_secs(2);

#[derive(Clone)]
struct Found {
    live: Live,
    revision: u64,
    busy_until: Mono,
    new: bool,
    /// Whether its creation or its last update ended in failure.
    failed: bool,
}

/// Everything in one account.
#[derive(Clone, Default)]
pub struct World {
    functions: BTreeMap<Name, Found>,
    pub images: BTreeMap<String, ImageFact>,
    revisions: u64,
    /// The next calls to fail: `list`, `look` or `write`, how, and whether they act all the same.
    pub faults: Vec<(&'static str, Class, bool)>,
    /// Whether AWS accepts a new memory size and ignores it.
    pub deaf: bool,
    /// Digests whose deployment AWS accepts and that then fail.
    pub bad: Vec<String>,
    /// Whether what is made fails at its creation.
    pub barren: bool,
    /// Whether AWS says nothing of tags.
    pub tags_hidden: bool,
    pub writes: Vec<String>,
}

impl World {
    fn next(&mut self) -> u64 {
        self.revisions += 1;
        self.revisions
    }

    fn fault(&mut self, verb: &str) -> Option<(Class, bool)> {
        let index = self.faults.iter().position(|(it, ..)| *it == verb)?;
        let (_, class, acts) = self.faults.remove(index);
        Some((class, acts))
    }

    /// What GetFunction shows.
    pub fn get(&mut self, name: &Name, now: Mono) -> Result<Option<Reading<Live>>, Failure> {
        if let Some((class, _)) = self.fault("look") {
            return Err(failure(class, "GetFunction"));
        }
        let hidden = self.tags_hidden;
        Ok(self.functions.get(name).map(|found| {
            let mut seen = found.seen(now);
            if hidden {
                seen.live.tags = Known::No("AccessDenied".into());
            }
            seen
        }))
    }

    /// What ListFunctions shows: no tags, no state, no repository.
    pub fn list(&mut self, now: Mono) -> Result<Vec<(Name, Reading<Live>)>, Failure> {
        if let Some((class, _)) = self.fault("list") {
            return Err(failure(class, "ListFunctions"));
        }
        let row = |(name, found): (&Name, &Found)| {
            let mut seen = found.seen(now);
            let unknown = || "a list does not show it".to_owned();
            seen.live.tags = Known::No(unknown());
            seen.live.state = Known::No(unknown());
            seen.live.repository = Known::No(unknown());
            seen.exact = false;
            (name.clone(), seen)
        };
        Ok(self.functions.iter().map(row).collect())
    }

    /// One call that changes something.
    pub fn apply(&mut self, step: &Step, now: Mono) -> Result<(), Failure> {
        let fault = self.fault("write");
        if let Some((class, false)) = fault {
            return Err(failure(class, "Write"));
        }
        let result = self.write(step, now);
        if result.is_ok() {
            self.writes.push(step.to_string());
        }
        match fault {
            Some((class, true)) => Err(failure(class, "Write")),
            Some((_, false)) | None => result,
        }
    }

    fn write(&mut self, step: &Step, now: Mono) -> Result<(), Failure> {
        let revision = self.next();
        let (deaf, bad) = (self.deaf, self.bad.clone());
        match step {
            Step::Create(it) => {
                if self.functions.contains_key(&it.name) {
                    return Err(failure(Class::Precondition, "CreateFunction"));
                }
                let (repository, digest) = it.image_uri.split_once('@').unwrap();
                let live = Live {
                    arn: format!("arn:aws:lambda:eu-west-1:111122223333:function:{}", it.name),
                    package: Package::Image,
                    digest: Digest::parse(digest),
                    repository: Known::Yes(repository.into()),
                    architecture: it.architecture.clone(),
                    config: it.config.clone(),
                    environment_error: None,
                    image_error: None,
                    unmanaged: Unmanaged::default(),
                    tags: Known::Yes(it.tags.clone()),
                    state: Known::No(String::new()),
                    last_modified: None,
                };
                let (busy_until, failed) = (now.after(BUSY), self.barren);
                self.functions.insert(
                    it.name.clone(),
                    Found { live, revision, busy_until, new: true, failed },
                );
                Ok(())
            }
            Step::UpdateCode(it) => {
                let found = self.settled(&it.name, it.revision_id.as_deref(), now)?;
                let (repository, digest) = it.image_uri.split_once('@').unwrap();
                let digest = Digest::parse(digest);
                found.failed = digest.as_ref().is_some_and(|it| bad.contains(&it.hex().to_owned()));
                if found.failed {
                    // It is accepted, and the function runs on with its old image.
                    found.touch(revision, now);
                    return Ok(());
                }
                found.live.digest = digest;
                found.live.repository = Known::Yes(repository.into());
                found.live.architecture.clone_from(&it.architecture);
                found.touch(revision, now);
                Ok(())
            }
            Step::UpdateConfig(it) => {
                let found = self.settled(&it.name, it.revision_id.as_deref(), now)?;
                patch(&mut found.live, &it.patch, deaf);
                found.touch(revision, now);
                Ok(())
            }
            Step::Tag(it) => {
                let found = self.settled(&it.name, None, now)?;
                let Known::Yes(tags) = &mut found.live.tags else {
                    unreachable!("the model knows")
                };
                tags.extend(it.tags.clone());
                Ok(())
            }
            Step::Untag(it) => {
                let found = self.settled(&it.name, None, now)?;
                if let Known::Yes(tags) = &mut found.live.tags {
                    tags.retain(|key, _| !it.keys.contains(key));
                }
                Ok(())
            }
            Step::Delete(name) => match self.functions.remove(name) {
                Some(_) => Ok(()),
                None => Err(failure(Class::Gone, "Delete")),
            },
        }
    }

    fn settled(
        &mut self,
        name: &Name,
        revision: Option<&str>,
        now: Mono,
    ) -> Result<&mut Found, Failure> {
        let Some(found) = self.functions.get_mut(name) else {
            return Err(failure(Class::Gone, "Update"));
        };
        if now < found.busy_until {
            return Err(failure(Class::Busy, "Update"));
        }
        if revision.is_some_and(|it| it != found.shown_revision(now)) {
            return Err(failure(Class::Precondition, "Update"));
        }
        Ok(found)
    }

    /// Somebody changes something by hand.
    pub fn by_hand(&mut self, name: &str, now: Mono, change: impl FnOnce(&mut Live)) {
        let revision = self.next();
        if let Some(found) = self.functions.get_mut(&Name::new(name)) {
            change(&mut found.live);
            found.touch(revision, now);
        }
    }

    /// AWS reports it failed, as it does of one whose creation failed.
    pub fn spoil(&mut self, name: &str, now: Mono) {
        let revision = self.next();
        if let Some(found) = self.functions.get_mut(&Name::new(name)) {
            found.touch(revision, now);
            (found.new, found.failed) = (true, true);
        }
    }

    /// Somebody deletes it.
    pub fn delete(&mut self, name: &str) {
        self.functions.remove(&Name::new(name));
    }

    /// Somebody changes tags, which moves no revision.
    pub fn tags(&mut self, name: &str, change: impl FnOnce(&mut BTreeMap<String, String>)) {
        if let Some(found) = self.functions.get_mut(&Name::new(name))
            && let Known::Yes(tags) = &mut found.live.tags
        {
            change(tags);
        }
    }

    /// What is there, for a look from outside.
    pub fn live(&self, name: &str) -> Option<&Live> {
        self.functions.get(&Name::new(name)).map(|it| &it.live)
    }

    pub fn names(&self) -> Vec<String> {
        self.functions.keys().map(ToString::to_string).collect()
    }
}

impl Found {
    fn touch(&mut self, revision: u64, now: Mono) {
        self.revision = revision;
        self.busy_until = now.after(BUSY);
        self.new = false;
    }

    /// The revision moves once more when the update is done.
    fn shown_revision(&self, now: Mono) -> String {
        let done = if now < self.busy_until { "" } else { "-done" };
        format!("r{}{done}", self.revision)
    }

    fn seen(&self, now: Mono) -> Reading<Live> {
        let busy = now < self.busy_until;
        let mut live = self.live.clone();
        let failed = self.failed && !busy;
        let reason = |yes: bool| {
            let (code, message) = ("InvalidImage".into(), "it does not start".into());
            yes.then_some(StateReason { code, message })
        };
        live.state = Known::Yes(State {
            activity: match (self.new, busy) {
                (true, true) => Activity::Pending,
                (true, false) if failed => Activity::Failed,
                _ => Activity::Active,
            },
            reason: reason(failed && self.new),
            update: match (self.new, busy) {
                (false, true) => Update::InProgress,
                (false, false) if failed => Update::Failed,
                _ => Update::Settled,
            },
            update_reason: reason(failed && !self.new),
        });
        Reading { live, revision: Some(self.shown_revision(now)), exact: true }
    }
}

fn patch(live: &mut Live, patch: &Patch, deaf: bool) {
    let sent = MEMBERS.iter().filter(|it| patch.members.contains(it.name));
    for member in sent.filter(|it| !(deaf && it.name == "memorySize")) {
        (member.copy)(&patch.config, &mut live.config);
    }
}

pub fn failure(class: Class, op: &'static str) -> Failure {
    let cause = AwsError { code: None, message: class.to_string() };
    Failure { class, op, cause, retry_after: None }
}
