//! The verbs for images: BatchGetImage, up to a hundred references of one repository a call. It says
//! for each one whether it is there, has a quota of 2,000 a second, and shows the manifest.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use aws_sdk_ecr::{
    Client,
    types::{Image as EcrImage, ImageFailure, ImageFailureCode, ImageIdentifier},
};
use tokio::sync::mpsc;

use super::{
    Image, manifest,
    spec::{Id, Spec},
};
use crate::{
    aws::{
        calls::{Call, Calls},
        cloud::{Cloud, Got, Urgency},
        op::Op,
    },
    engine::{
        facts::{Digest, ImageFact},
        failure::Failure,
        name::Name,
        page::Page,
        sight::Seen,
        time::Mono,
    },
};

/// ECR's limit for one call (ECR API reference, BatchGetImage).
const IDS_MAX: usize = 100;
/// The code by which ECR says that a repository is not there.
const NO_REPOSITORY: &str = "RepositoryNotFoundException";

/// ECR as one target uses it.
pub struct ImageCloud {
    ecr: Client,
    calls: Arc<Calls>,
    region: String,
}

/// What one call told: facts by reference.
type Found = Vec<(Name, ImageFact)>;

impl ImageCloud {
    /// ECR, through the target's one door.
    pub fn new(ecr: Client, calls: Arc<Calls>, region: String) -> Self {
        Self { ecr, calls, region }
    }

    /// Asks for some images of one repository.
    async fn ask(
        &self,
        place: (&str, &str),
        wanted: &[(Name, Id)],
        urgency: Urgency,
    ) -> Result<(Found, Mono), Failure> {
        let (registry, repository) = place;
        let account = registry.split('.').next().unwrap_or_default();
        let request = self
            .ecr
            .batch_get_image()
            .registry_id(account)
            .repository_name(repository)
            .set_image_ids(Some(wanted.iter().map(|(_, id)| identifier(id)).collect()))
            .set_accepted_media_types(Some(manifest::accepted()));
        let call = Call::plain(Op::BatchGetImage, urgency);
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
        urgency: Urgency,
    ) -> Result<(Found, Mono), Failure> {
        let (mut found, started) = self.ask(place, wanted, urgency).await?;
        let named: BTreeSet<Name> = found.iter().map(|(name, _)| name.clone()).collect();
        for one in wanted.iter().filter(|(name, _)| !named.contains(name)) {
            let (more, _) = self.ask(place, std::slice::from_ref(one), urgency).await?;
            found.extend(more);
        }
        Ok((found, started))
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

impl Cloud<Image> for ImageCloud {
    async fn list(
        &self,
        wanted: Arc<BTreeMap<Name, Arc<Spec>>>,
        pages: mpsc::Sender<Page<Image>>,
    ) -> Result<(), Failure> {
        let mut repositories: BTreeMap<(&str, &str), Vec<(Name, Id)>> = BTreeMap::new();
        let mut page = Page { started: self.calls.now(), rows: Vec::new() };
        let mut broken = None;
        for (name, spec) in wanted.iter() {
            let place = (spec.registry.as_str(), spec.repository.as_str());
            match self.elsewhere(spec) {
                Some(fact) => page.rows.push((name.clone(), seen(fact))),
                None => {
                    repositories.entry(place).or_default().push((name.clone(), spec.id.clone()));
                }
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
            let (found, started) = match self.ask_all(place, some, Urgency::List).await {
                Ok(found) => found,
                // One repository that cannot be read keeps no other from being read.
                Err(failure) => {
                    broken = Some(failure);
                    continue;
                }
            };
            let rows = found.into_iter().map(|(name, fact)| (name, seen(fact))).collect();
            if pages.send(Page { started, rows }).await.is_err() {
                return Ok(());
            }
        }
        broken.map_or(Ok(()), Err)
    }

    async fn get(&self, name: &Name, urgency: Urgency) -> Result<Got<Image>, Failure> {
        let now = self.calls.now();
        let Some(spec) = Spec::of_reference(name.as_str()) else { return Ok((None, now)) };
        if let Some(fact) = self.elsewhere(&spec) {
            return Ok((Some(seen(fact)), now));
        }
        let place = (spec.registry.as_str(), spec.repository.as_str());
        let one = [(name.clone(), spec.id.clone())];
        let (found, started) = self.ask(place, &one, urgency).await?;
        Ok((found.into_iter().next().map(|(_, fact)| seen(fact)), started))
    }

    async fn apply(&self, step: &std::convert::Infallible) -> Result<(), Failure> {
        match *step {}
    }
}

fn seen(live: ImageFact) -> Seen<ImageFact> {
    Seen { live, revision: None, exact: true }
}

fn identifier(id: &Id) -> ImageIdentifier {
    match id {
        Id::Tag(tag) => ImageIdentifier::builder().image_tag(tag).build(),
        Id::Digest(digest) => ImageIdentifier::builder().image_digest(digest.to_string()).build(),
    }
}

/// Finds each reference's answer. One that is not named is left out.
fn sort(wanted: &[(Name, Id)], found: &[EcrImage], failed: &[ImageFailure]) -> Found {
    let only = wanted.len() == 1 && found.len() + failed.len() == 1;
    let names = |id: Option<&ImageIdentifier>, wanted: &Id| {
        only || match wanted {
            Id::Tag(tag) => id.and_then(ImageIdentifier::image_tag) == Some(tag),
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

/// Why ECR did not return an image, in words.
fn refused(id: &Id, failure: &ImageFailure) -> ImageFact {
    let what = match id {
        Id::Tag(tag) => format!("the tag `{tag}`"),
        Id::Digest(digest) => format!("the digest sha256:{}…", digest.short(12)),
    };
    let said = failure.failure_reason().unwrap_or("no reason given");
    match failure.failure_code() {
        Some(
            ImageFailureCode::ImageNotFound
            | ImageFailureCode::ImageTagDoesNotMatchDigest
            | ImageFailureCode::MissingDigestAndTag,
        )
        | None => ImageFact::Missing(format!("{what} is not in the repository")),
        Some(code) => {
            ImageFact::Unusable(format!("ECR does not give out {what}: {}: {said}", code.as_str()))
        }
    }
}
