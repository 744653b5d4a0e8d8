//! The verbs for images: BatchGetImage, up to a hundred references of one repository a call. It says
//! for each one whether it is there, has a quota of 2,000 a second, and shows the manifest. What a range of
//! versions means is found with ListImages, which has a small budget of its own: every few minutes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    Image, Live, manifest,
    spec::{Id, Spec},
    version,
};
use crate::{
    aws::{
        calls::{Call, Calls},
        clients::Clients,
        cloud::{AwsKind, Cloud, Got, Pages, Priority},
        missing::optional,
        op::{Bucket, Op},
    },
    engine::{
        facts::{Digest, ImageFact},
        failure::Failure,
        name::Name,
        observed::Reading,
        page::Page,
        time::Mono,
    },
};
use aws_sdk_ecr::{
    Client,
    types::{
        Image as EcrImage, ImageFailure, ImageFailureCode, ImageIdentifier, ListImagesFilter,
        TagStatus,
    },
};

/// ECR's limit for one call (ECR API reference, BatchGetImage).
const IDS_MAX: usize = 100;
/// How long the tags of a repository are good for.
const TAGS_FOR: Duration = Duration::from_mins(5);
/// ListImages returns at most so many (ECR API reference, ListImages).
const TAGS_PAGE: i32 = 1000;
/// A repository holds 100,000 images at most (ECR quotas page), of which some may have several tags.
const TAGS_PAGES_MAX: usize = 100;

/// ECR as one target uses it.
pub struct ImageCloud {
    ecr: Client,
    calls: Arc<Calls>,
    region: String,
    /// The tags of repositories that a range of versions was asked of, and when they were listed.
    tags: Mutex<TagLists>,
}

/// A repository of a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct RepositoryRef<'a> {
    registry: &'a str,
    name: &'a str,
}

/// What a reference means just now.
enum ReferenceQuery {
    /// An image that ECR is to be asked for.
    Lookup(ImageQuery),
    /// No image that ECR could be asked for: it lies in another Region, there is no repository, or
    /// no tag is within the range. What is live says which.
    Unavailable(Live),
}

/// An image that ECR is asked for.
struct ImageQuery {
    /// The reference.
    name: Name,
    id: Id,
    /// For a range of versions: the tag that it means.
    tag: Option<String>,
}

/// The tags of repositories, and when they were listed.
type TagLists = BTreeMap<String, (Mono, Arc<Vec<String>>)>;
/// Images by reference.
type Rows = Vec<(Name, Reading<Live>)>;

impl ImageCloud {
    /// ECR, through the target's one door.
    pub fn new(ecr: Client, calls: Arc<Calls>, region: String) -> Self {
        Self { ecr, calls, region, tags: Mutex::default() }
    }

    /// Asks for some images of one repository in one call; at most [`IDS_MAX`]. Returns a row for
    /// each image that the answer names, and the moment that the rows speak for. If the repository
    /// does not exist, all are missing.
    async fn batch_get(
        &self,
        repository: RepositoryRef<'_>,
        queries: &[ImageQuery],
        priority: Priority,
    ) -> Result<(Rows, Mono), Failure> {
        // Two names may mean one image.
        let ids: BTreeSet<&Id> = queries.iter().map(|it| &it.id).collect();
        let request = self
            .ecr
            .batch_get_image()
            .registry_id(repository.account())
            .repository_name(repository.name)
            .set_image_ids(Some(ids.into_iter().map(identifier).collect()))
            .set_accepted_media_types(Some(manifest::accepted()));
        let call = Call::plain(Op::BatchGetImage, priority);
        // Before the wait for a token: earlier than the truth errs on the safe side.
        let started = self.calls.now();
        let (answer, _) = self.calls.find(call, request.send()).await;
        let rows = match answer? {
            Some(answer) => {
                let found = answer.images.unwrap_or_default();
                let failed = answer.failures.unwrap_or_default();
                sort(queries, &found, &failed)
            }
            None => queries.iter().map(|it| it.row(repository.missing())).collect(),
        };
        Ok((rows, started))
    }

