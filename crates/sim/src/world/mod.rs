//! Everything there is, as a value: calls and the time in, answers out.

pub(crate) mod errand;
mod options;
mod rival;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    call::{Answer, Call, Caller, Reply, Service},
    cloudwatch::{self, Alarm, Alarms},
    ecr::Registry,
    fault::{Faults, Play, Rule},
    image::Registries,
    journal::{Entry, Journal, secs},
    lambda::{Ctx, Lambda, Roles},
    others::Others,
    quota::Quotas,
    sts,
    tagging::{self, Index},
    time::{self, Moment},
};

pub use self::options::Options;
use self::rival::Rival;
pub use crate::lambda::{Lags, Script};

/// A place in AWS: an account and a Region.
pub(crate) type Place = (String, String);

/// A call that was let in.
#[derive(Debug)]
pub struct Ticket {
    /// Its number in the journal.
    pub number: u64,
    /// What goes wrong with it.
    pub play: Play,
}

/// All accounts, and what is known of them.
#[derive(Debug)]
pub struct World {
    options: Options,
    lambdas: BTreeMap<Place, Lambda>,
    registries: Registries,
    roles: Roles,
    /// Ids of subnets and security groups that EC2 does not know; it knows all others.
    unknown: BTreeSet<String>,
    others: Others,
    /// The tags of repositories and event source mappings.
    indexes: BTreeMap<Place, Index>,
    faults: Faults,
    quotas: Quotas,
    journal: Journal,
    rivals: Vec<Rival>,
    alarms: Alarms,
}

