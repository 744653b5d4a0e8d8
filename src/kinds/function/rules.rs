//! What a shape cannot say about a `Function`: rules between fields.

use super::{
    doc::{FunctionDoc, VariableDoc},
    ignore::is_known,
    image_ref::{ImageRef, Reference},
    limits,
    shape::FUNCTION_NAME as NAME,
};
use crate::{
    kinds::{
        document::{Violation, check_tags, is_fifo},
        function_config::{
            config::defaults,
            logging::{Logging, TEXT},
        },
    },
    shape::FieldRule,
};

/// `memorySize` is in MiB, and what a vCPU has in GiB.
const MIB_PER_GIB: f64 = 1024.0;

/// Names that Lambda sets itself and refuses (limits::VARIABLES).
const RESERVED: &[&str] = &[
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
];
/// Names that Lambda sets itself in every function (limits::METADATA).
const METADATA: &[&str] = &["AWS_LAMBDA_METADATA_API", "AWS_LAMBDA_METADATA_TOKEN"];
/// A name that Lambda sets itself on managed instances (limits::CONCURRENCY).
const CONCURRENCY: &str = "AWS_LAMBDA_MAX_CONCURRENCY";

/// Checks a document against the rules between its fields; returns one violation for each that it
/// breaks. `name` is the document's, which is the function's unless it says otherwise.
pub fn check(name: &str, doc: &FunctionDoc) -> Vec<Violation> {
    let mut violations = check_tags(&doc.tags);
    if doc.function_name.is_none() && !(name.len() <= NAME.max && NAME.fits(name)) {
        let message = format!("`{name}` is no name of a function; it should be {}", NAME.words);
        violations.push(Violation::new(&[], message, "rename it, or set `spec.functionName`"));
    }
    let mut violation = |path: &[&str], message: String, hint: &'static str| {
        violations.push(Violation::new(path, message, hint));
    };
    image(doc, &mut violation);
    for (field, text) in texts(doc) {
        if text.replace("${target.accountId}", "").replace("${target.region}", "").contains("${") {
            let hint = "only `${target.accountId}` and `${target.region}` are filled in";
            violation(&[field], format!("`{field}` holds a placeholder that is not known"), hint);
        }
    }
    for pointer in doc.policy.ignore.iter().filter(|it| !is_known(it)) {
        let message = format!("`{pointer}` names no field that can be left to others");
        violation(&["policy", "ignore"], message, "name one below `spec`, as `/memorySize`");
    }
    environment(doc, &mut violation);
    network(doc, &mut violation);
    dead_letters(doc, &mut violation);
    logging(doc, &mut violation);
    image_config(doc, &mut violation);
    memory(doc, &mut violation);
    without_provider(doc, &mut violation);
    violations
}

/// Takes a violation: the path below `spec`, the message, the hint.
type Push<'a> = dyn FnMut(&[&str], String, &'static str) + 'a;

/// Checks the image's reference and the range of `imagePolicy`; a digest and a range exclude each
/// other.
fn image(doc: &FunctionDoc, violation: &mut Push<'_>) {
    let policy = &doc.image_policy;
    match ImageRef::parse(&doc.image) {
        Err(error) => violation(&["image"], error.to_string(), ""),
        Ok(ImageRef { reference: Reference::Digest(_), .. }) if policy.semver.is_some() => {
            let message =
                "a digest names one image for ever, and `semver` asks for newer ones".into();
            violation(&["imagePolicy", "semver"], message, "keep one of them");
        }
        Ok(_) => {}
    }
    if let Some(Err(error)) = policy.semver.as_deref().map(semver::VersionReq::parse) {
        let message = format!("`semver` is no range of versions: {error}");
        violation(
            &["imagePolicy", "semver"],
            message,
            "write it as `^1.4`, `~1.4.2` or `>=1.2, <1.5`",
        );
    }
}