    /// Asks for up to [`IDS_MAX`] images in one call, then for each one that the answer does not
    /// name in a call of its own: emulators return another tag of the same image.
    async fn ask_all(
        &self,
        repository: RepositoryRef<'_>,
        queries: &[ImageQuery],
        priority: Priority,
    ) -> Result<(Rows, Mono), Failure> {
        let (mut rows, started) = self.batch_get(repository, queries, priority).await?;
        let named: BTreeSet<Name> = rows.iter().map(|(name, _)| name.clone()).collect();
        for one in queries.iter().filter(|it| !named.contains(&it.name)) {
            let (more, _) = self.batch_get(repository, std::slice::from_ref(one), priority).await?;
            rows.extend(more);
        }
        Ok((rows, started))
    }

    /// The tags of a repository, at most [`TAGS_FOR`] old; `None` if there is no such repository.
    async fn tags(
        &self,
        repository: RepositoryRef<'_>,
        priority: Priority,
    ) -> Result<Option<Arc<Vec<String>>>, Failure> {
        let key = format!("{}/{}", repository.registry, repository.name);
        let now = self.calls.now();
        let known = self.known().get(&key).cloned();
        if let Some((_, tags)) = known.filter(|(at, _)| now.since(*at) < TAGS_FOR) {
            return Ok(Some(tags));
        }
        let filter = ListImagesFilter::builder().tag_status(TagStatus::Tagged).build();
        let request = |token| {
            let request = self.ecr.list_images().registry_id(repository.account());
            let request = request.repository_name(repository.name).filter(filter.clone());
            request.max_results(TAGS_PAGE).set_next_token(token).send()
        };
        let mut tags = Vec::new();
        let mut list = self.calls.list(Op::ListImages, priority, TAGS_PAGES_MAX);
        loop {
            match optional(list.next(request).await)? {
                Some(Some((page, _))) => {
                    let ids = page.image_ids.unwrap_or_default();
                    tags.extend(ids.into_iter().filter_map(|it| it.image_tag));
                }
                Some(None) => break,
                // Not kept: as soon as it is made, its tags count.
                None => return Ok(None),
            }
        }
        let tags = Arc::new(tags);
        self.known().insert(key, (now, Arc::clone(&tags)));
        Ok(Some(tags))
    }

    fn known(&self) -> MutexGuard<'_, TagLists> {
        self.tags.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Turns a reference into the image that ECR is asked for: a range of versions becomes its
    /// highest tag. `ReferenceQuery::Unavailable` if no tag fits, or if the image lies in another Region.
    async fn query_of(
        &self,
        name: &Name,
        spec: &Spec,
        priority: Priority,
    ) -> Result<ReferenceQuery, Failure> {
        if let Some(image) = self.elsewhere(spec) {
            return Ok(ReferenceQuery::Unavailable(Live { tag: None, image }));
        }
        let Id::Range(range) = &spec.id else {
            let (name, id) = (name.clone(), spec.id.clone());
            return Ok(ReferenceQuery::Lookup(ImageQuery { name, id, tag: None }));
        };
        let unavailable =
            |image| Ok(ReferenceQuery::Unavailable(Live { tag: Some(String::new()), image }));
        let repository = RepositoryRef::of(spec);
        let Some(tags) = self.tags(repository, priority).await? else {
            return unavailable(repository.missing());
        };
        let Some(tag) = version::highest(range, tags.iter().map(String::as_str)) else {
            let why = format!("no tag of `{}` lies within `{range}`", repository.name);
            return unavailable(ImageFact::Missing(why));
        };
        let (name, tag) = (name.clone(), tag.to_owned());
        Ok(ReferenceQuery::Lookup(ImageQuery { name, id: Id::Tag(tag.clone()), tag: Some(tag) }))
    }

