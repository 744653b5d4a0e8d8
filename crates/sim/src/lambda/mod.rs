//! Lambda: what is accepted, what becomes of it, and what is shown.

mod alias;
mod concurrency;
mod config;
mod create;
mod delete;
pub(crate) mod environment;
mod events;
pub(crate) mod function;
pub(crate) mod invoke;
pub(crate) mod log;
mod mapping;
mod past;
mod policy;
mod read;
mod rules;
mod service;
mod settings;
mod tags;
mod update;
mod url;
mod version;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use self::{environment::Environments, function::Function, mapping::Mapping, past::Past};
use crate::{
    call::{Answer, Call, Refusal},
    chance,
    fault::Play,
    image::Registries,
    logs::Written,
    time::{self, Moment},
};

pub(crate) use self::invoke::Run;
pub use self::{function::Lags, invoke::Script};

/// When each announced role was made. One that was not announced is an old one.
pub(crate) type Roles = BTreeMap<String, Moment>;

/// One account's Lambda in one Region.
#[derive(Debug, Default)]
pub(crate) struct Lambda {
    pub(crate) functions: BTreeMap<String, Function>,
    mappings: BTreeMap<String, Mapping>,
    past: Past,
    /// Functions with something still to come.
    unsettled: BTreeSet<String>,
    /// What functions answer.
    scripts: Vec<Script>,
    /// What was invoked.
    pub(crate) runs: Vec<Run>,
    /// Where functions run.
    pub(crate) environments: Environments,
    /// What functions wrote, until it is in their logs.
    pub(crate) written: Vec<Written>,
    /// How many ids were given out.
    ids: u64,
    seed: u64,
}

/// What a call comes with.
pub(crate) struct Ctx<'a> {
    pub(crate) call: &'a Call,
    pub(crate) now: Moment,
    pub(crate) start: Timestamp,
    pub(crate) lags: Lags,
    pub(crate) registries: &'a Registries,
    pub(crate) roles: &'a Roles,
    /// Ids that EC2 does not know.
    pub(crate) unknown: &'a BTreeSet<String>,
    pub(crate) play: &'a Play,
}

impl Ctx<'_> {
    /// The function's ARN.
    fn arn(&self, name: &str) -> String {
        let caller = &self.call.caller;
        format!("arn:aws:lambda:{}:{}:function:{name}", caller.region, caller.account)
    }

    /// Now, as Lambda writes it.
    fn date(&self) -> String {
        time::lambda(time::date(self.start, self.now))
    }

    /// The error about a function that is not there.
    fn missing(&self) -> Refusal {
        let name = &self.call.resource;
        let mut arn = self.arn(name);
        if let Some(qualifier) = &self.call.qualifier {
            arn = format!("{arn}:{qualifier}");
        }
        Refusal::missing(format!("Function not found: {arn}"))
    }

    /// Refuses a revision that is not the present one.
    fn guard(&self, present: &str, api: &str) -> Result<(), Refusal> {
        let named = self.call.text("RevisionId").or_else(|| self.call.param("RevisionId"));
        match named {
            Some(named) if named != present => Err(Refusal::stale(api)),
            Some(_) | None => Ok(()),
        }
    }
}

impl Lambda {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// A new id, in the form of a UUID.
    fn id(&mut self) -> String {
        self.ids += 1;
        chance::uuid(self.seed, self.ids)
    }

    fn function(&mut self, ctx: &Ctx<'_>) -> Result<&mut Function, Refusal> {
        self.functions.get_mut(&ctx.call.resource).ok_or_else(|| ctx.missing())
    }

    /// What a function looks like now, for the journal.
    pub(crate) fn picture(&self, name: &str) -> Value {
        let Some(found) = self.functions.get(name) else { return Value::Null };
        let mut picture = found.picture().journal();
        picture["aliases"] = json!(found.leads());
        picture["notes"] = json!(found.notes());
        picture
    }

    /// What a call is about, as it looks now: a mapping, or a function.
    pub(crate) fn picture_of(&self, call: &Call) -> Value {
        match mapping::id(call) {
            Some(id) => self.mappings.get(id).map_or(Value::Null, Mapping::picture),
            None => self.picture(&call.resource),
        }
    }

    /// The function of the mapping that a call names, if it names one.
    pub(crate) fn fed_by(&self, call: &Call) -> Option<String> {
        self.mappings.get(mapping::id(call)?)?.function()
    }

    /// The names of the functions that event sources are for.
    pub(crate) fn fed(&self) -> BTreeSet<String> {
        mapping::functions(&self.mappings)
    }

    /// What hangs on a function now: its URL, the ids of its policy's statements, the batch size of its event source.
    pub(crate) fn blocks(&self, name: &str) -> Value {
        let Some(found) = self.functions.get(name) else { return Value::Null };
        let mut all = found.hanging("");
        all["batch"] = json!(mapping::batch(&self.mappings, &found.arn));
        all["mappings"] = json!(mapping::count(&self.mappings, &found.arn));
        all["reserved"] = json!(found.reserved);
        all["recursion"] = json!(found.recursion);
        let aliases = found.aliases.iter().map(|(name, alias)| {
            let mut shown = found.hanging(name);
            let version = found.version(Some(&alias.version));
            let same = |it: &function::Version| version::same(it, &found.latest);
            let arn = format!("{}:{name}", found.arn);
            shown["batch"] = json!(mapping::batch(&self.mappings, &arn));
            shown["provisioned"] = json!(found.provisioned.get(name).map(|it| it.0));
            shown["version"] = json!(alias.version);
            shown["current"] = json!(alias.weights.is_empty() && version.is_some_and(same));
            (name.clone(), shown)
        });
        all["aliases"] = Value::Object(aliases.collect());
        all
    }

