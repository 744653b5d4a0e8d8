//! `evenkeel rollback`: an alias goes back to an earlier version and stays there, until something newer than what
//! it was taken from is deployed, or a person lets it go on.

use super::{
    args::RollbackArgs,
    error::{CliError, ObjectError},
    function::named,
    out::{note, print, warn},
    outcome::CommandOutcome,
    target_clients::{self, TargetClients},
};
use crate::{
    aws::cloud::{Cloud as _, Priority},
    engine::{
        failure::{Failure, chain},
        name::Name,
        policy::Mode,
        tags::Claim,
    },
    kinds::block::claims::SetClaim,
    kinds::release::{
        FIELD, ReleaseCloud,
        live::{Alias, Live, VersionState},
        note::{BY_HAND, RejectedVersion, ReleaseNote},
        rejected, start,
        step::{Route, Step},
        tag::ReleaseTag,
    },
};

/// Lets the alias lead to an earlier version, and holds back the one that it led to. With
/// `--resume` nothing is held back any more. Fails unless `--owner` keeps the alias, and the
/// version can be invoked.
pub(super) async fn rollback(args: RollbackArgs) -> Result<CommandOutcome, CliError> {
    let target = args.object.target.as_deref();
    let TargetClients { clients, calls, .. } =
        target_clients::open(&args.core.access, Mode::Enforce, target).await?;
    let cloud = ReleaseCloud::new(&clients, calls);
    let name = named(&args.object.name);
    let found = Box::pin(cloud.get(&name, None, Priority::Write)).await;
    let (found, _) = found.map_err(ObjectError::Call)?;
    let live = found.ok_or_else(|| ObjectError::NoFunction { name: name.clone() })?.live;
    let owner = args.core.owner.as_str();
    let ours = matches!(Claim::of(Some(&live.host.tags)), Claim::Owner { id, .. } if id == owner);
    if args.resume
        && live.alias().is_none()
        && let Some(step) = forget(&name, &live).filter(|_| ours)
    {
        cloud.apply(&step).await.map_err(ObjectError::Call)?;
        let held = rejected(&live).unwrap_or_default();
        print(&format!(
            "{name}: version {held} is no longer held back; there is no alias {} yet",
            live.alias
        ))?;
        note(&goes_on(&name));
        return Ok(CommandOutcome::Good);
    }
    let alias = live.alias().filter(|_| ours).ok_or_else(|| {
        let (name, owner) = (name.clone(), args.core.owner.clone());
        ObjectError::NoAlias { name, owner }
    })?;
    let next = if args.resume {
        go_on(&name, alias)?
    } else {
        let to = match args.to {
            Some(to) => to,
            None => before(alias, &name)?,
        };
        go_back(&name, alias, to)?
    };
    let version = next.version;
    let state = Box::pin(cloud.state(&name, version)).await.map_err(ObjectError::Call)?;
    let serving = alias.version.and_then(|it| live.versions.get(&it)).map(|it| &it.state);
    if let Some(why) = unusable(&name, version, state, serving) {
        return Err(ObjectError::UnusableVersion { version, name, why }.into());
    }
    let trace = trace(&name, &live, &next);
    let told = match rejected(&live).filter(|_| args.resume) {
        Some(held) => let_go(&name, &live.alias, held, version),
        None => {
            moved(&name, &live.alias, alias, &next) + &until(&next, &resume_command(&name, target))
        }
    };
    let step = Step::Route(route(&name, &live, alias, next));
    cloud.apply(&step).await.map_err(ObjectError::Call)?;
    print(&told)?;
    // The alias has moved: that the tag cannot be written changes nothing for callers.
    match cloud.apply(&trace).await {
        Ok(()) if args.resume => note(&goes_on(&name)),
        Ok(()) => {}
        Err(failure) => warn(&untraced(&name, &failure)),
    }
    Ok(CommandOutcome::Good)
}

/// Returns the step that lets a daemon see the move soon: a bulk read shows the function's tags, and nothing shows
/// aliases. AWS refuses it while it is at work on the function.
fn trace(name: &Name, live: &Live, next: &NextVersion) -> Step {
    let rejected = next.note.rejected.as_ref().map(|it| it.version);
    let led_to = Some(next.version);
    set_tag(name, live, ReleaseTag { alias: &live.alias, rejected, led_to })
}

/// Returns the step that writes the release's tag.
fn set_tag(name: &Name, live: &Live, tag: ReleaseTag<'_>) -> Step {
    Step::SetClaim(SetClaim {
        function: name.clone(),
        arn: live.host.arn.clone(),
        word: FIELD,
        value: Some(tag.value()),
    })
}

