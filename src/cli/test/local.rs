//! Tests on this machine: a container of the image, with what a manifest gives it, before there is anything in AWS.

use std::{collections::BTreeMap, env, time::Duration};

use super::{
    super::{
        CliError, TestArgs,
        args::Builder,
        builder::container::Wanted,
        door::{self, Door},
        function::failed,
        out::note,
    },
    cases::Case,
    report::{Suite, Tried},
    session::{Session, Terms},
};
use crate::{
    aws::registry::{self, Login},
    engine::{facts::oci_architecture, policy::Mode, secret::Secret, time::Clock},
    kinds::{
        function::{
            config::{Logging, defaults},
            doc::FunctionDoc,
            expand,
            image_ref::{ImageRef, Reference},
        },
        release,
    },
};

/// What of our own environment the function gets, so that it can reach what it works on.
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
pub(super) struct Place<'a> {
    pub(super) args: &'a TestArgs,
    /// The way to AWS, where it is open already.
    pub(super) door: Option<&'a Door>,
}

/// Tests functions one after another: each has the machine for itself. What fails for one is told, and the rest goes
/// on.
pub(super) async fn run(place: &Place<'_>, cases: &[Case]) -> Result<Vec<Suite>, CliError> {
    if place.args.image.is_some() {
        one_image(cases)?;
    }
    let builder = match Builder::choose(place.args.builder).await {
        Ok(builder) => builder,
        Err(error) => {
            let why = format!("it is not in AWS, and cannot run here: {error}");
            return Ok(cases.iter().map(|it| it.error(why.clone())).collect());
        }
    };
    if builder == Builder::Buildah {
        note(
            "buildah shows the values of a function's variables, the AWS keys of your environment among them, to all \
             users of this machine (`ps`) while a test runs; docker and podman do not",
        );
    }
    let clock = place.args.access.clock();
    let mut suites = Vec::new();
    for case in cases {
        note(&format!("{}: testing in a container", case.name));
        let suite = match Box::pin(place.wanted(builder, case)).await {
            Ok(wanted) => Box::pin(tests(&*clock, (builder, &wanted), case)).await,
            Err(error) => case.error(error.0),
        };
        suites.push(suite);
    }
    Ok(suites)
}

/// Functions that share an image may be tested with one.
fn one_image(cases: &[Case]) -> Result<(), CliError> {
    let images = cases.iter().filter_map(|it| ImageRef::parse(&it.doc()?.image).ok());
    let mut names: Vec<String> = images.map(|it| it.repository).collect();
    names.sort();
    names.dedup();
    match names.as_slice() {
        [] | [_] => Ok(()),
        _ => Err(CliError(format!(
            "--image is one image, and the functions that are meant have several ({}); name the one that it is for",
            names.join(", ")
        ))),
    }
}

async fn tests(clock: &dyn Clock, (builder, wanted): (Builder, &Wanted), case: &Case) -> Suite {
    let mut suite = case.suite(format!("a container of {}", wanted.image));
    let seconds = case.doc().and_then(|it| it.timeout).unwrap_or(defaults::TIMEOUT);
    let secrets = secrets(case);
    let terms = Terms {
        function: case.name.as_str(),
        timeout: Duration::from_secs(u64::try_from(seconds).unwrap_or_default()),
        secrets: &secrets,
    };
    let mut session: Option<Session> = None;
    for test in &case.tests {
        let warm = session.take().and_then(Session::alive);
        let open = match warm {
            Some(open) => Ok(open),
            None => Box::pin(Session::open(builder, wanted, &terms)).await,
        };
        let done = match open {
            Ok(open) => Box::pin(open.invoke(clock, test.payload.as_bytes())).await,
            Err(error) => Err(error),
        };
        match done {
            Ok((answer, rest)) => {
                session = rest;
                let outcome = release::judged(test, &answer, Some(&secrets));
                suite.tests.push(Tried::judged(&test.name, outcome, &answer));
            }
            Err(error) => {
                case.give_up(&mut suite, error.0);
                break;
            }
        }
    }
    if let Some(session) = session {
        session.close().await;
    }
    suite
}

