//! What each reason means and what to do about it: the one table behind `explain`, the page and
//! `docs/reference/status.md`.

use serde::Serialize;
use utoipa::ToSchema;

/// What a reason means and what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Advice {
    /// What is the case.
    pub meaning: &'static str,
    /// What a person should do; empty: nothing.
    pub todo: &'static str,
}

/// Why something is held up.
#[derive(Serialize, ToSchema)]
#[schema(as = Said)]
pub struct ReasonView {
    /// In PascalCase.
    pub reason: &'static str,
    /// In words.
    pub message: String,
}

impl ReasonView {
    /// The reason as others may have it too.
    pub(crate) fn shared(&self) -> SharedReason<'_> {
        SharedReason::of(self.reason, &self.message)
    }
}

/// The reasons of reads that failed. Their messages begin with the call that AWS did not answer, as
/// `ListAliases failed: …`.
const READS: [&str; 2] = ["ReadFailed", "ListFailed"];

/// Why something is not known, without the call that showed it: reads that fail alike have equal ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SharedReason<'a> {
    code: &'a str,
    /// In words.
    pub(crate) message: &'a str,
}

impl<'a> SharedReason<'a> {
    /// The reason with this code and this message.
    pub(crate) fn of(code: &'a str, message: &'a str) -> Self {
        match message.split_once(" failed: ") {
            Some((_, cause)) if READS.contains(&code) => Self { code: READS[0], message: cause },
            _ => Self { code, message },
        }
    }

    /// Whether a read failed.
    pub(crate) fn is_failed_read(&self) -> bool {
        READS.contains(&self.code)
    }
}

