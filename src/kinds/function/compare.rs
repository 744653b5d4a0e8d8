//! Two configurations side by side: which fields differ, and the members of
//! UpdateFunctionConfiguration that repair them.

use std::{collections::BTreeMap, fmt};

use super::{
    config::{Capacity, Config, FileSystem},
    step::{Patch, kind},
};
use crate::engine::{
    diff::{Cause, Change, Origin, Shown},
    secret::Secret,
};

/// The member that says on whose instances it runs.
pub(super) const CAPACITY: &str = "/capacityProviderConfig";

/// Compares two configurations. Returns the fields that differ and the patch that repairs them;
/// both are empty if nothing differs.
pub(super) fn compare(desired: &Config, live: &Config, origin: Origin) -> (Vec<Change>, Patch) {
    let mut found = ChangeList { changes: Vec::new(), origin };
    let mut patch = Patch::default();
    found.plain(desired, live, &mut patch);
    found.structs(desired, live, &mut patch);
    if found.variables(&desired.environment, &live.environment) {
        patch.environment = Some(desired.environment.clone());
    }
    (found.changes, patch)
}

struct ChangeList {
    changes: Vec<Change>,
    origin: Origin,
}

impl ChangeList {
    /// Notes a difference, if there is one.
    fn field(&mut self, path: &str, desired: impl fmt::Display, live: impl fmt::Display) -> bool {
        self.push(path, Shown::open(desired), Shown::open(live))
    }

    /// Notes a difference between two texts, of which the empty one means "not set".
    fn text(&mut self, path: &str, desired: &str, live: &str) -> bool {
        let show = |text: &str| match text {
            "" => Shown::open("(unset)"),
            text => Shown::open(text),
        };
        self.push(path, show(desired), show(live))
    }