    /// Lambda runs images of its own Region only.
    fn elsewhere(&self, spec: &Spec) -> Option<ImageFact> {
        let region = spec.registry.split('.').nth(3).unwrap_or_default();
        (region != self.region).then(|| {
            ImageFact::Unusable(format!(
                "it lies in {region}, and Lambda runs images of its own Region, {}, only",
                self.region
            ))
        })
    }
}

impl<'a> RepositoryRef<'a> {
    fn of(spec: &'a Spec) -> Self {
        Self { registry: &spec.registry, name: &spec.repository }
    }

    /// The account that the registry's host names.
    fn account(self) -> &'a str {
        self.registry.split('.').next().unwrap_or_default()
    }

    /// What is said of every image of it if it does not exist.
    fn missing(self) -> ImageFact {
        ImageFact::Missing(format!("the repository `{}` does not exist", self.name))
    }
}

impl ImageQuery {
    fn row(&self, image: ImageFact) -> (Name, Reading<Live>) {
        (self.name.clone(), reading(Live { tag: self.tag.clone(), image }))
    }
}

impl AwsKind for Image {
    type Cloud = ImageCloud;
    const READ_COSTS: &'static [(Bucket, f64)] = &[(Bucket::BatchGetImage, 1.0)];

    fn open(clients: &Clients, calls: Arc<Calls>) -> ImageCloud {
        ImageCloud::new(clients.ecr.clone(), calls, clients.region.clone())
    }
}

impl Cloud<Image> for ImageCloud {
    /// Reads every wanted image, exactly. A failure does not keep the rest from being read, and is
    /// returned at the end: what has no row is then not taken for absent.
    async fn list(
        &self,
        wanted: Arc<BTreeMap<Name, Arc<Spec>>>,
        pages: Pages<Image>,
    ) -> Result<(), Failure> {
        let mut repositories: BTreeMap<RepositoryRef<'_>, Vec<ImageQuery>> = BTreeMap::new();
        let mut page = Page { started: self.calls.now(), rows: Vec::new() };
        let mut broken = None;
        for (name, spec) in wanted.iter() {
            match self.query_of(name, spec, Priority::List).await {
                Ok(ReferenceQuery::Lookup(query)) => {
                    repositories.entry(RepositoryRef::of(spec)).or_default().push(query);
                }
                Ok(ReferenceQuery::Unavailable(live)) => {
                    page.rows.push((name.clone(), reading(live)));
                }
                Err(failure) => broken = Some(failure),
            }
        }
        if !page.rows.is_empty() && pages.send(page).await.is_err() {
            return Ok(());
        }
        let chunks: Vec<_> = repositories
            .iter()
            .flat_map(|(repository, all)| {
                all.chunks(IDS_MAX).map(move |queries| (*repository, queries))
            })
            .collect();
        for (repository, queries) in chunks {
            let page = match self.ask_all(repository, queries, Priority::List).await {
                Ok((rows, started)) => Page { started, rows },
                // One repository that cannot be read keeps no other from being read.
                Err(failure) => {
                    broken = Some(failure);
                    continue;
                }
            };
            if pages.send(page).await.is_err() {
                return Ok(());
            }
        }
        broken.map_or(Ok(()), Err)
    }

    /// Reads one image by its name, which is its reference. `None`: the name is no reference, or
    /// ECR's answer says nothing of the image.
    async fn get(
        &self,
        name: &Name,
        _: Option<&Spec>,
        priority: Priority,
    ) -> Result<Got<Image>, Failure> {
        let now = self.calls.now();
        let Some(spec) = Spec::of_reference(name.as_str()) else { return Ok((None, now)) };
        let query = match self.query_of(name, &spec, priority).await? {
            ReferenceQuery::Lookup(query) => query,
            ReferenceQuery::Unavailable(live) => return Ok((Some(reading(live)), now)),
        };
        let (rows, started) = self.batch_get(RepositoryRef::of(&spec), &[query], priority).await?;
        Ok((rows.into_iter().next().map(|(_, reading)| reading), started))
    }