/// The fields in which placeholders are filled in.
fn texts(doc: &FunctionDoc) -> Vec<(&'static str, &str)> {
    let mut texts = vec![("role", doc.role.as_str())];
    texts.extend(doc.kms_key_arn.as_deref().map(|it| ("kmsKeyArn", it)));
    texts.extend(doc.dead_letter_config.iter().map(|it| ("deadLetterConfig", &*it.target_arn)));
    texts.extend(doc.file_system_configs.iter().map(|it| ("fileSystemConfigs", &*it.arn)));
    texts
}

/// Checks the variables: no name that Lambda reserves, a value or `keep: true` for each, and
/// Lambda's limit for all of them. The values are measured, and enter no message.
fn environment(doc: &FunctionDoc, violation: &mut Push<'_>) {
    let Some(environment) = &doc.environment else { return };
    for name in environment.variables.keys().filter(|it| RESERVED.contains(&it.as_str())) {
        let message = format!("`{name}` is set by Lambda itself, which refuses it");
        violation(&["environment", "variables", name], message, "use another name");
    }
    let managed = doc.capacity_provider_config.is_some();
    let set = |it: &&str| METADATA.contains(it) || managed && *it == CONCURRENCY;
    for name in environment.variables.keys().map(String::as_str).filter(set) {
        let message = format!("`{name}` is set by Lambda itself, so a value here has no effect");
        violation(&["environment", "variables", name], message, "use another name");
    }
    let unkept =
        environment.variables.iter().filter(|(_, it)| **it == VariableDoc::Keep { keep: false });
    for (name, _) in unkept {
        let message = "a variable has neither a value nor `keep: true`".into();
        violation(&["environment", "variables", name], message, "write one of them");
    }
    // As AWS counts it: the map as JSON text.
    let quoted = |text: &str| serde_json::to_string(text).map_or(text.len() + 2, |it| it.len());
    let pairs = environment.variables.iter().map(|(name, value)| match value {
        VariableDoc::Value(value) => quoted(name) + quoted(value.expose()) + 2,
        VariableDoc::Keep { .. } => quoted(name) + 4,
    });
    let bytes = pairs.sum::<usize>() + 1;
    let most = limits::ENVIRONMENT_BYTES.size();
    if bytes > most {
        let message = format!("the environment takes {bytes} bytes; Lambda allows {most} in all");
        let hint =
            "keep long values in SSM Parameter Store or Secrets Manager and pass their names";
        violation(&["environment", "variables"], message, hint);
    }
}

/// Checks that a VPC has both subnets and security groups, and that a file system has a VPC.
fn network(doc: &FunctionDoc, violation: &mut Push<'_>) {
    let vpc = doc.vpc_config.as_ref();
    if let Some(vpc) = vpc
        && vpc.subnet_ids.is_empty() != vpc.security_group_ids.is_empty()
    {
        let message = "a VPC needs both subnets and security groups".to_owned();
        violation(&["vpcConfig"], message, "give `subnetIds` and `securityGroupIds`, or neither");
    }
    let mounts = !doc.file_system_configs.is_empty();
    if mounts && vpc.is_none_or(|it| it.subnet_ids.is_empty()) {
        let message =
            "a file system of EFS or S3 Files is reached through a VPC, and there is none";
        violation(&["fileSystemConfigs"], message.to_owned(), "add `vpcConfig`");
    }
}

/// Checks that lost events go to a standard queue or topic: to one with the ending of a FIFO one Lambda cannot deliver
/// them.
fn dead_letters(doc: &FunctionDoc, violation: &mut Push<'_>) {
    let Some(config) = &doc.dead_letter_config else { return };
    if is_fifo(&config.target_arn) {
        let message = "Lambda delivers lost events to standard queues and topics only, and this is a FIFO one";
        let hint = "name a standard queue or topic";
        violation(&["deadLetterConfig", "targetArn"], message.to_owned(), hint);
    }
}