impl World {
    /// An empty one.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            lambdas: BTreeMap::new(),
            registries: BTreeMap::new(),
            roles: BTreeMap::new(),
            unknown: BTreeSet::new(),
            others: Others::default(),
            indexes: BTreeMap::new(),
            faults: Faults::default(),
            quotas: Quotas::default(),
            journal: Journal::default(),
            rivals: Vec::new(),
            alarms: Alarms::default(),
        }
    }

    /// How it is set up.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Whether AWS's rates hold from now on.
    pub fn hold_quotas(&mut self, hold: bool) {
        self.options.quotas = hold;
    }

    /// What happened.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Replaces all faults.
    pub fn faults(&mut self, seed: u64, rules: Vec<Rule>, now: Moment) {
        self.faults.set(seed, rules, now);
    }

    /// A role was made just now.
    pub fn role(&mut self, arn: &str, now: Moment) {
        self.roles.insert(arn.to_owned(), now);
    }

    /// EC2 knows no subnet or security group of this id.
    pub fn unknown(&mut self, id: &str) {
        self.unknown.insert(id.to_owned());
    }

    /// The state of an alarm of a metric from now on, in CloudWatch's words.
    pub fn alarm(&mut self, caller: &Caller, name: &str, state: &str) {
        self.alarm_of(caller, "MetricAlarm", (name, state));
    }

    /// The same of an alarm of another type.
    pub fn alarm_of(&mut self, caller: &Caller, kind: &str, (name, state): (&str, &str)) {
        let alarm = Alarm { kind: kind.to_owned(), state: state.to_owned() };
        self.alarms.insert((place(caller), name.to_owned()), alarm);
    }

    /// What functions answer.
    pub fn script(&mut self, caller: &Caller, scripts: Vec<Script>) {
        self.lambda(caller).script(scripts);
    }

    /// All functions of a place, as GetFunction would show them now.
    pub fn functions(&self, caller: &Caller) -> BTreeMap<String, Value> {
        let lambda = self.lambdas.get(&place(caller));
        let all = lambda.into_iter().flat_map(|it| it.functions.keys());
        all.filter_map(|name| Some((name.clone(), lambda?.picture(name)))).collect()
    }

    /// The names of the functions that event sources are for, be they there or not.
    pub fn fed(&self, caller: &Caller) -> BTreeSet<String> {
        let lambda = self.lambdas.get(&place(caller));
        lambda.map(Lambda::fed).unwrap_or_default()
    }

    /// What hangs on a function now.
    pub fn blocks(&self, caller: &Caller, name: &str) -> Value {
        let mut all = self.lambdas.get(&place(caller)).map_or(Value::Null, |it| it.blocks(name));
        if all.is_object() {
            let group = format!("/aws/lambda/{name}");
            all["retention"] = self.others.retention(caller, &group);
        }
        all
    }

    /// Lets a call in: its number, and what the quotas and the faults make of it.
    pub fn admit(&mut self, call: &Call, now: Moment) -> Ticket {
        let quota = if self.options.quotas { self.quotas.draw(call, now) } else { Ok(()) };
        let mut play = match quota {
            Ok(()) => self.faults.play(call, now),
            Err(refusal) => Play { refuse: Some(refusal), ..Play::default() },
        };
        play.delay += self.options.latency;
        let number = self.open(call, &play, now);
        Ticket { number, play }
    }

    fn open(&mut self, call: &Call, play: &Play, now: Moment) -> u64 {
        self.journal.append(Entry {
            number: 0,
            began: secs(now),
            ended: None,
            account: call.caller.account.clone(),
            region: call.caller.region.clone(),
            caller: call.caller.key.clone(),
            service: call.service.name(),
            operation: call.operation.to_owned(),
            resource: self.about(call),
            status: 0,
            code: None,
            fault: play.fault.map(crate::fault::Fault::name),
            revision: call.text("RevisionId").map(str::to_owned),
            write: call.writes(),
            effect: false,
            before: Value::Null,
            after: Value::Null,
        })
    }

    /// Does what a call asks for, unless a fault answers instead.
    pub fn run(&mut self, call: &Call, ticket: &Ticket, now: Moment) -> Answer {
        self.tick(now);
        let Ticket { number, play } = ticket;
        if let Some(refusal) = &play.refuse {
            let answer = Err(refusal.clone());
            self.note(*number, &answer, (Value::Null, Value::Null));
            return answer;
        }
        let before = self.picture(call);
        let answer = self.answer(call, play, now);
        if call.service == Service::Lambda && call.writes() {
            self.lambda(&call.caller).show(&call.resource, now);
        }
        if call.writes() {
            self.index(call, &answer, now);
        }
        let after = self.picture(call);
        if let Some(wait) = play.undone.filter(|_| answer.is_ok() && !before.is_null()) {
            self.rivals.push(Rival {
                at: now + wait,
                place: place(&call.caller),
                name: call.resource.clone(),
                before: before.clone(),
            });
        }
        self.note(*number, &answer, (before, after));
        answer
    }

    /// A call of somebody whom neither quotas nor faults hit.
    pub fn by_call(&mut self, call: &Call, now: Moment) -> Answer {
        let number = self.open(call, &Play::default(), now);
        let ticket = Ticket { number, play: Play::default() };
        let answer = self.run(call, &ticket, now);
        self.end(number, now);
        answer
    }

    /// The caller has its answer, or is gone.
    pub fn end(&mut self, number: u64, now: Moment) {
        self.journal.end(number, now);
    }

    /// Whatever is due happens.
    pub fn tick(&mut self, now: Moment) {
        for (place, lambda) in &mut self.lambdas {
            for arn in lambda.settle(now) {
                self.indexes.entry(place.clone()).or_default().show(&arn, None, now);
            }
        }
        let (due, rest) = std::mem::take(&mut self.rivals).into_iter().partition(|it| it.at <= now);
        self.rivals = rest;
        for rival in due {
            self.put_back(rival, now);
        }
    }

    fn note(&mut self, number: u64, answer: &Answer, (before, after): (Value, Value)) {
        let Some(entry) = self.journal.entry(number) else { return };
        match answer {
            Ok(reply) => {
                entry.status = reply.status;
                entry.effect = entry.write;
                if before != after {
                    (entry.before, entry.after) = (before, after);
                } else if entry.write {
                    entry.after = reply.body.clone();
                }
            }
            Err(refusal) => {
                entry.status = refusal.status;
                entry.code = Some(refusal.code.to_string());
            }
        }
    }

    /// What a call is about; of one that names an event source mapping alone, the function that this is for.
    fn about(&self, call: &Call) -> String {
        let lambda = self.lambdas.get(&place(&call.caller));
        let host = lambda.filter(|_| call.resource.is_empty()).and_then(|it| it.fed_by(call));
        host.unwrap_or_else(|| call.resource.clone())
    }

    /// The object of a call that may change it.
    fn picture(&self, call: &Call) -> Value {
        let place = place(&call.caller);
        match call.service {
            _ if !call.writes() => Value::Null,
            Service::Lambda => {
                self.lambdas.get(&place).map_or(Value::Null, |it| it.picture_of(call))
            }
            // A part of a layer changes nothing that is shown.
            Service::Registry if call.operation != "PutImage" => Value::Null,
            Service::Ecr | Service::Registry => {
                self.registries.get(&place).map_or(Value::Null, |it| it.picture(&call.resource))
            }
            Service::Logs
            | Service::Scaling
            | Service::Tagging
            | Service::Sts
            | Service::CloudWatch => Value::Null,
        }
    }

    fn lambda(&mut self, caller: &Caller) -> &mut Lambda {
        let seed = self.options.seed;
        self.lambdas.entry(place(caller)).or_insert_with(|| Lambda::new(seed))
    }

    fn answer(&mut self, call: &Call, play: &Play, now: Moment) -> Answer {
        let date = time::date(self.options.start, now);
        match call.service {
            Service::Sts => sts::answer(call, self.options.seed),
            Service::CloudWatch => {
                let start = self.options.start;
                let lambda = self.lambdas.get(&place(&call.caller));
                Ok(cloudwatch::answer(call, &self.alarms, lambda.map(|it| (it, start))))
            }
            Service::Ecr => {
                self.registries.entry(place(&call.caller)).or_default().answer(call, date)
            }
            Service::Registry => {
                self.registries.entry(place(&call.caller)).or_default().oci(call, date)
            }
            Service::Logs => self.others.logs(call).answer(call, date),
            Service::Scaling => self.others.scaling(call).answer(call, date),
            Service::Tagging => {
                let all = self.tagged(&call.caller, play, now);
                tagging::answer(call, (all, play), now)
            }
            Service::Lambda => {
                self.lambda(&call.caller);
                let Self { options, lambdas, registries, roles, unknown, .. } = self;
                let (start, lags) = (options.start, options.lags);
                let ctx = Ctx { call, now, start, lags, registries, roles, unknown, play };
                // It was made a few lines above.
                let Some(lambda) = lambdas.get_mut(&place(&call.caller)) else {
                    return Ok(Reply::new(200, json!({})));
                };
                let answer = lambda.answer(&ctx);
                self.keep_logs(call, date);
                answer
            }
        }
    }

    /// What functions wrote goes to their logs.
    fn keep_logs(&mut self, call: &Call, date: Timestamp) {
        let lambda = self.lambdas.get_mut(&place(&call.caller));
        for written in lambda.map(|it| std::mem::take(&mut it.written)).into_iter().flatten() {
            self.others.logs(call).write(written, (&call.caller, date));
        }
    }

    /// Takes note of the tags of the repository or event source mapping that a call may have changed.
    fn index(&mut self, call: &Call, answer: &Answer, now: Moment) {
        let place = place(&call.caller);
        let index = self.indexes.entry(place.clone()).or_default();
        match call.service {
            Service::Ecr => {
                let (account, region) = (&call.caller.account, &call.caller.region);
                let arn = format!("arn:aws:ecr:{region}:{account}:repository/{}", call.resource);
                let found = self.registries.get(&place);
                let found = found.and_then(|it| it.repositories.get(&call.resource));
                index.show(&arn, found.map(|it| &it.labels), now);
            }
            Service::Lambda => {
                let made = answer.as_ref().ok().and_then(|it| it.body["UUID"].as_str());
                let found = self.lambdas.get(&place).and_then(|it| it.mapping(call, made));
                if let Some((arn, tags)) = found {
                    index.show(arn, Some(tags), now);
                }
            }
            Service::Registry
            | Service::Logs
            | Service::Scaling
            | Service::Tagging
            | Service::Sts
            | Service::CloudWatch => {}
        }
    }

    /// What the tagging API shows, by ARN: that of a function comes after all others.
    fn tagged(
        &self,
        caller: &Caller,
        play: &Play,
        now: Moment,
    ) -> impl Iterator<Item = tagging::Tagged<'_>> {
        let place = place(caller);
        let moment = now.saturating_sub(play.lag.max(self.options.lags.tags));
        let functions = self.lambdas.get(&place).into_iter().flat_map(move |it| it.tagged(moment));
        let others = self.indexes.get(&place).into_iter().flat_map(move |it| it.at(moment));
        others.chain(functions)
    }

    /// The registry of a place, for those who seed it.
    pub(crate) fn registry(&mut self, caller: &Caller) -> &mut Registry {
        self.registries.entry(place(caller)).or_default()
    }
}

fn place(caller: &Caller) -> Place {
    (caller.account.clone(), caller.region.clone())
}
