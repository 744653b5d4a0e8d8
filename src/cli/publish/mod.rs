//! `evenkeel publish`: from a Dockerfile, or an image, to a digest in ECR that the manifests name.
//!
//! Read in this order: `papers` (what the manifests say), `super::builder` (where the image comes from), this file
//! (the way), `bars` (what people see of it).

mod bars;
mod papers;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::TempDir;

use self::{bars::Bars, papers::Papers};
use super::{
    CliError, CoreArgs, Outcome, PublishArgs,
    args::Builder,
    block_on,
    builder::{Build, Built, Given},
    door::{self, Door},
    function::failed,
    once::{self, Signals},
    out::{note, print},
    session::{self, Job},
    targets,
};
use crate::{
    aws::{
        clients::is_loopback,
        cloud::{Cloud as _, Priority},
        registry,
    },
    daemon::options::Working,
    engine::{facts::oci_architecture, kind::Kind as _, name::Name, policy::Mode, prune::Terms},
    kinds::{
        function::{config::defaults::ARCHITECTURE, image_ref::ImageRef},
        repository::{Repository, aws::RepositoryCloud},
    },
    manifest::Selection,
    registry::{
        ImageError, archive,
        check::{self, RunTarget},
        client::{Access, Client},
        image::LocalImage,
        layout,
        push::{self, PushError, PushSummary},
    },
};

/// How long the making of a repository may take.
const CREATE_MAX: Duration = Duration::from_mins(2);
/// How many digits of a digest make a tag.
const TAG_DIGITS: usize = 12;

/// Builds, checks, pushes and pins.
pub(super) fn publish(args: &PublishArgs) -> Result<Outcome, CliError> {
    let repository = args.repository.clone();
    ImageRef::parse(&format!("{repository}:x")).map_err(CliError)?;
    let papers = args.manifest.as_deref().map(|it| Papers::read(it, &repository)).transpose()?;
    let named = match &args.architecture {
        Some(given) => Some(given.clone()),
        None => papers.as_ref().map(Papers::architecture).transpose()?.flatten(),
    };
    let architecture = named.as_deref().unwrap_or(ARCHITECTURE);
    let source = Source::of(args)?;
    let access = access(args, papers.as_ref())?;
    let (image, _folder) = source.image(args, architecture)?;
    let has_program = papers.as_ref().is_some_and(Papers::have_program);
    let wrong = check::check(&image, RunTarget { architecture, has_program });
    if !wrong.is_empty() {
        return Err(CliError(format!("Lambda would not run this image: {}", wrong.join("; "))));
    }
    let digest = image.digest();
    let short: String = digest.trim_start_matches("sha256:").chars().take(TAG_DIGITS).collect();
    let tag = args.tag.clone().unwrap_or_else(|| format!("sha-{short}"));
    let reference = format!("{}/{repository}@{digest}", registry::host(&access.url));
    note(&format!("{repository}:{tag} is {digest}, {} blobs", image.blobs().len()));
    let client = Client::new(access, &repository);
    let bars = Bars::of(&image);
    let pushed = push::push(&client, &image, &tag, &bars);
    note(&summary(pushed.as_ref().map_or_else(|it| it.so_far, |all| *all)));
    pushed.map_err(|it| told(it.error, &repository))?;
    for line in papers.iter().map(|it| it.pin(args.pin, (&tag, &digest))) {
        line?.iter().for_each(|it| note(it));
    }
    print(&reference)?;
    Ok(Outcome::Good)
}

fn summary(pushed: PushSummary) -> String {
    if pushed.same {
        return "the tag names this very image already: nothing is uploaded".into();
    }
    let PushSummary { sent, skipped, bytes, .. } = pushed;
    format!("{sent} blobs uploaded ({bytes} bytes), {skipped} were there")
}

fn told(error: PushError, repository: &str) -> CliError {
    CliError(match error {
        PushError::Image(error) => error.to_string(),
        PushError::Registry(trouble) => trouble.into_image_error(repository).to_string(),
    })
}

/// What is published.
enum Source {
    Directory(Builder, PathBuf),
    Layout,
    Archive,
    Stored(Builder),
}

impl Source {
    fn of(args: &PublishArgs) -> Result<Self, CliError> {
        let choose = || ask(Builder::choose(args.builder));
        Ok(match Given::of(&args.source, args.dockerfile.as_deref())? {
            Given::Directory(dockerfile) => Self::Directory(choose()?, dockerfile),
            Given::Layout => Self::Layout,
            Given::Archive => Self::Archive,
            Given::Stored => Self::Stored(choose()?),
        })
    }