/// Reasons, what they mean, what to do.
#[rustfmt::skip]
const TABLE: &[(&str, &str, &str)] = &[
    ("InSync", "as the manifest asks", ""),
    ("NotReadYet", "a list shows it as the manifest asks; since the start no exact read has said so, which the first audit does in seconds to minutes", ""),
    ("NotReadSince", "its manifest has changed, or it may have changed in AWS, since it was last read exactly; the next read says", ""),
    ("ReadOverdue", "the last exact read is older than the audit period, and the next one does not come", "see whether AWS throttles (`evenkeel_throttles_total`) or the queue is long (`workqueue_depth`)"),
    ("ManifestUnreadable", "AWS is as the last good version of the manifest asks, and the manifest cannot be read now", "mend the manifest (`evenkeel check`)"),
    ("Creating Updating Repairing", "a step is being done; the message is the step", ""),
    ("Working Idle NoInstances Drift NoDrift LookedAt ListOnly Read NotStalled", "reasons of conditions", ""),
    ("Settling", "AWS accepted the creation and does not show it yet", ""),
    ("FunctionPending UpdateInProgress FunctionDeactivating FunctionLeaving", "AWS is at work on the function", ""),
    ("EventSourceBusy", "AWS is at work on the event source mapping; that takes up to a minute", ""),
    ("Looking", "a list shows it differently; it is read exactly first", ""),
    ("NotObserved", "it has not been looked at yet", ""),
    ("ImageUnknown", "the image has not been looked up yet", ""),
    ("ImageMissing", "the image is not in ECR; it goes on by itself after the push", "push it, or mend the reference"),
    ("ImageUnreadable", "ECR could not be asked, or does not give the image out now (it is archived, an upstream registry or a key is away); it is tried again", "allow `ecr:BatchGetImage`, or see the message"),
    ("RepositoryMissing", "the repository has a manifest and does not exist yet; it goes on by itself", ""),
    ("FunctionMissing FunctionNotOurs AliasMissing", "a part of a function waits for the function, or its alias, to be there, and to be ours", ""),
    ("UnmanagedChange", "a public URL, a permission for everybody or for whom cannot be judged, on the function, an alias or a version, or an event source, which no manifest asks for", "describe it, take it away, or `policy.exclusive: true`"),
    ("FunctionUnsettled", "a release waits until the function is as its manifest asks", ""),
    ("VersionPending VersionLeaving", "AWS makes a new version ready, or deletes it", ""),
    ("VersionStopped", "the new version runs on no managed instances, so it is not tested and gets no callers; that is no failure, and it is looked at again every minute", "start it: the message has the command"),
    ("VersionFailed", "AWS could not make a new version ready; the same is published anew after ten minutes", "see the message; mend the image or the configuration"),
    ("VersionInactive", "nobody called the version for weeks, so AWS put it to sleep", "call it once"),
    ("Canary", "a new version has a part of the calls for a while; the message says how many", ""),
    ("NoTraffic NoData", "a new version has had no calls, or CloudWatch does not show how it is doing or what an alarm says: it keeps what it has", "call the alias; see the alarm; allow `cloudwatch:DescribeAlarms` and `cloudwatch:GetMetricData`"),
    ("AlarmMissing", "CloudWatch shows no alarm of a name in `release.alarms`: no release begins, and a version on its way keeps what it has", "make the alarm, or mend its name"),
    ("AlarmOn", "an alarm of the release is on, so none begins", "see the alarm"),
    ("ReleaseHeld", "a version failed its smoke tests, did badly with its first callers, or was rolled back: the alias stays where it is", "deploy another image or configuration, or `evenkeel rollback NAME --resume`"),
    ("VersionsApart", "AWS leads one alias to two versions only if they share role and dead-letter queue", "`strategy: allAtOnce` for this change"),
    ("OldVersions VersionsUnknown", "reasons of the condition `Versions`: old versions go, since on managed instances each one costs; or they stay, since what uses them could not be read", "set `keepVersions` to keep more; see the message"),
    ("AliasInUse", "the alias goes once nothing hangs on it", ""),
    ("Provisioning", "AWS is making the instances of `concurrency.provisioned` ready, or moves them to another version; meanwhile the alias may show weights of AWS's own", ""),
    ("Scaling", "AWS is starting or stopping the instances of `scalingConfig`", ""),
    ("NotShown", "AWS does not show what a facet's change would be about, say the version behind an alias; it is looked at again every few seconds", ""),
    ("ProvisioningFailed", "AWS cannot keep them ready; its own words follow. It is looked at again every 5 minutes", "mend the cause: often the function fails when it starts, or the account has no room"),
    ("PublicUrl CredentialsForEveryOrigin PublicPermission FunctionStopped CanaryProvisioned", "reasons of the condition `Warning`; nothing is held up", "see that it is meant"),
    ("RegistryAlias", "the same; the manifest names a registry by its FIPS or dual-stack host, and Lambda is sent the plain host of the same registry", "write the plain host, or leave the registry out"),
    ("AccountRetention", "reason of the condition `SetElsewhere`: a retention policy of the account says how long the group's logs are kept; `retentionInDays` is neither compared nor written while it does", "change the account's policy, or take `retentionInDays` out of the manifest"),
    ("ScheduledScaling", "reason of the condition `SetElsewhere`: scheduled actions of Application Auto Scaling change `min` and `max`, so those are neither compared nor written", "change the schedule, or delete it to have the manifest's range"),
    ("UrlForbidden", "reason of the condition `Warning`: the URL has `authType: NONE`, and `permissions` lacks one or both of the permissions that AWS asks of its callers, who get 403", "`url.public: true`; nothing if a statement of another party's gives what is missing"),
    ("TagMoved", "the tag names another image than the one deployed, and `onTagMove: report` leaves it", "name a new tag, or `onTagMove: deploy`"),
    ("NothingToKeep", "a variable with `keep: true` is not there", "set it by hand, or give it a value"),
    ("RoleElsewhere", "the role is of another account or partition than the function, which Lambda refuses", "name a role of the target's account; `evenkeel check --account-id` finds it before"),
    ("SettingsLost", "the function was deleted, and had settings that can be chosen only when it is made and that no manifest can ask for (durable executions, tenant isolation); it is not made anew without them", "make it by hand with them and let `policy.adopt` take it over, or `evenkeel apply NAME` to have it without"),
    ("Immutable", "AWS lets the field be chosen only at the creation", "make a new object, or write into the manifest what there is"),
    ("ImageUnusable", "Lambda cannot run what the reference names", "push an image for the architecture; see the message"),
    ("Observing", "mode observe, by `--mode` or by the manifest: what differs is told and stays", "where the manifest is right, `evenkeel apply`; where AWS is, `evenkeel import NAME --capture`"),
    ("Suspended", "by the manifest or by the tag `evenkeel.dev/suspend`, until the time that the message says", "remove `policy.suspend`, or `evenkeel resume`"),
    ("PauseFile", "the pause file exists: nothing is written anywhere", "remove it"),
    ("TakingOver TagsLeft Unmanaged", "reasons of the conditions `Adopting`, `ExtraTags`, `LifecyclePolicy`, `OtherSettings` and `RepositoryPolicy`", ""),
    ("Surveying", "an update, or a repair, waits until it is known how many others change with it", ""),
    ("RolloutWaiting", "many change at once, so they go in waves; its wave is to come", ""),
    ("RolloutHalted", "the update of another one failed, so this one waits", "mend the cause or take the change back; `--confirm` with the hash goes on all the same"),
    ("MassDrift", "more than ten and more than a quarter of a target's functions (or repositories) have drifted at once: nothing is written to the target", "find out who changed them; it goes on when most are as they were, or with `--confirm` and the hash in the message"),
    ("Fighting", "another party keeps changing back what Evenkeel repairs; Evenkeel leaves the object alone for 5 minutes, then for longer, at most an hour", "find out who, or leave the field to them with `policy.ignore`"),
    ("NotOwned", "the object, or a policy of the repository, exists and is not ours", "`policy.adopt` if it should be"),
    ("NotAnImage", "a zip function has the name", "rename one of them"),
    ("NotConverging", "AWS accepted a value and shows another one; the field is left alone for a minute, then 10, an hour and 6 hours, or until either value changes", "see whether AWS supports the field here; a function is made anew after a minute"),
    ("TagsUnreadable", "whose the function is cannot be told", "allow `lambda:ListTags`"),
    ("LeftToOthers", "see the condition `Ignored`", ""),
    ("Unreadable", "AWS could not show a part of the configuration; the message says why", "for an environment, allow `kms:Decrypt`"),
    ("FunctionFailed UpdateFailed", "AWS reports a failure; its own words follow", "mend the cause"),
    ("CreateFailed", "AWS reports that the creation failed; whoever made it makes it anew once the manifest or the image changes, or after 10 minutes", "mend the cause; the message has the command"),
    ("ManifestGone", "ours, and no manifest asks for it; it is left as it is", "delete it, put the manifest back, or `--prune`"),
    ("PruneWaiting", "it is deleted after the grace time, unless a manifest asks for it again", ""),
    ("PruneUnconfirmed", "too many would go at once, or in a single run; the message has the hash", "`--confirm-prune`"),
    ("PruneBlocked", "nothing is deleted now; the message says why", ""),
    ("Pruning", "it is being deleted", ""),
    ("ManifestInvalid", "no readable manifest asks for it, and some cannot be read", "mend the manifests (`evenkeel check`)"),
    ("ReadFailed ListFailed", "AWS could not be read; the message says why", ""),
    ("RecordFailed", "see the condition", "allow `lambda:TagResource`"),
    ("Throttled CallFailed ChangedMeanwhile Vanished", "a call failed and is tried again soon", ""),
    ("InputMissing", "AWS misses something that the object needs: a role, a principal, a destination, a subnet, an image; it does not exist yet, is not ready, or is misspelt. Evenkeel tries again within a minute", "the message names it"),
    ("AccessDenied", "our credentials may not do it", "grant the permission"),
    ("InvalidRequest", "AWS refuses the values", "mend the manifest"),
    ("CredentialsInvalid", "AWS does not accept our credentials, or there are none; the target is on hold", "renew them"),
    ("WrongAccount", "the credentials belong to another account; the target is on hold", "mend them, or `--account-id`"),
    ("IdentityUnknown", "AWS does not say whose account this is; the target is on hold", "see the message; it is asked again within half a minute"),
];

