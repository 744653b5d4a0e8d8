//! A function under construction: what several things of a source say of it comes together here.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    convert::{Converter, Vocabulary, read},
    defaults,
    document::{ImportedDocument, Omission},
    source_node::{SourceNode, fold},
};
use crate::{
    engine::kind::Kind as _,
    kinds::document::PLACEHOLDER,
    kinds::{
        function::Function,
        function_config::logging::Logging,
        part::Part as _,
        permissions::public::{self, ImportedSids},
        repository::Repository,
        url::Url,
    },
    manifest::shape_of,
    shape::{Field, Shape},
};

/// What the ARN of a role of the target's own account begins with.
const OWN_ROLE: &str = "arn:aws:iam::${target.accountId}:role/";
/// The member of `url` that says who may call.
const AUTH_TYPE: &str = "authType";

/// A function.
pub(super) struct FunctionDraft {
    name: String,
    spec: Map<String, Value>,
    pub(super) converter: Converter,
    /// What belongs to a version or an alias: where it stands, and on which.
    qualified: Vec<(String, Option<String>)>,
    /// Whether the tool opens the URL to everybody by itself.
    public: bool,
}

/// All that a source describes, by what it calls each function.
pub(super) struct Batch {
    vocabulary: &'static Vocabulary,
    pub(super) drafts: BTreeMap<String, FunctionDraft>,
    repositories: Vec<ImportedDocument>,
    /// What belongs to none of them.
    pub(super) converter: Converter,
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
    pub(super) fn new(vocabulary: &'static Vocabulary) -> Self {
        let converter = Converter::new(vocabulary);
        Self { vocabulary, drafts: BTreeMap::new(), repositories: Vec::new(), converter }
    }

    /// Adds a function and returns its draft. `id` is what the source calls it, `name` its name in
    /// AWS. A second function with this id is left out, and the first one's draft is returned.
    pub(super) fn function(
        &mut self,
        id: String,
        name: String,
        source: SourceNode,
    ) -> &mut FunctionDraft {
        let vocabulary = self.vocabulary;
        if let Some(first) = self.drafts.get(&id).map(|it| it.name.clone()) {
            let why = format!("there is another function `{first}`; import them one at a time");
            self.converter.omit(source.at, why);
            return self.drafts.entry(id).or_insert_with(|| FunctionDraft::new(name, vocabulary));
        }
        let draft = self.drafts.entry(id).or_insert_with(|| FunctionDraft::new(name, vocabulary));
        draft.set_function(source);
        draft
    }

    /// Adds a repository, whose policies may be JSON texts or maps.
    pub(super) fn repository(&mut self, name: String, mut source: SourceNode) {
        let mut converter = Converter::new(self.vocabulary);
        for key in ["lifecyclePolicy", "repositoryPolicy", "policy"] {
            parse(&mut source, key);
        }
        let mut spec = converter.convert(source, spec_fields(Repository::NAME));
        defaults::repository(&mut spec);
        let Converter { left, secrets, .. } = converter;
        self.repositories.push(ImportedDocument {
            kind: Repository::NAME,
            name,
            spec,
            left: sorted(left),
            secrets,
        });
    }

    /// Returns all documents, functions first. What belongs to none of them is told with the first.
    pub(super) fn finish(self) -> Vec<ImportedDocument> {
        let mut found: Vec<ImportedDocument> =
            self.drafts.into_values().map(FunctionDraft::finish).collect();
        found.extend(self.repositories);
        if let Some(first) = found.first_mut() {
            first.left.extend(sorted(self.converter.left));
        }
        found
    }
}

fn sorted(mut left: Vec<Omission>) -> Vec<Omission> {
    left.sort();
    left.dedup();
    left
}

/// A policy that stands there as JSON in a text, as what it says.
pub(super) fn parse(source: &mut SourceNode, key: &str) {
    let text = source.get(key).and_then(Value::as_str);
    if let Some(Ok(value @ Value::Object(_))) = text.map(serde_json::from_str) {
        source.rest.insert(key.to_owned(), value);
    }
}

impl FunctionDraft {
    fn new(name: String, vocabulary: &'static Vocabulary) -> Self {
        Self {
            name,
            spec: Map::new(),
            converter: Converter::new(vocabulary),
            qualified: Vec::new(),
            public: false,
        }
    }

    /// Converts the function's own fields. An image that is not of the target's own registry, but
    /// names its account or Region, becomes a placeholder to write out.
    fn set_function(&mut self, mut source: SourceNode) {
        self.concurrency(&mut source);
        capacity(&mut source);
        let at = source.at.clone();
        let mut spec = self.converter.convert(source, spec_fields(Function::NAME));
        if let Some(image) = spec.get("image").and_then(Value::as_str).map(own_image) {
            let whole = !image.contains("${");
            let image = json!(if whole { image } else { PLACEHOLDER });
            spec.insert("image".to_owned(), image);
            if !whole {
                let why = "the image's registry is not the target's own; write its account and Region out";
                self.converter.omit(at, why);
            }
        }
        self.spec.extend(spec);
    }

    /// AWS's name is not known: whoever takes the document over has to say it.
    pub(super) fn set_unnamed(&mut self, path: String) {
        let why = "the tool makes up the name; write the one that the function has in AWS";
        self.converter.omit(path, why);
        self.spec.insert("functionName".to_owned(), json!(PLACEHOLDER));
    }