/// Returns why callers cannot be sent to a version, as the end of "version 7 is"; `None` if they
/// can. `state`: `None` if it is not there. `serving`: of the version that they get now.
fn unusable(
    name: &Name,
    version: u64,
    state: Option<VersionState>,
    serving: Option<&VersionState>,
) -> Option<String> {
    Some(match state {
        Some(VersionState::Active) => return None,
        // Whoever calls gets no answer as it is.
        Some(VersionState::Stopped(_)) if matches!(serving, Some(VersionState::Stopped(_))) => {
            return None;
        }
        Some(VersionState::Stopped(word)) => {
            format!("{word} and cannot be invoked: {}, then try again", start(name, version))
        }
        None => "not there".to_owned(),
        Some(VersionState::Inactive) => format!(
            "asleep, since nobody called it for weeks: wake it with `aws lambda invoke --function-name {name} \
             --qualifier {version} /dev/stdout`, and try again in a minute"
        ),
        Some(VersionState::Pending) => "not ready yet: try again in a minute".to_owned(),
        Some(VersionState::Leaving) => "being deleted by AWS".to_owned(),
        Some(VersionState::Failed(why)) => format!("not usable: {why}"),
    })
}

/// The command that lets go on what is held back of a function, as a person types it.
pub(super) fn resume_command(name: &Name, target: Option<&str>) -> String {
    let target = target.map(|it| format!(" --target {it}")).unwrap_or_default();
    format!("`evenkeel rollback --resume {name}{target}`")
}

/// Says which version callers get now, and which one they got before.
fn moved(name: &Name, alias: &str, before: &Alias, next: &NextVersion) -> String {
    let version = next.version;
    let alone = if before.weight.is_some() { " alone" } else { "" };
    let newer = before.versions().last().is_some_and(|it| *it > version);
    let again = if newer { " again" } else { "" };
    format!(
        "{name}: alias {alias} leads to version {version}{alone}{again} (was {})",
        before.leads()
    )
}

/// Says what is held back from now on, and what ends that. `resume`: the command that does.
fn until(next: &NextVersion, resume: &str) -> String {
    match &next.note.rejected {
        Some(RejectedVersion { version, .. }) => {
            format!("; version {version} is held back until a newer one is deployed or {resume}")
        }
        None => "; nothing is held back".to_owned(),
    }
}

/// Says which version is no longer held back, and which one callers get for now.
fn let_go(name: &Name, alias: &str, held: u64, version: u64) -> String {
    format!(
        "{name}: version {held} is no longer held back; alias {alias} leads to version {version} until the release goes on"
    )
}

/// When what was held back goes on.
fn goes_on(name: &Name) -> String {
    format!(
        "the release goes on with the next read of the alias: at once by `evenkeel apply` with the manifest of {name}; \
         a running Evenkeel reads the alias within one `--resync` after AWS's index of tags shows the change"
    )
}

/// When Evenkeel sees a move of the alias that left no trace.
fn untraced(name: &Name, failure: &Failure) -> String {
    format!(
        "the alias has moved, but its trace in the function's tags could not be written: {}; a running Evenkeel sees the \
         move with its next audit of the alias, and `evenkeel apply` with the manifest of {name} at once",
        chain(failure)
    )
}

/// What callers get from now on.
struct NextVersion {
    version: u64,
    note: ReleaseNote,
}

/// Returns the step that leads all callers to the next version. It names the alias's revision, so
/// that a change since the read makes it fail.
fn route(name: &Name, live: &Live, alias: &Alias, next: NextVersion) -> Route {
    let NextVersion { version, note } = next;
    Route {
        function: name.clone(),
        alias: live.alias.clone(),
        revision: Some(alias.revision.clone()),
        version,
        weight: None,
        note,
        why: String::new(),
        ending: None,
    }
}

/// Returns the version to go back to: while a release moves callers, the one that they come from,
/// else the one that they got before this one. Fails if that stands nowhere.
fn before(alias: &Alias, name: &Name) -> Result<u64, ObjectError> {
    // A version on its way is taken back first.
    if alias.weight.is_some()
        && let Some(current) = alias.version
    {
        return Ok(current);
    }
    let before = alias.note.as_ref().and_then(|it| it.before);
    before.ok_or_else(|| ObjectError::NoVersionBefore { name: name.clone() })
}