fn secrets(case: &Case) -> Vec<Secret> {
    let all = case.doc().into_iter().flat_map(FunctionDoc::variables);
    let passed = PASSED.iter().take(3).filter_map(|it| inherited(it)).map(Secret::new);
    all.map(|(_, value)| value.clone()).chain(passed).collect()
}

impl Place<'_> {
    /// What is to be run for one function. Its image is in the builder's store then.
    async fn wanted(&self, builder: Builder, case: &Case) -> Result<Wanted, CliError> {
        let Some(doc) = case.doc() else {
            return Err(CliError(format!("{} is no function", case.name)));
        };
        let machine = doc.architectures.first().map_or(defaults::ARCHITECTURE, String::as_str);
        let platform = format!("linux/{}", oci_architecture(machine));
        let (image, pulled) = match &self.args.image {
            Some(word) => {
                let given = (word.as_str(), self.args.dockerfile.as_deref());
                (Box::pin(builder.load(given, &platform)).await?, None)
            }
            None => (self.pull(builder, (&doc.image, &platform)).await?, Some(platform)),
        };
        let kept: Vec<&str> = doc.kept().map(String::as_str).collect();
        if !kept.is_empty() {
            let names = kept.join(", ");
            note(&format!("{}: kept in AWS, so without a value here: {names}", case.name));
        }
        let config = doc.image_config.clone().unwrap_or_default();
        let storage = doc.ephemeral_storage.as_ref();
        Ok(Wanted {
            image,
            platform: pulled,
            variables: variables(case, doc).into_iter().collect(),
            memory_mb: doc.memory_size.unwrap_or(defaults::MEMORY_SIZE),
            storage_mb: storage.map_or(defaults::EPHEMERAL_STORAGE, |it| it.size),
            entry_point: config.entry_point,
            command: config.command,
            directory: config.working_directory,
        })
    }

    /// Pulls what the manifest names; what it is called then.
    async fn pull(
        &self,
        builder: Builder,
        (image, platform): (&str, &str),
    ) -> Result<String, CliError> {
        let image = ImageRef::parse(image).map_err(CliError)?;
        let opened;
        let door = if let Some(door) = self.door {
            door
        } else {
            let access = (&self.args.access, Mode::Observe);
            opened = Box::pin(door::open(access, self.args.target.as_deref())).await?;
            &opened
        };
        let host =
            image.registry.as_ref().map_or_else(|| door.place.registry(), |it| it.host.clone());
        let login: Option<Login> = if host == door.place.own_registry() {
            let login = registry::login(&door.clients.ecr, &door.calls).await;
            Some(login.map_err(|it| failed(&it))?)
        } else {
            None
        };
        let host = login.as_ref().map_or(host.as_str(), Login::host);
        let reference = match &image.reference {
            Reference::Tag(tag) => format!("{host}/{}:{tag}", image.repository),
            Reference::Digest(digest) => format!("{host}/{}@{digest}", image.repository),
        };
        Box::pin(builder.pull((&reference, platform), login.as_ref())).await?;
        Ok(reference)
    }
}

/// A variable of our own environment, for the function: it is no setting of ours.
#[expect(clippy::disallowed_methods, reason = "it is passed on, whatever it is")]
fn inherited(name: &str) -> Option<String> {
    env::var(name).ok()
}

/// What the function finds in its environment besides the image's own: the manifest's variables, and Lambda's.
fn variables(case: &Case, doc: &FunctionDoc) -> BTreeMap<String, String> {
    let region = ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(|it| inherited(it));
    let region = region.unwrap_or_else(|| REGION.to_owned());
    let passed = PASSED.iter().filter_map(|it| Some(((*it).to_owned(), inherited(it)?)));
    let given = doc.variables().map(|(name, value)| (name.clone(), value.expose().to_owned()));
    let logging = Logging::filled(case.name.as_str(), expand::logging(doc));
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