    /// Moves reserved concurrency, which other tools keep in the function itself, to `concurrency`.
    /// Terraform's -1 means none; what is no number stays in `source`.
    fn concurrency(&mut self, source: &mut SourceNode) {
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

    /// Sets a member that a function has once: `url`, `asyncInvoke`, `logGroup`. A second one is
    /// left out.
    pub(super) fn set_member(&mut self, member: &str, mut source: SourceNode) {
        source.lift("destinationConfig");
        source.lift("DestinationConfig");
        source.lift("destination_config");
        if self.spec.contains_key(member) {
            let why = format!("there is a second one, and `{member}` is one");
            self.converter.omit(source.at, why);
            return;
        }
        let at = source.path(AUTH_TYPE);
        let mut keys = source.rest.keys().map(|it| fold(it));
        let told = keys.any(|it| ["authtype", "authorizationtype"].contains(&it.as_str()));
        let mut part = self.converter.convert(source, members(member));
        // The shape asks for none, since `public` may stand there instead; no other tool has that.
        if member == Url::FIELD && !part.contains_key(AUTH_TYPE) {
            part.insert(AUTH_TYPE.to_owned(), json!(PLACEHOLDER));
            if !told {
                self.converter.omit(at, "missing: who may call the URL");
            }
        }
        self.spec.insert(member.to_owned(), Value::Object(part));
    }

    /// Something that there are many of: `permissions`, `eventSources`.
    pub(super) fn add_item(&mut self, member: &str, source: SourceNode) {
        let item = self.converter.convert(source, members(member));
        let list = self.spec.entry(member).or_insert_with(|| json!([]));
        if let Value::Array(list) = list {
            list.push(Value::Object(item));
        }
    }

    /// The tool opens the URL to everybody by itself.
    pub(super) fn mark_public(&mut self) {
        self.public = true;
    }

    /// Writes a URL that anybody may call as `public: true`: the tool grants both permissions by itself, or the source
    /// names them.
    fn open_url(&mut self) {
        let both = public::permissions();
        let granted = if self.public { both.as_slice() } else { &[] };
        public::fold(&mut self.spec, ImportedSids::Foreign, granted);
    }

    /// A permission that has no name gets one.
    pub(super) fn permission(&mut self, mut source: SourceNode, name: &str) {
        let named = source.rest.keys().any(|it| matches!(fold(it).as_str(), "sid" | "statementid"));
        if !named {
            let letters =
                name.chars().filter(|it| it.is_ascii_alphanumeric() || "_-".contains(*it));
            source.rest.insert("sid".to_owned(), json!(letters.collect::<String>()));
        }
        self.add_item("permissions", source);
    }

    /// Makes an alias the one that the function's release moves; a second one is left out. So is
    /// its version, which the release decides. `name_key`, `version_key`: the tool's names.
    pub(super) fn alias(&mut self, mut source: SourceNode, name_key: &str, version_key: &str) {
        let taken = self.spec.contains_key("release");
        let alias = source.get(name_key).and_then(Value::as_str).map(ToOwned::to_owned);
        if let Some(alias) = alias.filter(|_| !taken) {
            source.rest.remove(name_key);
            self.add("release", "alias", json!(alias));
            let at = source.path(version_key);
            if source.take(version_key).is_some() {
                let why = "a release publishes the next version and moves the alias to it";
                self.converter.omit(at, why);
            }
            self.converter.omit_rest(source, &[]);
        } else {
            let why = "a release keeps one alias; this one stays with the tool";
            self.converter.omit(source.at, why);
        }
    }

    /// What belongs to a version or an alias.
    pub(super) fn qualify(&mut self, path: String, qualifier: Option<String>) {
        self.qualified.push((path, qualifier.filter(|it| it != "$LATEST")));
    }

    /// Moves provisioned concurrency to `concurrency`. `key`: the member with the number.
    pub(super) fn provisioned(&mut self, mut source: SourceNode, key: &str) {
        let count =
            source.get(key).map(|it| it.as_str().map_or_else(|| it.to_string(), Into::into));
        let count = count.and_then(|it| read(&it, &Shape::Int(1, 1_000_000)));
        if let Some(count) = count {
            source.rest.remove(key);
            self.add("concurrency", "provisioned", count);
        }
        self.converter.omit_rest(source, &[]);
    }

    /// Makes the document: adds the permissions that the tool implies, names what moves to another
    /// alias, removes defaults, and shortens a role of the target's own account to its name.
    fn finish(mut self) -> ImportedDocument {
        self.open_url();
        self.check_aliases();
        defaults::function(&self.name, &mut self.spec);
        network(&mut self.spec);
        let role = self.spec.get("role").and_then(Value::as_str);
        if let Some(role) = role.and_then(|it| it.strip_prefix(OWN_ROLE)).map(|it| json!(it)) {
            self.spec.insert("role".to_owned(), role);
        }
        let Self { name, spec, converter, .. } = self;
        let Converter { left, mut secrets, .. } = converter;
        secrets.sort();
        ImportedDocument { kind: Function::NAME, name, spec, left: sorted(left), secrets }
    }

    /// Names every part that will belong to another alias or version than before: with a release
    /// all parts belong to its alias, without one to the function itself.
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
            self.converter.omit(path, why);
        }
    }
}

/// A network is subnets and security groups: where one of the two is not known, a person has to say it.
fn network(spec: &mut Map<String, Value>) {
    let Some(Value::Object(vpc)) = spec.get_mut("vpcConfig") else { return };
    let lists = ["subnetIds", "securityGroupIds"];
    if lists.iter().any(|it| vpc.contains_key(*it)) {
        for list in lists {
            vpc.entry(list).or_insert_with(|| json!([PLACEHOLDER]));
        }
    }
}

/// Lifts the settings of managed instances, the only kind of capacity provider that there is, out
/// of the map that other tools put around them.
fn capacity(source: &mut SourceNode) {
    let called =
        |source: &SourceNode, name: &str| source.rest.keys().find(|it| fold(it) == name).cloned();
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
