//! Tests on this machine: a container of the image, with what a manifest gives it, before there is anything in AWS.

use std::{collections::BTreeMap, env, time::Duration};

use super::{
    cases::FunctionTests,
    report::{SuiteReport, TestResult},
    session::{RunLimits, Session},
};
use crate::{
    aws::registry::{self, Login},
    cli::{
        args::{ImageBuilder, TestArgs},
        builder::container::ContainerSpec,
        error::{CliError, ManifestError, ObjectError, UsageError},
        out::{note, warn},
        target_clients::{self, TargetClients},
        time_scale::clock,
    },
    engine::{facts::oci_architecture, failure::chain, policy::Mode, secret::Secret, time::Clock},
    kinds::{
        function::{
            doc::FunctionDoc,
            image_ref::{ImageRef, Reference},
        },
        function_config::{config::defaults, logging::Logging},
        release,
    },
};

/// What of our own environment the function gets, so that it can reach what it works on. The first
/// three are credentials.
const PASSED: [&str; 5] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
];
/// The Region, if nothing names one.
const REGION: &str = "us-east-1";

/// Where tests run.
pub(super) struct LocalTests<'a> {
    pub(super) args: &'a TestArgs,
    /// The way to AWS, where it is open already.
    pub(super) target: Option<&'a TargetClients>,
}

/// Checks that the functions share an image, since all of them are tested with the one that is
/// given.
fn check_one_image(cases: &[FunctionTests]) -> Result<(), UsageError> {
    let images = cases.iter().filter_map(|it| ImageRef::parse(&it.doc()?.image).ok());
    let mut names: Vec<String> = images.map(|it| it.repository).collect();
    names.sort();
    names.dedup();
    match names.as_slice() {
        [] | [_] => Ok(()),
        _ => Err(UsageError::ImageForSeveral { repositories: names }),
    }
}

/// Runs the tests of one function. A container takes the next event too, as long as it lives. If
/// the function cannot be tried, the rest is given up.
async fn tests(
    clock: &dyn Clock,
    builder: ImageBuilder,
    spec: &ContainerSpec,
    case: &FunctionTests,
) -> SuiteReport {
    let mut suite = case.suite(format!("a container of {}", spec.image));
    let seconds = case.doc().and_then(|it| it.timeout).unwrap_or(defaults::TIMEOUT);
    let secrets = secrets(case);
    let limits = RunLimits {
        function: case.name.as_str(),
        timeout: Duration::from_secs(u64::try_from(seconds).unwrap_or_default()),
        secrets: &secrets,
    };
    let mut session: Option<Session> = None;
    for test in &case.tests {
        let warm = session.take().and_then(Session::alive);
        let open = match warm {
            Some(open) => Ok(open),
            None => Box::pin(Session::open(builder, spec, &limits)).await,
        };
        let done = match open {
            Ok(open) => Box::pin(open.invoke(clock, test.payload.as_bytes())).await,
            Err(error) => Err(error),
        };
        match done {
            Ok((answer, rest)) => {
                session = rest;
                let outcome = release::judged(test, &answer, Some(&secrets));
                suite.tests.push(TestResult::judged(&test.name, outcome, &answer));
            }
            Err(error) => {
                case.give_up(&mut suite, chain(&error));
                break;
            }
        }
    }
    if let Some(session) = session {
        session.close().await;
    }
    suite
}

/// Returns what must not be shown: the manifest's values, and the AWS keys of our own environment.
fn secrets(case: &FunctionTests) -> Vec<Secret> {
    let all = case.doc().into_iter().flat_map(FunctionDoc::variables);
    let passed = PASSED.iter().take(3).filter_map(|it| inherited(it)).map(Secret::new);
    all.map(|(_, value)| value.clone()).chain(passed).collect()
}

