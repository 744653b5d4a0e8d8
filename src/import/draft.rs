//! A function under construction: what several things of a source say of it comes together here.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    Found, Left, PLACEHOLDER,
    carry::{Carry, Words, read},
    defaults,
    source::{Source, fold},
};
use crate::{
    engine::kind::Kind as _,
    kinds::{
        function::{Function, config::Logging},
        repository::Repository,
    },
    manifest::shape_of,
    shape::{Field, Shape},
};

/// What the ARN of a role of the target's own account begins with.
const OWN_ROLE: &str = "arn:aws:iam::${target.accountId}:role/";

/// A function.
pub(super) struct Draft {
    name: String,
    spec: Map<String, Value>,
    pub(super) carry: Carry,
    /// What belongs to a version or an alias: where it stands, and on which.
    qualified: Vec<(String, Option<String>)>,
    /// Whether the tool opens the URL to everybody by itself.
    public: bool,
}

/// All that a source describes, by what it calls each function.
pub(super) struct Batch {
    words: &'static Words,
    pub(super) drafts: BTreeMap<String, Draft>,
    repositories: Vec<Found>,
    /// What belongs to none of them.
    pub(super) carry: Carry,
}

/// The members of a kind's `spec`.
pub(super) fn spec_fields(kind: &str) -> &'static [Field] {
    match shape_of(kind) {
        Some(Shape::Object(fields)) => fields,
        _ => &[],
    }
}

/// A member of a function's `spec`: what one of it holds.
fn members(member: &str) -> &'static [Field] {
    let field = spec_fields(Function::NAME).iter().find(|it| it.name == member);
    match field.map(|it| &it.shape) {
        Some(Shape::Object(fields) | Shape::List(Shape::Object(fields), _)) => fields,
        _ => &[],
    }
}

impl Batch {
    pub(super) fn new(words: &'static Words) -> Self {
        let carry = Carry::new(words);
        Self { words, drafts: BTreeMap::new(), repositories: Vec::new(), carry }
    }

    /// One more function.
    pub(super) fn function(&mut self, id: String, name: String, source: Source) -> &mut Draft {
        let words = self.words;
        if let Some(first) = self.drafts.get(&id).map(|it| it.name.clone()) {
            let why = format!("there is another function `{first}`; import them one at a time");
            self.carry.leave(source.at, why);
            return self.drafts.entry(id).or_insert_with(|| Draft::new(name, words));
        }
        let draft = self.drafts.entry(id).or_insert_with(|| Draft::new(name, words));
        draft.itself(source);
        draft
    }

    /// One more repository, and its policies as JSON texts or maps.
    pub(super) fn repository(&mut self, name: String, mut source: Source) {
        let mut carry = Carry::new(self.words);
        for key in ["lifecyclePolicy", "repositoryPolicy", "policy"] {
            parse(&mut source, key);
        }
        let mut spec = carry.whole(source, spec_fields(Repository::NAME));
        defaults::repository(&mut spec);
        let Carry { left, secrets, .. } = carry;
        self.repositories.push(Found {
            kind: Repository::NAME,
            name,
            spec,
            left: sorted(left),
            secrets,
        });
    }

    /// Everything, functions first. What belongs to none of them is told with the first.
    pub(super) fn finish(self) -> Vec<Found> {
        let mut found: Vec<Found> = self.drafts.into_values().map(Draft::finish).collect();
        found.extend(self.repositories);
        if let Some(first) = found.first_mut() {
            first.left.extend(sorted(self.carry.left));
        }
        found
    }
}

fn sorted(mut left: Vec<Left>) -> Vec<Left> {
    left.sort();
    left.dedup();
    left
}

/// A policy that stands there as JSON in a text, as what it says.
pub(super) fn parse(source: &mut Source, key: &str) {
    let text = source.get(key).and_then(Value::as_str);
    if let Some(Ok(value @ Value::Object(_))) = text.map(serde_json::from_str) {
        source.rest.insert(key.to_owned(), value);
    }
}

impl Draft {
    fn new(name: String, words: &'static Words) -> Self {
        Self {
            name,
            spec: Map::new(),
            carry: Carry::new(words),
            qualified: Vec::new(),
            public: false,
        }
    }