/// Checks that a function on managed instances logs in JSON, and that levels are given only with
/// JSON (Lambda developer guide, "Configuring JSON and plain text log formats").
fn logging(doc: &FunctionDoc, violation: &mut Push<'_>) {
    let Some(logging) = &doc.logging_config else { return };
    let managed = doc.capacity_provider_config.is_some();
    let text = Logging::default_format(managed) == TEXT;
    let text = logging.log_format.as_deref().map_or(text, |it| it == TEXT);
    if text && managed {
        let message = "a function on managed instances logs in JSON only; Lambda refuses `Text`";
        let hint = "set `logFormat: JSON`, or take it out: JSON is the default there";
        violation(&["loggingConfig", "logFormat"], message.to_owned(), hint);
        // The levels would be told for the same reason.
        return;
    }
    let levels = logging.application_log_level.is_some() || logging.system_log_level.is_some();
    if levels && text {
        let message = "log levels exist only with the format JSON".to_owned();
        violation(&["loggingConfig"], message, "set `logFormat: JSON`, or take the levels out");
    }
}

/// Checks the memory of a function with a capacity provider: it must be given, and be enough for a whole vCPU in one of
/// the proportions that there are.
fn memory(doc: &FunctionDoc, violation: &mut Push<'_>) {
    let Some(provider) = &doc.capacity_provider_config else { return };
    let ratio = provider.execution_environment_memory_gib_per_vcpu;
    let ratio = ratio.unwrap_or(defaults::MEMORY_PER_CPU);
    if !limits::RATIOS.contains(&ratio) {
        let message = format!("Lambda gives 2, 4 or 8 GiB for each vCPU, and not {ratio}");
        let path = &["capacityProviderConfig", "executionEnvironmentMemoryGiBPerVCpu"];
        return violation(path, message, "write 2, 4 or 8");
    }
    let Some(size) = doc.memory_size else {
        let message = "a function on managed instances needs `memorySize`: what AWS gives it by itself is not known";
        return violation(&["capacityProviderConfig"], message.to_owned(), "set `memorySize`");
    };
    let least = limits::MANAGED_MEMORY.value;
    if i64::from(size) < least {
        let message = format!(
            "`memorySize` is {size}; the smallest is {least} with `capacityProviderConfig`"
        );
        return violation(&["memorySize"], message, "take at least 2048");
    }
    if f64::from(size) / MIB_PER_GIB < ratio {
        let message = format!(
            "{size} MiB at {ratio} GiB for each vCPU is less than the one vCPU that Lambda asks for"
        );
        violation(&["memorySize"], message, "take more memory, or fewer GiB for each vCPU");
    }
}

/// Checks the bounds that are lower on Lambda's own instances than the shape allows.
fn without_provider(doc: &FunctionDoc, violation: &mut Push<'_>) {
    if doc.capacity_provider_config.is_some() {
        return;
    }
    let mut check = |path: &[&str], given: Option<i32>, most: &FieldRule| {
        if let Some(given) = given.filter(|it| i64::from(*it) > most.value) {
            let (field, most) = (path.last().copied().unwrap_or_default(), most.value);
            let message = format!(
                "`{field}` is {given}; the largest is {most} without `capacityProviderConfig`"
            );
            violation(path, message, "take less, or run it on managed instances");
        }
    };
    check(&["memorySize"], doc.memory_size, &limits::MEMORY);
    check(&["timeout"], doc.timeout, &limits::TIMEOUT);
    let storage = doc.ephemeral_storage.as_ref().map(|it| it.size);
    check(&["ephemeralStorage", "size"], storage, &limits::STORAGE);
}

/// Checks Lambda's limit for the whole of `imageConfig`.
fn image_config(doc: &FunctionDoc, violation: &mut Push<'_>) {
    let Some(image) = &doc.image_config else { return };
    let words = image.entry_point.iter().chain(&image.command);
    let bytes = words.map(|it| it.len() + 3).sum::<usize>() + image.working_directory.len();
    let most = limits::IMAGE_CONFIG_BYTES.size();
    if bytes > most {
        let message = format!("imageConfig takes {bytes} bytes; Lambda allows {most}");
        violation(&["imageConfig"], message, "put long arguments into a file of the image");
    }
}