    async fn apply(&self, step: &std::convert::Infallible) -> Result<(), Failure> {
        match *step {}
    }
}

fn reading(live: Live) -> Reading<Live> {
    Reading { live, revision: None, exact: true }
}

fn identifier(id: &Id) -> ImageIdentifier {
    match id {
        // A range has been pinned to a tag by now.
        Id::Tag(tag) | Id::Range(tag) => ImageIdentifier::builder().image_tag(tag).build(),
        Id::Digest(digest) => ImageIdentifier::builder().image_digest(digest.to_string()).build(),
    }
}

/// Finds the answer to each query; a query that the answer does not name is left out. One query
/// with one answer needs no match, since emulators name another tag of the image.
fn sort(queries: &[ImageQuery], found: &[EcrImage], failed: &[ImageFailure]) -> Rows {
    let only = queries.len() == 1 && found.len() + failed.len() == 1;
    let names = |id: Option<&ImageIdentifier>, wanted: &Id| {
        only || match wanted {
            Id::Tag(tag) | Id::Range(tag) => id.and_then(ImageIdentifier::image_tag) == Some(tag),
            Id::Digest(digest) => {
                id.and_then(ImageIdentifier::image_digest) == Some(&digest.to_string())
            }
        }
    };
    let fact = |id: &Id| {
        if let Some(image) = found.iter().find(|it| names(it.image_id(), id)) {
            return Some(read(image));
        }
        failed.iter().find(|it| names(it.image_id(), id)).map(|it| refused(id, it))
    };
    queries.iter().filter_map(|it| Some(it.row(fact(&it.id)?))).collect()
}

fn read(image: &EcrImage) -> ImageFact {
    let digest = image.image_id().and_then(ImageIdentifier::image_digest).and_then(Digest::parse);
    match (digest, image.image_manifest()) {
        (Some(digest), Some(text)) => {
            manifest::read(digest, image.image_manifest_media_type(), text)
        }
        _ => ImageFact::Unusable("ECR shows neither its digest nor its manifest".into()),
    }
}

/// Why ECR did not return an image, in words. The codes are those of the ECR API reference, ImageFailure.
fn refused(id: &Id, failure: &ImageFailure) -> ImageFact {
    let what = match id {
        Id::Tag(tag) | Id::Range(tag) => format!("the tag `{tag}`"),
        Id::Digest(digest) => format!("the digest sha256:{}…", digest.short(12)),
    };
    let reason = failure.failure_reason().unwrap_or("no reason given");
    let code = failure.failure_code();
    let word = code.map_or("no code", ImageFailureCode::as_str);
    let reason = format!("ECR does not give out {what}: {word}: {reason}");
    match code {
        Some(
            ImageFailureCode::ImageNotFound
            | ImageFailureCode::ImageTagDoesNotMatchDigest
            | ImageFailureCode::MissingDigestAndTag,
        ) => ImageFact::Missing(format!("{what} is not in the repository")),
        Some(ImageFailureCode::InvalidImageDigest | ImageFailureCode::InvalidImageTag) => {
            ImageFact::Unusable(reason)
        }
        Some(ImageFailureCode::ImageInaccessible) => ImageFact::Unreadable(format!(
            "{reason}; it is archived or being restored: restore it with UpdateImageStorageClass"
        )),
        Some(ImageFailureCode::UpstreamAccessDenied) => ImageFact::Unreadable(format!(
            "{reason}; mend the credentials of the repository's pull-through cache rule"
        )),
        // Trouble of ECR's, of its key or of an upstream registry, or a code of a later day: no word on the image.
        Some(_) | None => ImageFact::Unreadable(reason),
    }
}
