//! What is in AWS, as documents.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use crate::{
    aws::cloud::{AwsKind, Cloud as _, Priority},
    cli::{error::ObjectError, target_clients::TargetClients},
    engine::{
        failure::Failure,
        kind::Kind as _,
        name::Name,
        observed::{Known, Reading},
        page::Page,
        policy::Deletion,
        tags::{Claim, Tags},
    },
    import::{ImportedDocument, Omission},
    kinds::{
        event_source::EventSource,
        function::{
            Function,
            aws::FunctionCloud,
            export::{self, Values},
            live::{Live, Package},
        },
        log_group::LogGroup,
        part::{Instances, Part, Site, UrlGrants},
        permissions::{
            self, Permissions,
            public::{self, ImportedSids},
        },
        provisioned::Provisioned,
        release,
        repository::{self, Repository, aws::RepositoryCloud},
        scaling::Scaling,
    },
};

/// How many pages of a list may wait to be read.
const PAGES: usize = 4;

/// Reads functions, what belongs to them, and the repositories of their images.
pub(super) struct LiveReader<'a> {
    pub(super) target: &'a TargetClients,
    pub(super) values: Values,
    /// Of all functions: no list shows those of one.
    sources: BTreeMap<Name, Vec<Known<Option<Value>>>>,
}

impl<'a> LiveReader<'a> {
    /// Opens a reader. It lists the event sources of all functions now, since no list shows those
    /// of one.
    pub(super) async fn new(
        target: &'a TargetClients,
        values: Values,
    ) -> Result<Self, ObjectError> {
        let mut sources: BTreeMap<Name, Vec<Known<Option<Value>>>> = BTreeMap::new();
        let rows = Box::pin(list::<EventSource>(target)).await.map_err(ObjectError::OwnCall)?;
        for (_, live) in rows {
            let Some(mapping) = live.mapping.as_ref().filter(|it| !it.leaving) else { continue };
            let function = mapping.address.function.clone();
            sources.entry(function).or_default().push(EventSource::to_manifest(&live));
        }
        Ok(Self { target, values, sources })
    }

    /// The names of all functions that ship as images.
    pub(super) async fn all(&self) -> Result<Vec<Name>, ObjectError> {
        let rows = Box::pin(list::<Function>(self.target)).await.map_err(ObjectError::OwnCall)?;
        let images = rows.into_iter().filter(|(_, live)| live.package == Package::Image);
        Ok(images.map(|(name, _)| name).collect())
    }

    /// Reads a function as a document. Returns also the repository of its image, if that is in the
    /// target's own registry. Fails if the function is not there or ships as a ZIP file.
    pub(super) async fn function(
        &self,
        name: &Name,
    ) -> Result<(ImportedDocument, Option<Name>), ObjectError> {
        let TargetClients { clients, calls, place } = self.target;
        let cloud = FunctionCloud::new(clients.lambda.clone(), Arc::clone(calls));
        let found = Box::pin(cloud.get(name, None, Priority::Write)).await;
        let (found, _) = found.map_err(ObjectError::OwnCall)?;
        let Some(reading) = found else {
            let (name, region) = (name.clone(), place.region.clone());
            return Err(ObjectError::NoFunctionIn { name, region });
        };
        let live = reading.live;
        if live.package == Package::Zip {
            return Err(ObjectError::Archive { name: name.clone() });
        }
        let mut found = ImportedDocument {
            kind: Function::NAME,
            name: name.to_string(),
            spec: export::to_manifest(name.as_str(), &live, place, self.values),
            left: Vec::new(),
            secrets: Vec::new(),
        };
        if self.values == Values::Placeholder {
            found.secrets = live.config.environment.keys().cloned().collect();
        }
        unread(&live, &mut found.left);
        self.parts(name, &live, &mut found).await.map_err(ObjectError::OwnCall)?;
        claim(live.tags.get(), &mut found);
        let own = format!("{}/", place.own_registry());
        let repository = live.repository.get().and_then(|it| it.strip_prefix(&own)).map(Name::new);
        Ok((found, repository))
    }