/// What is known of a reason.
pub fn of(name: &str) -> Option<Advice> {
    let known = |names: &&str| names.split(' ').any(|it| it == name);
    let (_, meaning, todo) = TABLE.iter().find(|(names, ..)| known(names))?;
    Some(Advice { meaning, todo })
}

/// All of them, as a table in Markdown.
pub fn reference() -> String {
    let mut text = "| reason | meaning | what to do |\n| --- | --- | --- |\n".to_owned();
    for (names, meaning, todo) in TABLE {
        let names: Vec<String> = names.split(' ').map(|it| format!("`{it}`")).collect();
        let row = ["| ", &names.join(" "), " | ", meaning, " | ", todo, " |\n"].concat();
        text += &row.replace("|  |", "| |");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn reads_that_fail_alike_have_one_reason() {
        let of = SharedReason::of;
        let down = "no connection: Connection refused (os error 111)";
        let list = format!("ListFunctions failed: {down}");
        let read = format!("GetFunction failed: {down}");
        assert_eq!(of("ListFailed", &list), of("ReadFailed", &read));
        assert_eq!(of("ListFailed", &list).message, down);
        assert_ne!(of("ReadFailed", "A failed: x"), of("ReadFailed", "A failed: y"));
        // Of what else failed, the call says what it was.
        assert_ne!(of("CallFailed", "A failed: x"), of("CallFailed", "B failed: x"));
    }

    #[test]
    fn a_reason_stands_in_the_table_once() {
        let all: Vec<&str> = TABLE.iter().flat_map(|(names, ..)| names.split(' ')).collect();
        let once: BTreeSet<&&str> = all.iter().collect();
        assert_eq!(once.len(), all.len());
        assert!(of("ImageMissing").unwrap().todo.contains("push"));
        assert_eq!(of("Image"), None);
    }
}