    /// The image, and the folder that it lies in if that is ours.
    fn image(
        &self,
        args: &PublishArgs,
        architecture: &str,
    ) -> Result<(LocalImage, Option<TempDir>), CliError> {
        let machine = oci_architecture(architecture);
        let path = Path::new(&args.source);
        let folder =
            || TempDir::new().map_err(|error| CliError(format!("no room to work: {error}")));
        let (built, folder) = match self {
            Self::Layout => {
                return Ok((layout::open(path, Some(machine)).map_err(unfit(path))?, None));
            }
            Self::Archive => {
                let (image, folder) = archive::open(path, Some(machine)).map_err(unfit(path))?;
                return Ok((image, Some(folder)));
            }
            Self::Directory(builder, dockerfile) => {
                let folder = folder()?;
                let build = Build {
                    context: path,
                    dockerfile: dockerfile.clone(),
                    platform: format!("linux/{machine}"),
                    arguments: &args.build_arg,
                };
                let named = ask(builder.build(&build, folder.path()))?;
                (ask(builder.take(&named, folder.path()))?, folder)
            }
            Self::Stored(builder) => {
                let folder = folder()?;
                (ask(builder.take(&args.source, folder.path()))?, folder)
            }
        };
        match built {
            Built::Layout(at) => {
                let image = layout::open(&at, Some(machine)).map_err(unfit(path))?;
                Ok((image, Some(folder)))
            }
            Built::Archive(at) => {
                let (image, folder) = archive::open(&at, Some(machine)).map_err(unfit(path))?;
                Ok((image, Some(folder)))
            }
        }
    }
}

/// Waits for a builder; a signal ends it.
fn ask<T>(work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    block_on(async {
        // They may be taken over already, by what made the repository.
        let mut signals = Signals::new()?;
        tokio::select! {
            done = work => done,
            _ = signals.next() => Err(CliError("stopped by a signal".into())),
        }
    })
}

fn unfit(path: &Path) -> impl Fn(ImageError) -> CliError {
    move |error| match error {
        ImageError::Unfit(why) => CliError(format!("{}: {why}", path.display())),
        other => CliError(other.to_string()),
    }
}

/// Where the image goes. The repository is there then.
fn access(args: &PublishArgs, papers: Option<&Papers>) -> Result<Access, CliError> {
    let extra_roots = args.access.ca_file.as_deref().map(targets::read).transpose()?;
    if let Some(url) = &args.registry {
        check_url(url)?;
        return Ok(Access { url: url.clone(), authorization: None, extra_roots });
    }
    let login = block_on(enter(args, papers))?;
    Ok(Access { url: login.url, authorization: Some(login.authorization), extra_roots })
}

/// What is private must not travel in the open.
fn check_url(url: &str) -> Result<(), CliError> {
    if url.starts_with("https://") || (url.starts_with("http://") && is_loopback(url)) {
        return Ok(());
    }
    Err(CliError(format!(
        "`{url}` is no registry that is pushed to: write https://HOST, or http://127.0.0.1:PORT on this machine"
    )))
}

async fn enter(args: &PublishArgs, papers: Option<&Papers>) -> Result<registry::Login, CliError> {
    let Door { clients, calls, .. } =
        door::open((&args.access, Mode::Observe), args.target.as_deref()).await?;
    let name = Name::new(args.repository.as_str());
    let cloud = RepositoryCloud::new(clients.ecr.clone(), std::sync::Arc::clone(&calls));
    let (found, _) =
        Box::pin(cloud.get(&name, None, Priority::Write)).await.map_err(|it| failed(&it))?;
    if found.is_none() {
        make(args, papers).await?;
    }
    registry::login(&clients.ecr, &calls).await.map_err(|it| failed(&it))
}

/// Makes the repository, as its document says.
async fn make(args: &PublishArgs, papers: Option<&Papers>) -> Result<(), CliError> {
    let name = &args.repository;
    let (Some(dir), true) = (&args.manifest, papers.is_some_and(|it| it.describe_repository))
    else {
        return Err(CliError(format!(
            "there is no repository {name}: describe it in a manifest (`kind: Repository`) and name that with \
             --manifest, or make it with `aws ecr create-repository --repository-name {name}`"
        )));
    };
    let Some(owner) = args.owner.clone() else {
        return Err(CliError(format!(
            "there is no repository {name}, and a manifest describes it: say with --owner ID who makes it"
        )));
    };
    let selection =
        Selection { names: vec![format!("{}/{name}", Repository::NAME)], labels: Vec::new() };
    let core = CoreArgs { owner, access: args.access.clone(), hash_key_file: None };
    let settings = Working {
        mode: Mode::Enforce,
        resync: once::NO_RESYNC,
        in_flight_max: 1,
        read_mode: selection.read_mode(),
    };
    let terms = Terms { once: true, ..Terms::default() };
    let meant = selection.clone();
    let job = Job {
        core: &core,
        dir: dir.clone(),
        selection,
        settings,
        terms,
        confirm: None,
        pause: None,
    };
    let daemon = session::start(job).await?;
    let mut signals = Signals::new()?;
    let (outcome, text) = once::work(daemon, (CREATE_MAX, &meant), &mut signals).await?;
    if outcome == Outcome::Good {
        note(&format!("the repository {name} is made, as its manifest says"));
        return Ok(());
    }
    Err(CliError(format!("the repository {name} could not be made:\n{text}")))
}