    /// The function's own fields.
    fn itself(&mut self, mut source: Source) {
        self.concurrency(&mut source);
        capacity(&mut source);
        let at = source.at.clone();
        let mut spec = self.carry.whole(source, spec_fields(Function::NAME));
        if let Some(image) = spec.get("image").and_then(Value::as_str).map(own_image) {
            let whole = !image.contains("${");
            let image = json!(if whole { image } else { PLACEHOLDER });
            spec.insert("image".to_owned(), image);
            if !whole {
                let why = "the image's registry is not the target's own; write its account and Region out";
                self.carry.leave(at, why);
            }
        }
        self.spec.extend(spec);
    }

    /// AWS's name is not known: whoever takes the document over has to say it.
    pub(super) fn unnamed(&mut self, path: String) {
        let why = "the tool makes up the name; write the one that the function has in AWS";
        self.carry.leave(path, why);
        self.spec.insert("functionName".to_owned(), json!(PLACEHOLDER));
    }

    /// Reserved concurrency, which stands with the function in other tools. -1 is none, with Terraform.
    fn concurrency(&mut self, source: &mut Source) {
        let mut keys = source.rest.keys();
        let Some(key) = keys.find(|it| fold(it) == "reservedconcurrentexecutions").cloned() else {
            return;
        };
        let number =
            source.get(&key).map(|it| it.as_str().map_or_else(|| it.to_string(), Into::into));
        let Some(number) = number else { return };
        if number == "-1" {
            source.rest.remove(&key);
        } else if let Some(count) = read(&number, &Shape::Int(0, 1_000_000)) {
            source.rest.remove(&key);
            self.add("concurrency", "reserved", count);
        }
    }

    /// Whether it writes to this log group.
    pub(super) fn logs_to(&self, group: &str) -> bool {
        let own = self.spec.get("loggingConfig").and_then(|it| it.get("logGroup"));
        match own.and_then(Value::as_str) {
            Some(own) => own == group,
            None => group == Logging::default_group(&self.name),
        }
    }

    /// A member of a member of the spec.
    pub(super) fn add(&mut self, outer: &str, inner: &str, value: Value) {
        let within = self.spec.entry(outer).or_insert_with(|| json!({}));
        if let Value::Object(within) = within {
            within.insert(inner.to_owned(), value);
        }
    }

    /// Something that there is once: `url`, `asyncInvoke`, `logGroup`.
    pub(super) fn part(&mut self, member: &str, mut source: Source) {
        source.lift("destinationConfig");
        source.lift("DestinationConfig");
        source.lift("destination_config");
        if self.spec.contains_key(member) {
            let why = format!("there is a second one, and `{member}` is one");
            self.carry.leave(source.at, why);
            return;
        }
        let part = self.carry.whole(source, members(member));
        self.spec.insert(member.to_owned(), Value::Object(part));
    }

    /// Something that there are many of: `permissions`, `eventSources`.
    pub(super) fn item(&mut self, member: &str, source: Source) {
        let item = self.carry.whole(source, members(member));
        let list = self.spec.entry(member).or_insert_with(|| json!([]));
        if let Value::Array(list) = list {
            list.push(Value::Object(item));
        }
    }

    /// The tool opens the URL to everybody by itself.
    pub(super) fn public(&mut self) {
        self.public = true;
    }

    /// What lets everybody use a URL, unless the source says so itself.
    fn open(&mut self) {
        let everybody = |it: &Value| it.get("principal").is_some_and(|it| it == "*");
        let said = self.spec.get("permissions").and_then(Value::as_array);
        if !self.public || said.is_some_and(|it| it.iter().any(everybody)) {
            return;
        }
        for (sid, action, field, value) in [
            ("public-url", "lambda:InvokeFunctionUrl", "functionUrlAuthType", json!("NONE")),
            ("public-invoke", "lambda:InvokeFunction", "invokedViaFunctionUrl", json!(true)),
        ] {
            let permission =
                json!({ "sid": sid, "principal": "*", "action": action, field: value });
            self.item("permissions", Source::new("", permission));
        }
    }

    /// A permission that has no name gets one.
    pub(super) fn permission(&mut self, mut source: Source, name: &str) {
        let named = source.rest.keys().any(|it| matches!(fold(it).as_str(), "sid" | "statementid"));
        if !named {
            let letters =
                name.chars().filter(|it| it.is_ascii_alphanumeric() || "_-".contains(*it));
            source.rest.insert("sid".to_owned(), json!(letters.collect::<String>()));
        }
        self.item("permissions", source);
    }