    /// Notes a difference between two lists, which are shown in brackets.
    fn list<'a>(
        &mut self,
        path: &str,
        desired: impl IntoIterator<Item = &'a String>,
        live: impl IntoIterator<Item = &'a String>,
    ) -> bool {
        self.push(path, shown_list(desired), shown_list(live))
    }

    /// Notes a difference, if there is one; returns whether there is.
    fn push(&mut self, path: &str, desired: Shown, live: Shown) -> bool {
        if desired == live {
            return false;
        }
        self.changes.push(Change {
            path: path.to_owned(),
            desired,
            live,
            cause: Cause::Config,
            origin: self.origin,
            step: kind::CONFIGURATION,
        });
        true
    }

    /// Compares the members that hold one value, and puts those that differ into the patch.
    fn plain(&mut self, desired: &Config, live: &Config, patch: &mut Patch) {
        if self.text("/role", &desired.role, &live.role) {
            patch.role = Some(desired.role.clone());
        }
        if self.text("/description", &desired.description, &live.description) {
            patch.description = Some(desired.description.clone());
        }
        if self.field("/memorySize", desired.memory_size, live.memory_size) {
            patch.memory_size = Some(desired.memory_size);
        }
        if self.field("/timeout", desired.timeout, live.timeout) {
            patch.timeout = Some(desired.timeout);
        }
        let (size, was) = (desired.ephemeral_storage, live.ephemeral_storage);
        if self.field("/ephemeralStorage/size", size, was) {
            patch.ephemeral_storage = Some(size);
        }
        if self.text("/kmsKeyArn", &desired.kms_key_arn, &live.kms_key_arn) {
            patch.kms_key_arn = Some(desired.kms_key_arn.clone());
        }
        if self.text("/deadLetterConfig/targetArn", &desired.dead_letter, &live.dead_letter) {
            patch.dead_letter = Some(desired.dead_letter.clone());
        }
        if self.text("/tracingConfig/mode", &desired.tracing, &live.tracing) {
            patch.tracing = Some(desired.tracing.clone());
        }
    }

    /// Compares the members that hold several fields. Each field that differs is shown; the whole
    /// member goes into the patch, since AWS replaces it whole, or merges it in its own way.
    fn structs(&mut self, desired: &Config, live: &Config, patch: &mut Patch) {
        let (it, was) = (&desired.vpc, &live.vpc);
        let subnets = self.list("/vpcConfig/subnetIds", &it.subnet_ids, &was.subnet_ids);
        let groups = self.list(
            "/vpcConfig/securityGroupIds",
            &it.security_group_ids,
            &was.security_group_ids,
        );
        let (ipv6, was6) = (it.ipv6_allowed_for_dual_stack, was.ipv6_allowed_for_dual_stack);
        let dual = self.field("/vpcConfig/ipv6AllowedForDualStack", ipv6, was6);
        patch.vpc = (subnets | groups | dual).then(|| it.clone());

        let systems = (shown_systems(&desired.file_systems), shown_systems(&live.file_systems));
        let mounts = self.push("/fileSystemConfigs", systems.0, systems.1);
        patch.file_systems = mounts.then(|| desired.file_systems.clone());

        let (it, was) = (&desired.logging, &live.logging);
        let format = self.text("/loggingConfig/logFormat", &it.log_format, &was.log_format);
        let application = self.text(
            "/loggingConfig/applicationLogLevel",
            &it.application_log_level,
            &was.application_log_level,
        );
        let system =
            self.text("/loggingConfig/systemLogLevel", &it.system_log_level, &was.system_log_level);
        let group = self.text("/loggingConfig/logGroup", &it.log_group, &was.log_group);
        patch.logging = (format | application | system | group).then(|| it.clone());

        let (it, was) = (&desired.image, &live.image);
        let entry = self.list("/imageConfig/entryPoint", &it.entry_point, &was.entry_point);
        let command = self.list("/imageConfig/command", &it.command, &was.command);
        let (directory, old) = (&it.working_directory, &was.working_directory);
        let directory = self.text("/imageConfig/workingDirectory", directory, old);
        patch.image = (entry | command | directory).then(|| it.clone());

        // No patch gives or takes a capacity provider: where only one side has one, the caller says
        // so.
        if let (Some(it), Some(was)) = (&desired.capacity, &live.capacity) {
            patch.capacity = self.capacity(it, was).then(|| it.clone());
        }
    }

    /// The instances that it runs on; that it runs on any is chosen once ([`Config::capacity`]).
    fn capacity(&mut self, it: &Capacity, was: &Capacity) -> bool {
        let path = |field| format!("{CAPACITY}/{field}");
        let provider = self.text(&path("capacityProviderArn"), &it.provider, &was.provider);
        let concurrency = path("perExecutionEnvironmentMaxConcurrency");
        let concurrency = self.field(&concurrency, it.concurrency, was.concurrency);
        let ratio = path("executionEnvironmentMemoryGiBPerVCpu");
        provider | concurrency | self.field(&ratio, it.ratio(), was.ratio())
    }

    /// Compares the environment variables; returns whether any differs. Their names are shown,
    /// their values never.
    fn variables(
        &mut self,
        desired: &BTreeMap<String, Secret>,
        live: &BTreeMap<String, Secret>,
    ) -> bool {
        let mut names: Vec<&String> = desired.keys().chain(live.keys()).collect();
        names.sort();
        names.dedup();
        let mut differs = false;
        for name in names {
            let show = |value: Option<&Secret>| match value {
                Some(value) => Shown::sealed("(secret)", value.expose()),
                None => Shown::open("(absent)"),
            };
            let pointer = name.replace('~', "~0").replace('/', "~1");
            let path = format!("/environment/variables/{pointer}");
            differs |= self.push(&path, show(desired.get(name)), show(live.get(name)));
        }
        differs
    }
}

fn shown_list<'a>(items: impl IntoIterator<Item = &'a String>) -> Shown {
    let items: Vec<&str> = items.into_iter().map(String::as_str).collect();
    Shown::open(format!("[{}]", items.join(", ")))
}

fn shown_systems(systems: &[FileSystem]) -> Shown {
    let systems: Vec<String> =
        systems.iter().map(|it| format!("{} at {}", it.arn, it.local_mount_path)).collect();
    shown_list(&systems)
}

/// Changes on one line, for the step that repairs them: `memorySize 128 → 256, tags.team (absent) → x`.
pub(super) fn summary(changes: &[Change], step: &str) -> String {
    let own = changes.iter().filter(|it| it.step == step);
    let lines = own.map(|it| {
        let field = it.path.trim_start_matches('/').replace('/', ".");
        let field = field.replace("~1", "/").replace("~0", "~");
        match (it.live.text.as_str(), it.desired.text.as_str()) {
            ("(secret)", "(secret)") => format!("{field} changed"),
            (live, desired) => format!("{field} {live} → {desired}"),
        }
    });
    lines.collect::<Vec<_>>().join(", ")
}