impl LocalTests<'_> {
    /// Tests functions one after another, since each has the machine for itself. What fails for one
    /// is reported, and the rest goes on.
    pub(super) async fn run(&self, cases: &[FunctionTests]) -> Result<Vec<SuiteReport>, CliError> {
        if self.args.image.is_some() {
            check_one_image(cases)?;
        }
        let builder = match ImageBuilder::choose(self.args.builder).await {
            Ok(builder) => builder,
            Err(error) => {
                let why = format!("it is not in AWS, and cannot run here: {error}");
                return Ok(cases.iter().map(|it| it.error(why.clone())).collect());
            }
        };
        if builder == ImageBuilder::Buildah {
            warn(
                "buildah shows the values of a function's variables, the AWS keys of your environment among them, to all \
                 users of this machine (`ps`) while a test runs; docker and podman do not",
            );
        }
        let clock = clock()?;
        let mut suites = Vec::new();
        for case in cases {
            note(&format!("{}: testing in a container", case.name));
            let suite = match Box::pin(self.spec(builder, case)).await {
                Ok(spec) => Box::pin(tests(&*clock, builder, &spec, case)).await,
                Err(error) => case.error(error.report()),
            };
            suites.push(suite);
        }
        Ok(suites)
    }

    /// Returns what is to be run for one function, with its image in the builder's store.
    async fn spec(
        &self,
        builder: ImageBuilder,
        case: &FunctionTests,
    ) -> Result<ContainerSpec, CliError> {
        let Some(doc) = case.doc() else {
            return Err(ManifestError::NoFunction { name: case.name.clone() }.into());
        };
        let machine = doc.architectures.first().map_or(defaults::ARCHITECTURE, String::as_str);
        let platform = format!("linux/{}", oci_architecture(machine));
        let (image, pulled) = match &self.args.image {
            Some(word) => {
                let dockerfile = self.args.dockerfile.as_deref();
                (Box::pin(builder.load(word, dockerfile, &platform)).await?, None)
            }
            None => (self.pull(builder, &doc.image, &platform).await?, Some(platform)),
        };
        let kept: Vec<&str> = doc.kept().map(String::as_str).collect();
        if !kept.is_empty() {
            let names = kept.join(", ");
            note(&format!("{}: kept in AWS, so without a value here: {names}", case.name));
        }
        let config = doc.image_config.clone().unwrap_or_default();
        let storage = doc.ephemeral_storage.as_ref();
        Ok(ContainerSpec {
            image,
            platform: pulled,
            variables: variables(case, doc, self.args.access.region.as_deref())
                .into_iter()
                .collect(),
            memory_mb: doc.memory_size.unwrap_or(defaults::MEMORY_SIZE),
            storage_mb: storage.map_or(defaults::EPHEMERAL_STORAGE, |it| it.size),
            entry_point: config.entry_point,
            command: config.command,
            directory: config.working_directory,
        })
    }

    /// Pulls the image that the manifest names, and returns what it is called in the builder's
    /// store. Only the target's own registry gets a login.
    async fn pull(
        &self,
        builder: ImageBuilder,
        image: &str,
        platform: &str,
    ) -> Result<String, CliError> {
        let image = ImageRef::parse(image).map_err(UsageError::from)?;
        let opened;
        let target = if let Some(target) = self.target {
            target
        } else {
            let name = self.args.target.as_deref();
            let open = target_clients::open(&self.args.access, Mode::Observe, name);
            opened = Box::pin(open).await?;
            &opened
        };
        let host =
            image.registry.as_ref().map_or_else(|| target.place.registry(), |it| it.host.clone());
        let login: Option<Login> = if host == target.place.own_registry() {
            let login = registry::login(&target.clients.ecr, &target.calls).await;
            Some(login.map_err(ObjectError::OwnCall)?)
        } else {
            None
        };
        let host = login.as_ref().map_or(host.as_str(), Login::host);
        let reference = match &image.reference {
            Reference::Tag(tag) => format!("{host}/{}:{tag}", image.repository),
            Reference::Digest(digest) => format!("{host}/{}@{digest}", image.repository),
        };
        Box::pin(builder.pull(&reference, platform, login.as_ref())).await?;
        Ok(reference)
    }
}

/// A variable of our own environment, for the function: it is no setting of ours.
#[expect(clippy::disallowed_methods, reason = "it is passed on, whatever it is")]
fn inherited(name: &str) -> Option<String> {
    env::var(name).ok()
}

/// Returns what the function finds in its environment besides the image's own. Our own AWS
/// credentials are passed on, so that it reaches AWS; the manifest's variables replace them, and
/// Lambda's replace both.
fn variables(
    case: &FunctionTests,
    doc: &FunctionDoc,
    region: Option<&str>,
) -> BTreeMap<String, String> {
    let region = region.unwrap_or(REGION).to_owned();
    let passed = PASSED.iter().filter_map(|it| Some(((*it).to_owned(), inherited(it)?)));
    let given = doc.variables().map(|(name, value)| (name.clone(), value.expose().to_owned()));
    let logging = Logging::filled(case.name.as_str(), doc.logging());
    let memory = doc.memory_size.unwrap_or(defaults::MEMORY_SIZE);
    let own = [
        ("AWS_LAMBDA_FUNCTION_NAME", case.name.to_string()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory.to_string()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_FORMAT", logging.log_format),
        ("AWS_LAMBDA_LOG_GROUP_NAME", logging.log_group),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "local".to_owned()),
        ("AWS_LAMBDA_LOG_LEVEL", logging.application_log_level),
        ("AWS_REGION", region.clone()),
        ("AWS_DEFAULT_REGION", region),
        ("TZ", ":UTC".to_owned()),
    ];
    let own = own.into_iter().filter(|(_, value)| !value.is_empty());
    let own = own.map(|(name, value)| (name.to_owned(), value));
    passed.chain(given).chain(own).collect()
}