    /// Adds to a function's document everything that belongs to it. What cannot be read is named as
    /// left out, and so is what only the manifest of a release said.
    async fn parts(
        &self,
        name: &Name,
        live: &Live,
        found: &mut ImportedDocument,
    ) -> Result<(), Failure> {
        let none = Tags::new();
        let alias = release::alias(live.tags.get().unwrap_or(&none)).map(ToOwned::to_owned);
        let site = Site {
            log_group: &live.config.logging.log_group,
            instances: Instances::of(live.config.capacity.as_ref()),
            ..self.site(name, alias.as_deref())
        };
        macro_rules! read {
            ($($field:ident: $engine:ident, $part:ty;)*) => {
                $(Box::pin(self.part::<$part>(&site, found)).await?;)*
            };
        }
        crate::kinds::each_block!(read);
        if found.spec.contains_key(release::FIELD) {
            let why = "smoke tests, steps and alarms are in no tag: take them over from the manifest that there was";
            found.left.push(Omission { path: release::FIELD.into(), why: why.into() });
        }
        let sources = self.sources.get(name).into_iter().flatten();
        let mut items = Vec::new();
        for source in sources {
            match source {
                Known::Yes(item) => items.extend(item.clone()),
                Known::No(why) => found.left.push(left(EventSource::FIELD, why)),
            }
        }
        if !items.is_empty() {
            found.spec.insert(EventSource::FIELD.into(), Value::Array(items));
        }
        Ok(())
    }

    /// A function whose manifest says nothing yet.
    fn site<'b>(&'b self, function: &'b Name, alias: Option<&'b str>) -> Site<'b> {
        Site {
            function,
            owner: "",
            place: &self.target.place,
            alias,
            log_group: "",
            instances: Instances::Lambda,
            ignored: &[],
            url_grants: UrlGrants::default(),
            adopts: false,
            watches: false,
            exclusive: false,
            deletion: Deletion::Retain,
        }
    }

    /// Writes a URL that anybody may call as `public: true`. Statements of other parties count too; those stay beside
    /// ours, which is told.
    pub(super) async fn fold_public(
        &self,
        name: &Name,
        found: &mut ImportedDocument,
    ) -> Result<(), ObjectError> {
        if !public::is_open(&found.spec) {
            return Ok(());
        }
        let alias = found.spec.get(release::FIELD).and_then(|it| it.get("alias"));
        let alias = alias.and_then(Value::as_str).map(ToOwned::to_owned);
        let wanted = Permissions::spare(None, &self.site(name, alias.as_deref()));
        let cloud = <<Permissions as Part>::Kind as AwsKind>::open(
            &self.target.clients,
            Arc::clone(&self.target.calls),
        );
        let reading = Box::pin(cloud.get(name, wanted.as_ref(), Priority::Write)).await;
        let (reading, _) = reading.map_err(ObjectError::OwnCall)?;
        let statements = reading.and_then(|it| it.live.config.get().cloned().flatten());
        let others = permissions::others(&statements.unwrap_or_default());
        let same = public::fold(&mut found.spec, ImportedSids::Ours, &others);
        if !same.is_empty() {
            let why = format!(
                "what `url.public` asks for is there already, as {} of another party; Evenkeel adds statements of its \
                 own, and takes the others away only with `policy.exclusive`",
                same.join(" and ")
            );
            found.left.push(Omission { path: Permissions::FIELD.into(), why });
        }
        Ok(())
    }

    /// Reads one part of a function and adds it to the document.
    async fn part<P: Part>(
        &self,
        site: &Site<'_>,
        found: &mut ImportedDocument,
    ) -> Result<(), Failure>
    where
        P::Kind: AwsKind,
    {
        // Those of all functions have been read; the others belong to an alias alone.
        let on_alias = [Provisioned::FIELD, Scaling::FIELD].contains(&P::FIELD);
        if P::FIELD == EventSource::FIELD || (on_alias && site.alias.is_none()) {
            return Ok(());
        }
        // What belongs to the alias is looked for there; and a group is looked for by its name.
        let empty = (P::FIELD == LogGroup::FIELD).then(|| json!({}));
        let doc = empty.and_then(|it| serde_json::from_value::<P::Doc>(it).ok());
        let wanted = doc.and_then(|it| P::wanted(&it, site).pop()).map(|(_, spec)| spec);
        let wanted = wanted.or_else(|| P::spare(None, site));
        let cloud =
            <P::Kind as AwsKind>::open(&self.target.clients, Arc::clone(&self.target.calls));
        let (reading, _) = cloud.get(site.function, wanted.as_ref(), Priority::Write).await?;
        match reading.map(|it| P::to_manifest(&it.live)) {
            Some(Known::Yes(Some(value))) => put(&mut found.spec, P::FIELD, value),
            Some(Known::No(why)) => found.left.push(left(P::FIELD, &why)),
            Some(Known::Yes(None)) | None => {}
        }
        Ok(())
    }

    /// Reads a repository as a document; `None` if it is not there.
    pub(super) async fn repository(
        &self,
        name: &Name,
    ) -> Result<Option<ImportedDocument>, ObjectError> {
        let TargetClients { clients, calls, .. } = self.target;
        let cloud = RepositoryCloud::new(clients.ecr.clone(), Arc::clone(calls));
        let found = Box::pin(cloud.get(name, None, Priority::Write)).await;
        let (found, _) = found.map_err(ObjectError::OwnCall)?;
        let Some(reading) = found else { return Ok(None) };
        let live = reading.live;
        let mut found = ImportedDocument {
            kind: Repository::NAME,
            name: name.to_string(),
            spec: repository::export::to_manifest(&live),
            left: Vec::new(),
            secrets: Vec::new(),
        };
        for (field, why) in [
            ("lifecyclePolicy", unknown(&live.lifecycle)),
            ("repositoryPolicy", unknown(&live.policy)),
            ("tags", unknown(&live.tags)),
        ] {
            found.left.extend(why.map(|it| left(field, it)));
        }
        claim(live.tags.get(), &mut found);
        Ok(Some(found))
    }
}

