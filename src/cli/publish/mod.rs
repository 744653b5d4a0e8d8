//! `evenkeel publish`: from a Dockerfile, or an image, to a digest in ECR that the manifests name.
//!
//! Read in this order: `consumers` (what the manifests say), `super::builder` (where the image comes from), this file
//! (the way), `push_progress` (what people see of it).

mod consumers;
mod push_progress;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::TempDir;

use self::{consumers::Consumers, push_progress::PushProgress};
use super::{
    args::{CoreArgs, ImageBuilder, Output, PublishArgs},
    builder::build::{Build, ExportedImage, ImageArgument},
    error::{
        BuilderError, CliError, FileError, Interrupted, ObjectError, PublishError, UsageError,
    },
    once::{NO_RESYNC, Round},
    out::{note, print},
    outcome::CommandOutcome,
    runtime::block_on,
    session::{self, Job},
    signals::Signals,
    target_clients::{self, TargetClients},
    targets,
};
use crate::{
    aws::{
        calls::QuotaShares,
        cloud::{Cloud as _, Priority},
        loopback::is_loopback,
        proxies::Proxies,
        registry,
    },
    daemon::{options::Working, source::SourceOptions},
    engine::{
        count::count, facts::oci_architecture, kind::Kind as _, name::Name, policy::Mode,
        prune::Terms,
    },
    kinds::{
        function::image_ref::ImageRef,
        function_config::config::defaults::ARCHITECTURE,
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

/// Builds an image or opens one, checks that Lambda takes it, pushes it, and writes it into the
/// manifests. Prints its reference by digest.
pub(super) fn publish(args: &PublishArgs) -> Result<CommandOutcome, CliError> {
    let repository = args.repository.clone();
    ImageRef::parse(&format!("{repository}:x")).map_err(UsageError::from)?;
    let consumers =
        args.manifest.as_deref().map(|it| Consumers::read(it, &repository)).transpose()?;
    let named = match &args.architecture {
        Some(given) => Some(given.clone()),
        None => consumers.as_ref().map(Consumers::architecture).transpose()?.flatten(),
    };
    let architecture = named.as_deref().unwrap_or(ARCHITECTURE);
    let source = ImageSource::of(args)?;
    // This may make the repository, which stays if the image then cannot be built.
    let access = access(args, consumers.as_ref())?;
    let (image, _folder) = source.image(args, architecture)?;
    let has_program = consumers.as_ref().is_some_and(Consumers::have_program);
    let faults = check::check(&image, RunTarget { architecture, has_program });
    if !faults.is_empty() {
        return Err(PublishError::Unfit { faults }.into());
    }
    let digest = image.digest();
    let short: String = digest.trim_start_matches("sha256:").chars().take(TAG_DIGITS).collect();
    let tag = args.tag.clone().unwrap_or_else(|| format!("sha-{short}"));
    let reference = format!("{}/{repository}@{digest}", registry::host(&access.url));
    note(&format!("{repository}:{tag} is {digest}, {}", count(image.blobs().len(), "blob")));
    let client = Client::new(access, &repository);
    let push_progress = PushProgress::of(&image);
    let pushed = push::push(&client, &image, &tag, &push_progress);
    note(&summary(pushed.as_ref().map_or_else(|it| it.so_far, |all| *all)));
    pushed.map_err(|it| refused(it.error, &repository))?;
    for line in consumers.iter().map(|it| it.pin(args.pin, &tag, &digest)) {
        line?.iter().for_each(|it| note(it));
    }
    print(&reference)?;
    Ok(CommandOutcome::Good)
}

fn summary(pushed: PushSummary) -> String {
    if pushed.same {
        return "the tag names this very image already: nothing is uploaded".into();
    }
    let PushSummary { sent, skipped, bytes, .. } = pushed;
    let (sent, bytes) = (count(sent, "blob"), count(bytes, "byte"));
    format!("{sent} uploaded ({bytes}), {skipped} already there")
}

fn refused(error: PushError, repository: &str) -> PublishError {
    PublishError::Image(match error {
        PushError::Image(error) => error,
        PushError::Registry(error) => error.into_image_error(repository),
    })
}

/// What is published.
enum ImageSource {
    Directory(ImageBuilder, PathBuf),
    Layout,
    Archive,
    InBuilderStore(ImageBuilder),
}

impl ImageSource {
    fn of(args: &PublishArgs) -> Result<Self, CliError> {
        let choose = || ask(ImageBuilder::choose(args.builder));
        Ok(match ImageArgument::of(&args.source, args.dockerfile.as_deref())? {
            ImageArgument::Directory(dockerfile) => Self::Directory(choose()?, dockerfile),
            ImageArgument::Layout => Self::Layout,
            ImageArgument::Archive => Self::Archive,
            ImageArgument::InBuilderStore => Self::InBuilderStore(choose()?),
        })
    }

    /// Returns the image, built or exported first if need be, and the folder that it lies in if
    /// that is ours: the image can be read as long as the folder is kept.
    fn image(
        &self,
        args: &PublishArgs,
        architecture: &str,
    ) -> Result<(LocalImage, Option<TempDir>), CliError> {
        let machine = oci_architecture(architecture);
        let path = Path::new(&args.source);
        let folder = || TempDir::new().map_err(FileError::Scratch);
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
            Self::InBuilderStore(builder) => {
                let folder = folder()?;
                (ask(builder.take(&args.source, folder.path()))?, folder)
            }
        };
        match built {
            ExportedImage::Layout(at) => {
                let image = layout::open(&at, Some(machine)).map_err(unfit(path))?;
                Ok((image, Some(folder)))
            }
            ExportedImage::Archive(at) => {
                let (image, folder) = archive::open(&at, Some(machine)).map_err(unfit(path))?;
                Ok((image, Some(folder)))
            }
        }
    }
}

/// Waits for a builder's answer, or for a signal, which is an error.
fn ask<T>(work: impl Future<Output = Result<T, BuilderError>>) -> Result<T, CliError> {
    block_on(async {
        // What made the repository has listened to signals, and they no longer end the process
        // by themselves.
        let mut signals = Signals::new()?;
        tokio::select! {
            done = work => Ok(done?),
            _ = signals.next() => Err(Interrupted::Build.into()),
        }
    })
}

fn unfit(path: &Path) -> impl Fn(ImageError) -> PublishError {
    move |error| match error {
        ImageError::Unfit(why) => PublishError::NoImage { path: path.to_path_buf(), why },
        other => PublishError::Image(other),
    }
}

/// Where the image goes. The repository is there then.
fn access(args: &PublishArgs, consumers: Option<&Consumers>) -> Result<Access, CliError> {
    let extra_roots = block_on(targets::roots(&args.access))?;
    let proxy = |url: &str| Proxies::from_env().address(url);
    if let Some(url) = &args.registry {
        check_url(url)?;
        return Ok(Access { url: url.clone(), authorization: None, extra_roots, proxy });
    }
    let login = block_on(enter(args, consumers))?;
    let authorization = Some(login.authorization);
    Ok(Access { url: login.url, authorization, extra_roots, proxy })
}

/// What is private must not travel in the open.
fn check_url(url: &str) -> Result<(), UsageError> {
    if url.starts_with("https://") || (url.starts_with("http://") && is_loopback(url)) {
        return Ok(());
    }
    Err(UsageError::RegistryUrl { url: url.to_owned() })
}

/// Logs in to the target's own registry. Makes the repository first if it is not there.
async fn enter(
    args: &PublishArgs,
    consumers: Option<&Consumers>,
) -> Result<registry::Login, CliError> {
    let TargetClients { clients, calls, .. } =
        target_clients::open(&args.access, Mode::Observe, args.target.as_deref()).await?;
    let name = Name::new(args.repository.as_str());
    let cloud = RepositoryCloud::new(clients.ecr.clone(), std::sync::Arc::clone(&calls));
    let found = Box::pin(cloud.get(&name, None, Priority::Write)).await;
    let (found, _) = found.map_err(ObjectError::OwnCall)?;
    if found.is_none() {
        make(args, consumers).await?;
    }
    Ok(registry::login(&clients.ecr, &calls).await.map_err(ObjectError::OwnCall)?)
}

/// Makes the repository by applying its document, and nothing else of the manifests. Fails if there
/// is no such document, or no owner is given.
async fn make(args: &PublishArgs, consumers: Option<&Consumers>) -> Result<(), CliError> {
    let repository = args.repository.clone();
    let (Some(dir), true) = (&args.manifest, consumers.is_some_and(|it| it.describe_repository))
    else {
        return Err(PublishError::NoRepository { repository }.into());
    };
    let Some(owner) = args.owner.clone() else {
        return Err(PublishError::NoOwner { repository }.into());
    };
    let selection =
        Selection { names: vec![format!("{}/{repository}", Repository::NAME)], labels: Vec::new() };
    let core = CoreArgs { owner, access: args.access.clone(), hash_key_file: None };
    let settings = Working {
        mode: Mode::Enforce,
        resync: NO_RESYNC,
        audit_share: QuotaShares::AUDIT,
        in_flight_max: 1,
        read_mode: selection.read_mode(),
    };
    let terms = Terms { once: true, ..Terms::default() };
    let meant = selection.clone();
    let job = Job {
        core: &core,
        dir: dir.clone(),
        source: SourceOptions::default(),
        selection,
        settings,
        terms,
        confirm: None,
        pause: None,
    };
    let daemon = session::start(job).await?;
    let mut signals = Signals::new()?;
    let round = Round {
        selection: &meant,
        dir,
        timeout: CREATE_MAX,
        output: Output::Text,
        no_color: true,
        streams: false,
    };
    let (outcome, plan) = round.work(daemon, &mut signals).await?;
    if outcome == CommandOutcome::Good {
        note(&format!("the repository {repository} is made, as its manifest says"));
        return Ok(());
    }
    Err(PublishError::NotMade { repository, plan }.into())
}