/// Returns the version that callers get from now on, and a note that holds back the newest of all
/// that were taken back, since that is the one that is deployed. Whoever goes forward to that one holds nothing back.
fn go_back(name: &Name, alias: &Alias, version: u64) -> Result<NextVersion, ObjectError> {
    let from = alias.weight.map(|it| it.0).or(alias.version).filter(|it| *it != version);
    let Some(from) = from else {
        return Err(ObjectError::AlreadyThere { name: name.clone(), version });
    };
    let by_hand = RejectedVersion { version: from, why: BY_HAND.to_owned() };
    let before = alias.note.as_ref().and_then(|it| it.rejected.clone());
    let newest = before.filter(|it| it.version > from).unwrap_or(by_hand);
    let rejected = Some(newest).filter(|it| it.version > version);
    let note = ReleaseNote { current: Some(version), rejected, ..ReleaseNote::default() };
    Ok(NextVersion { version, note })
}

/// Returns the version that callers get now, and a note that holds nothing back; fails if nothing
/// is.
fn go_on(name: &Name, alias: &Alias) -> Result<NextVersion, ObjectError> {
    let note = alias.note.clone().unwrap_or_default();
    if note.rejected.is_none() {
        return Err(ObjectError::NothingRejected { name: name.clone() });
    }
    let version = alias.version.ok_or(ObjectError::AliasWithoutVersion)?;
    let (current, before) = (Some(version), note.before);
    let note = ReleaseNote { current, before, ..ReleaseNote::default() };
    Ok(NextVersion { version, note })
}

/// Returns the step that ends the hold where there is no alias yet and the function's tag says what
/// is held back; `None` if it says nothing.
fn forget(name: &Name, live: &Live) -> Option<Step> {
    let tag = ReleaseTag::read(live.host.claim(FIELD)?)?;
    tag.rejected.map(|_| set_tag(name, live, ReleaseTag::of(tag.alias)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alias(version: u64, weight: Option<(u64, u32)>, rejected: Option<u64>) -> Alias {
        let rejected = rejected.map(|version| RejectedVersion { version, why: "x".into() });
        let note = Some(ReleaseNote { current: Some(version), rejected, ..ReleaseNote::default() });
        Alias { version: Some(version), weight, note, revision: "r".into() }
    }

    #[test]
    fn a_move_names_both_versions_and_what_is_held_back() {
        let name = Name::new("f");
        let check = |before: &Alias, to: u64, expected: &str| {
            let next = go_back(&name, before, to).unwrap();
            let line = moved(&name, "live", before, &next) + &until(&next, "`resume`");
            assert_eq!(line, expected);
        };
        check(
            &alias(5, None, None),
            3,
            "f: alias live leads to version 3 again (was version 5); version 5 is held back until a newer one is \
             deployed or `resume`",
        );
        check(
            &alias(6, Some((8, 10)), None),
            6,
            "f: alias live leads to version 6 alone again (was version 6, 10 % version 8); version 8 is held back \
             until a newer one is deployed or `resume`",
        );
        check(
            &alias(5, None, Some(8)),
            8,
            "f: alias live leads to version 8 (was version 5); nothing is held back",
        );
        assert_eq!(resume_command(&name, None), "`evenkeel rollback --resume f`");
        assert_eq!(resume_command(&name, Some("eu")), "`evenkeel rollback --resume f --target eu`");
    }

    #[test]
    fn it_goes_to_the_version_before_and_holds_the_newest() {
        let name = Name::new("f");
        let mut plain = alias(8, None, None);
        assert!(before(&plain, &name).is_err());
        plain.note.as_mut().unwrap().before = Some(5);
        assert_eq!(before(&plain, &name).ok(), Some(5));
        assert_eq!(before(&alias(6, Some((8, 10)), None), &name).ok(), Some(6));
        let next = go_back(&name, &alias(6, Some((8, 10)), None), 6).unwrap();
        assert_eq!((next.version, next.note.rejected.unwrap().version), (6, 8));
        // Whoever goes back twice still has the newest deployed.
        let next = go_back(&name, &alias(6, None, Some(8)), 5).unwrap();
        assert_eq!((next.version, next.note.rejected.unwrap().version), (5, 8));
        // Whoever goes forward again holds back what is newer still.
        let next = go_back(&name, &alias(5, None, Some(8)), 6).unwrap();
        assert_eq!((next.version, next.note.rejected.unwrap().version), (6, 8));
        let next = go_back(&name, &alias(5, None, Some(8)), 8).unwrap();
        assert_eq!((next.version, next.note.rejected), (8, None));
        assert!(go_back(&name, &alias(6, None, None), 6).is_err());
        assert!(go_on(&name, &alias(6, None, None)).is_err());
        assert_eq!(go_on(&name, &alias(6, None, Some(8))).unwrap().note.rejected, None);
    }
}
