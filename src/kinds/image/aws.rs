//! The verbs for images: BatchGetImage, up to a hundred references of one repository a call. It says
//! for each one whether it is there, has a quota of 2,000 a second, and shows the manifest. What a range of
//! versions means is found with ListImages, which has a small budget of its own: every few minutes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_sdk_ecr::{
    Client,
    types::{
        Image as EcrImage, ImageFailure, ImageFailureCode, ImageIdentifier, ListImagesFilter,
        TagStatus,
    },
};
use tokio::sync::mpsc;

use super::{
    Found, Image, manifest,
    spec::{Id, Spec},
    version,
};
use crate::{
    aws::{
        calls::{Call, Calls, endless},
        clients::Clients,
        cloud::{AwsResource, Cloud, Got, Priority},
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

/// ECR's limit for one call (ECR API reference, BatchGetImage).
const IDS_MAX: usize = 100;
/// The code by which ECR says that a repository is not there.
const NO_REPOSITORY: &str = "RepositoryNotFoundException";

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
    tags: Mutex<BTreeMap<String, (Mono, Tags)>>,
}

/// What one call told: images by reference.
type Told = Vec<(Name, ImageFact)>;
/// The tags of a repository; `None`: there is no such repository.
type Tags = Option<Arc<Vec<String>>>;

impl ImageCloud {
    /// ECR, through the target's one door.
    pub fn new(ecr: Client, calls: Arc<Calls>, region: String) -> Self {
        Self { ecr, calls, region, tags: Mutex::default() }
    }

    /// Asks for some images of one repository.
    async fn ask(
        &self,
        place: (&str, &str),
        wanted: &[(Name, Id)],
        priority: Priority,
    ) -> Result<(Told, Mono), Failure> {
        let (registry, repository) = place;
        let account = account(registry);
        // Two names may mean one image.
        let ids: BTreeSet<&Id> = wanted.iter().map(|(_, id)| id).collect();
        let request = self
            .ecr
            .batch_get_image()
            .registry_id(account)
            .repository_name(repository)
            .set_image_ids(Some(ids.into_iter().map(identifier).collect()))
            .set_accepted_media_types(Some(manifest::accepted()));
        let call = Call::plain(Op::BatchGetImage, priority);
        // Before the wait for a token: earlier than the truth errs on the safe side.
        let started = self.calls.now();
        match self.calls.run(call, request.send()).await {
            Ok((answer, _)) => {
                let found = answer.images.unwrap_or_default();
                let failed = answer.failures.unwrap_or_default();
                Ok((sort(wanted, &found, &failed), started))
            }
            Err(failure) if failure.cause.code.as_deref() == Some(NO_REPOSITORY) => {
                let missing = format!("the repository `{repository}` does not exist");
                let all = wanted
                    .iter()
                    .map(|(name, _)| (name.clone(), ImageFact::Missing(missing.clone())));
                Ok((all.collect(), started))
            }
            Err(failure) => Err(failure),
        }
    }

    /// Asks for up to a hundred, then once more for each that the answer does not name: emulators
    /// return another tag of the same image.
    async fn ask_all(
        &self,
        place: (&str, &str),
        wanted: &[(Name, Id)],
        priority: Priority,
    ) -> Result<(Told, Mono), Failure> {
        let (mut found, started) = self.ask(place, wanted, priority).await?;
        let named: BTreeSet<Name> = found.iter().map(|(name, _)| name.clone()).collect();
        for one in wanted.iter().filter(|(name, _)| !named.contains(name)) {
            let (more, _) = self.ask(place, std::slice::from_ref(one), priority).await?;
            found.extend(more);
        }
        Ok((found, started))
    }

    /// The tags of a repository, at most some minutes old.
    async fn tags(&self, place: (&str, &str), priority: Priority) -> Result<Tags, Failure> {
        let (registry, repository) = place;
        let key = format!("{registry}/{repository}");
        let now = self.calls.now();
        let known = self.known().get(&key).cloned();
        if let Some((_, tags)) = known.filter(|(at, _)| now.since(*at) < TAGS_FOR) {
            return Ok(tags);
        }
        let filter = ListImagesFilter::builder().tag_status(TagStatus::Tagged).build();
        let mut tags = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..TAGS_PAGES_MAX {
            let request = self
                .ecr
                .list_images()
                .registry_id(account(registry))
                .repository_name(repository)
                .filter(filter.clone())
                .max_results(TAGS_PAGE)
                .set_next_token(token);
            let call = Call::plain(Op::ListImages, priority);
            let answer = match self.calls.run(call, request.send()).await {
                Ok((answer, _)) => answer,
                // Not kept: as soon as it is made, its tags count.
                Err(failure) if failure.cause.code.as_deref() == Some(NO_REPOSITORY) => {
                    return Ok(None);
                }
                Err(failure) => return Err(failure),
            };
            token = answer.next_token;
            let ids = answer.image_ids.unwrap_or_default();
            tags.extend(ids.into_iter().filter_map(|it| it.image_tag));
            if token.is_none() {
                let tags = Some(Arc::new(tags));
                self.known().insert(key, (now, tags.clone()));
                return Ok(tags);
            }
        }
        Err(endless(Op::ListImages, TAGS_PAGES_MAX))
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, (Mono, Tags)>> {
        self.tags.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a reference means just now: a range becomes the tag that it means, or nothing.
    async fn pin(&self, spec: &Spec, priority: Priority) -> Result<Pinned, Failure> {
        let Id::Range(range) = &spec.id else {
            return Ok(Pinned { id: Ok(spec.id.clone()), tag: None });
        };
        let (registry, repository) = (spec.registry.as_str(), spec.repository.as_str());
        let Some(tags) = self.tags((registry, repository), priority).await? else {
            let why = format!("the repository `{repository}` does not exist");
            return Ok(Pinned { id: Err(why), tag: Some(String::new()) });
        };
        let highest = version::highest(range, tags.iter().map(String::as_str));
        let id = highest.map(|tag| Id::Tag(tag.into()));
        let why = || format!("no tag of `{repository}` lies within `{range}`");
        Ok(Pinned { id: id.ok_or_else(why), tag: Some(highest.unwrap_or_default().into()) })
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

impl AwsResource for Image {
    type Cloud = ImageCloud;
    const LOOK: (Bucket, f64) = (Bucket::BatchGetImage, 1.0);

    fn open(clients: &Clients, calls: Arc<Calls>) -> ImageCloud {
        ImageCloud::new(clients.ecr.clone(), calls, clients.region.clone())
    }
}

impl Cloud<Image> for ImageCloud {
    async fn list(
        &self,
        wanted: Arc<BTreeMap<Name, Arc<Spec>>>,
        pages: mpsc::Sender<Page<Image>>,
    ) -> Result<(), Failure> {
        let mut repositories: BTreeMap<(&str, &str), Vec<(Name, Id)>> = BTreeMap::new();
        let mut page = Page { started: self.calls.now(), rows: Vec::new() };
        let mut versions: BTreeMap<&Name, String> = BTreeMap::new();
        let mut broken = None;
        for (name, spec) in wanted.iter() {
            let place = (spec.registry.as_str(), spec.repository.as_str());
            if let Some(image) = self.elsewhere(spec) {
                page.rows.push((name.clone(), reading(Found { tag: None, image })));
                continue;
            }
            match self.pin(spec, Priority::List).await {
                Ok(Pinned { id: Ok(id), tag }) => {
                    versions.extend(tag.map(|tag| (name, tag)));
                    repositories.entry(place).or_default().push((name.clone(), id));
                }
                Ok(Pinned { id: Err(why), tag }) => {
                    let image = ImageFact::Missing(why);
                    page.rows.push((name.clone(), reading(Found { tag, image })));
                }
                Err(failure) => broken = Some(failure),
            }
        }
        if !page.rows.is_empty() && pages.send(page).await.is_err() {
            return Ok(());
        }
        let chunks: Vec<_> = repositories
            .iter()
            .flat_map(|(place, ids)| ids.chunks(IDS_MAX).map(move |some| (*place, some)))
            .collect();
        for (place, some) in chunks {
            let (told, started) = match self.ask_all(place, some, Priority::List).await {
                Ok(told) => told,
                // One repository that cannot be read keeps no other from being read.
                Err(failure) => {
                    broken = Some(failure);
                    continue;
                }
            };
            let found = |name: &Name, image| Found { tag: versions.get(name).cloned(), image };
            let rows = told.into_iter().map(|(name, image)| {
                let found = found(&name, image);
                (name, reading(found))
            });
            if pages.send(Page { started, rows: rows.collect() }).await.is_err() {
                return Ok(());
            }
        }
        broken.map_or(Ok(()), Err)
    }

    async fn get(
        &self,
        name: &Name,
        _: Option<&Spec>,
        priority: Priority,
    ) -> Result<Got<Image>, Failure> {
        let now = self.calls.now();
        let Some(spec) = Spec::of_reference(name.as_str()) else { return Ok((None, now)) };
        if let Some(image) = self.elsewhere(&spec) {
            return Ok((Some(reading(Found { tag: None, image })), now));
        }
        let Pinned { id, tag } = self.pin(&spec, priority).await?;
        let id = match id {
            Ok(id) => id,
            Err(why) => {
                return Ok((Some(reading(Found { tag, image: ImageFact::Missing(why) })), now));
            }
        };
        let place = (spec.registry.as_str(), spec.repository.as_str());
        let (told, started) = self.ask(place, &[(name.clone(), id)], priority).await?;
        let image = told.into_iter().next().map(|(_, image)| image);
        Ok((image.map(|image| reading(Found { tag, image })), started))
    }

    async fn apply(&self, step: &std::convert::Infallible) -> Result<(), Failure> {
        match *step {}
    }
}

/// What a reference means just now.
struct Pinned {
    /// The image to ask for, or why there is none.
    id: Result<Id, String>,
    /// For a range: the tag that it means, empty if none fits.
    tag: Option<String>,
}

/// The account that a registry's host names.
fn account(registry: &str) -> &str {
    registry.split('.').next().unwrap_or_default()
}

fn reading(live: Found) -> Reading<Found> {
    Reading { live, revision: None, exact: true }
}

fn identifier(id: &Id) -> ImageIdentifier {
    match id {
        // A range has been pinned to a tag by now.
        Id::Tag(tag) | Id::Range(tag) => ImageIdentifier::builder().image_tag(tag).build(),
        Id::Digest(digest) => ImageIdentifier::builder().image_digest(digest.to_string()).build(),
    }
}

/// Finds each reference's answer. One that is not named is left out.
fn sort(wanted: &[(Name, Id)], found: &[EcrImage], failed: &[ImageFailure]) -> Told {
    let only = wanted.len() == 1 && found.len() + failed.len() == 1;
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
    wanted.iter().filter_map(|(name, id)| Some((name.clone(), fact(id)?))).collect()
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