    /// What functions answer from now on.
    pub(crate) fn script(&mut self, scripts: Vec<Script>) {
        self.scripts = scripts;
    }

    /// All functions as the tagging API may show them, at a moment.
    pub(crate) fn tagged(
        &self,
        moment: Moment,
    ) -> impl Iterator<Item = (&str, &BTreeMap<String, String>)> {
        self.past.all_at("", moment).filter(|(_, it)| it.tagged).map(|(_, it)| {
            let arn = it.config.get("FunctionArn").and_then(Value::as_str).unwrap_or_default();
            (arn, &it.tags)
        })
    }

    /// Takes note of how a function looks after a change.
    pub(crate) fn show(&mut self, name: &str, now: Moment) {
        let found = self.functions.get(name);
        if found.is_some_and(|it| it.next_change().is_some()) {
            self.unsettled.insert(name.to_owned());
        } else {
            self.unsettled.remove(name);
        }
        self.past.show(name, found.map(Function::picture), now);
    }

    /// The ARN and the tags of the mapping that a call names, or of the one that it made.
    pub(crate) fn mapping(
        &self,
        call: &Call,
        made: Option<&str>,
    ) -> Option<(&str, &BTreeMap<String, String>)> {
        self.mappings.get(mapping::id(call).or(made)?)?.tagged()
    }

    /// Ends what is due: Pending becomes Active, InProgress becomes Successful, or they fail. The ARNs of the mappings
    /// that are gone by it.
    pub(crate) fn settle(&mut self, now: Moment) -> Vec<String> {
        for name in self.unsettled.clone() {
            while let Some(at) = self.due(&name, now) {
                self.settle_one(&name, at);
            }
        }
        mapping::settle(&mut self.mappings, now)
    }

    fn settle_one(&mut self, name: &str, at: Moment) {
        let revision = self.id();
        if let Some(found) = self.functions.get_mut(name) {
            update::settle(found, at, &revision);
        }
        self.show(name, at);
    }

    fn due(&self, name: &str, now: Moment) -> Option<Moment> {
        self.functions.get(name)?.next_change().filter(|at| *at <= now)
    }

    /// Somebody else puts a configuration and code back, as their own UpdateFunction… calls would.
    pub(crate) fn put_back(&mut self, name: &str, before: &Value, now: Moment) -> bool {
        let revision = self.id();
        let Some(found) = self.functions.get_mut(name) else { return false };
        if found.latest.coming.is_some() {
            return false;
        }
        update::put_back(found, before, &revision);
        self.show(name, now);
        true
    }

    /// Answers one call.
    pub(crate) fn answer(&mut self, ctx: &Ctx<'_>) -> Answer {
        match ctx.call.operation {
            "CreateFunction" => create::create(self, ctx),
            "DeleteFunction" => delete::delete(self, ctx),
            "UpdateFunctionCode" => update::code(self, ctx),
            "UpdateFunctionConfiguration" => update::config(self, ctx),
            "GetFunction" => read::get(self, ctx),
            "GetFunctionConfiguration" => read::configuration(self, ctx),
            "ListFunctions" => read::list(self, ctx),
            "ListVersionsByFunction" => version::list(self, ctx),
            "PublishVersion" => version::publish(self, ctx),
            "Invoke" => invoke::invoke(self, ctx),
            "GetAccountSettings" => Ok(settings::account(self)),
            operation => self.answer_block(operation, ctx),
        }
    }

    fn answer_block(&mut self, operation: &str, ctx: &Ctx<'_>) -> Answer {
        match operation {
            "CreateAlias" => alias::create(self, ctx),
            "UpdateAlias" => alias::update(self, ctx),
            "GetAlias" => alias::get(self, ctx),
            "ListAliases" => alias::list(self, ctx),
            "DeleteAlias" => alias::delete(self, ctx),
            "ListTags" | "TagResource" | "UntagResource" => tags::answer(self, ctx),
            name if name.contains("EventSourceMapping") => mapping::answer(self, ctx),
            name if name.contains("UrlConfig") => url::answer(self, ctx),
            name if name.contains("EventInvokeConfig") => events::answer(self, ctx),
            name if name.contains("Concurrency") => concurrency::answer(self, ctx),
            name if name.contains("Permission") || name.contains("Policy") => {
                policy::answer(self, ctx)
            }
            _ => settings::answer(self, ctx),
        }
    }
}

/// The rows of a list from a marker on, and the marker of the next page.
fn page<T>(rows: Vec<T>, ctx: &Ctx<'_>, most: usize) -> (Vec<T>, Option<String>) {
    let from = ctx.call.param("Marker").and_then(|it| it.parse().ok()).unwrap_or(0_usize);
    let asked = ctx.call.param("MaxItems").and_then(|it| it.parse().ok());
    let size = asked.unwrap_or(most).clamp(1, most);
    let more = rows.len() > from + size;
    let rows = rows.into_iter().skip(from).take(size).collect();
    (rows, more.then(|| (from + size).to_string()))
}

/// A body with a list and a marker.
fn listing(name: &str, (rows, next): (Vec<Value>, Option<String>)) -> Value {
    let mut body = Map::new();
    body.insert(name.to_owned(), rows.into());
    if let Some(next) = next {
        body.insert("NextMarker".into(), next.into());
    }
    Value::Object(body)
}