    /// An alias: callers use it, so a release keeps it. Which version it is at is the release's.
    pub(super) fn alias(&mut self, mut source: Source, keys: (&str, &str)) {
        let (name_key, version_key) = keys;
        let taken = self.spec.contains_key("release");
        let alias = source.get(name_key).and_then(Value::as_str).map(ToOwned::to_owned);
        if let Some(alias) = alias.filter(|_| !taken) {
            source.rest.remove(name_key);
            self.add("release", "alias", json!(alias));
            let at = source.path(version_key);
            if source.take(version_key).is_some() {
                let why = "a release publishes the next version and moves the alias to it";
                self.carry.leave(at, why);
            }
            self.carry.rest(source, &[]);
        } else {
            let why = "a release keeps one alias; this one stays with the tool";
            self.carry.leave(source.at, why);
        }
    }

    /// What belongs to a version or an alias.
    pub(super) fn hangs(&mut self, path: String, qualifier: Option<String>) {
        self.qualified.push((path, qualifier.filter(|it| it != "$LATEST")));
    }

    /// Instances that are kept ready.
    pub(super) fn provisioned(&mut self, mut source: Source, key: &str) {
        let count =
            source.get(key).map(|it| it.as_str().map_or_else(|| it.to_string(), Into::into));
        let count = count.and_then(|it| read(&it, &Shape::Int(1, 1_000_000)));
        if let Some(count) = count {
            source.rest.remove(key);
            self.add("concurrency", "provisioned", count);
        }
        self.carry.rest(source, &[]);
    }

    fn finish(mut self) -> Found {
        self.open();
        self.check_aliases();
        defaults::function(&self.name, &mut self.spec);
        network(&mut self.spec);
        let role = self.spec.get("role").and_then(Value::as_str);
        if let Some(role) = role.and_then(|it| it.strip_prefix(OWN_ROLE)).map(|it| json!(it)) {
            self.spec.insert("role".to_owned(), role);
        }
        let Self { name, spec, carry, .. } = self;
        let Carry { left, mut secrets, .. } = carry;
        secrets.sort();
        Found { kind: Function::NAME, name, spec, left: sorted(left), secrets }
    }

    /// With a release everything belongs to its alias, and without one on the function itself.
    fn check_aliases(&mut self) {
        let release = self.spec.get("release").and_then(|it| it.get("alias"));
        let alias = release.and_then(Value::as_str).map(ToOwned::to_owned);
        for (path, qualifier) in std::mem::take(&mut self.qualified) {
            let why = match (&alias, &qualifier) {
                (alias, qualifier) if alias == qualifier => continue,
                (Some(alias), None) => {
                    format!("it hangs on the function itself; with `release` it will hang on the alias `{alias}`")
                }
                (Some(alias), Some(_)) => {
                    format!("it hangs on another alias or version; with `release` it will hang on the alias `{alias}`")
                }
                (None, _) => {
                    "it hangs on an alias or version; without `release` it will hang on the function itself".to_owned()
                }
            };
            self.carry.leave(path, why);
        }
    }
}

/// A network is subnets and security groups: where one of the two is not known, another party has to say it.
fn network(spec: &mut Map<String, Value>) {
    let Some(Value::Object(vpc)) = spec.get_mut("vpcConfig") else { return };
    let lists = ["subnetIds", "securityGroupIds"];
    if lists.iter().any(|it| vpc.contains_key(*it)) {
        for list in lists {
            vpc.entry(list).or_insert_with(|| json!([PLACEHOLDER]));
        }
    }
}

/// The only kind of capacity provider that there is has a name of its own in other tools.
fn capacity(source: &mut Source) {
    let called =
        |source: &Source, name: &str| source.rest.keys().find(|it| fold(it) == name).cloned();
    let Some(key) = called(source, "capacityproviderconfig") else { return };
    let Some(mut child) = source.child(&key) else { return };
    if let Some(inner) = called(&child, "lambdamanagedinstancescapacityproviderconfig") {
        child.lift(&inner);
    }
    source.rest.insert(key, Value::Object(child.rest));
}

/// The name and the version or alias that an ARN, or what else a function may be called by, says.
pub(super) fn function_of(text: &str) -> (String, Option<String>) {
    let name = text.rsplit_once(":function:").map_or(text, |(_, rest)| rest);
    let name = name.strip_prefix("function:").unwrap_or(name);
    match name.split_once(':') {
        Some((name, qualifier)) => (name.to_owned(), Some(qualifier.to_owned())),
        None => (name.to_owned(), None),
    }
}

/// An image of the target's own registry needs no registry.
fn own_image(image: &str) -> &str {
    let own = "${target.accountId}.dkr.ecr.${target.region}.";
    let rest = image.strip_prefix(own).and_then(|it| it.split_once('/'));
    rest.map_or(image, |(_, rest)| rest)
}