/// Lists all objects of a kind, to the last page.
async fn list<K: AwsKind>(target: &TargetClients) -> Result<Vec<(Name, K::Live)>, Failure> {
    let cloud = K::open(&target.clients, Arc::clone(&target.calls));
    let (pages, mut read) = mpsc::channel::<Page<Reading<K::Live>>>(PAGES);
    let all = async {
        let mut rows = Vec::new();
        while let Some(page) = read.recv().await {
            rows.extend(page.rows.into_iter().map(|(name, reading)| (name, reading.live)));
        }
        rows
    };
    let (done, rows) = tokio::join!(cloud.list(Arc::default(), pages), all);
    done.map(|()| rows)
}

fn unknown<T>(known: &Known<T>) -> Option<&str> {
    match known {
        Known::Yes(_) => None,
        Known::No(why) => Some(why),
    }
}

fn left(path: &str, why: &str) -> Omission {
    let why = format!("it could not be read, so it is not managed: {why}");
    Omission { path: path.to_owned(), why }
}

/// What AWS did not show of the function itself.
fn unread(live: &Live, all: &mut Vec<Omission>) {
    let errors = [
        ("environment", live.environment_error.as_deref()),
        ("imageConfig", live.image_error.as_deref()),
        ("tags", unknown(&live.tags)),
    ];
    all.extend(errors.into_iter().filter_map(|(path, why)| Some(left(path, why?))));
    all.extend(live.unmanaged.fields().into_iter().map(|(path, it)| {
        let why = format!("Evenkeel does not keep it, and leaves it as it is: {it}");
        Omission { path: path.to_owned(), why }
    }));
}

/// Lets the document take over an object that no Evenkeel keeps (`policy.adopt`); without that,
/// `apply` would refuse it. Of an object that one keeps, its owner is told.
fn claim(tags: Option<&Tags>, found: &mut ImportedDocument) {
    let tags = tags.cloned().map(Known::Yes);
    let adopt = match Claim::of(tags.as_ref()) {
        Claim::Owner { id, .. } => {
            let why = format!(
                "the Evenkeel `{id}` keeps it; another one needs `policy: {{ adopt: {{ from: {id} }} }}`"
            );
            found.left.push(Omission { path: "owner".into(), why });
            return;
        }
        Claim::CloudFormation(_) => json!({ "from": "cloudformation" }),
        Claim::Nobody | Claim::ReadOnly | Claim::Unreadable(_) => json!(true),
    };
    put(&mut found.spec, "policy/adopt", adopt);
}

/// Puts a member into the `spec`; `outer/inner` stands within another member.
fn put(spec: &mut Map<String, Value>, path: &str, value: Value) {
    let Some((outer, inner)) = path.split_once('/') else {
        // What stands within it may be there already.
        match (spec.get_mut(path), value) {
            (Some(Value::Object(there)), Value::Object(more)) => there.extend(more),
            (_, value) => drop(spec.insert(path.to_owned(), value)),
        }
        return;
    };
    if let Value::Object(within) = spec.entry(outer).or_insert_with(|| json!({})) {
        within.insert(inner.to_owned(), value);
    }
}
