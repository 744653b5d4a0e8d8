//! `evenkeel rollback`: an alias goes back to an earlier version and stays there, until something newer than what
//! it was taken from is deployed, or a person lets it go on.

use super::{
    CliError, Outcome, RollbackArgs,
    door::{self, Door},
    print,
};
use crate::{
    aws::cloud::{Cloud as _, Urgency},
    engine::{failure::chain, name::Name, tags::Claim},
    kinds::release::{
        ReleaseCloud,
        live::{Alias, Live, State},
        note::{Held, Note},
        step::{Route, Step},
    },
};

/// Why a version is held back that a person took back.
const BY_HAND: &str = "rolled back by hand";

/// Moves the alias, or lets it go on.
pub(super) async fn rollback(args: RollbackArgs) -> Result<Outcome, CliError> {
    let Door { clients, calls } = door::open(&args.core, args.object.target.as_deref()).await?;
    let cloud = ReleaseCloud::new(&clients, calls);
    let name = Name::new(args.object.name.trim_start_matches("Function/"));
    let failed = |failure| CliError(chain(&failure));
    let (found, _) = Box::pin(cloud.get(&name, None, Urgency::Write)).await.map_err(failed)?;
    let live = found.ok_or_else(|| CliError(format!("there is no function {name}")))?.live;
    let owner = args.core.owner.as_str();
    let ours = matches!(Claim::of(Some(&live.host.tags)), Claim::Owner { id, .. } if id == owner);
    let alias = live.alias().filter(|_| ours).ok_or_else(|| {
        CliError(format!("function {name} has no alias that the Evenkeel `{owner}` keeps"))
    })?;
    let (to, note) = if args.resume {
        go_on(&name, alias)?
    } else {
        let published = Box::pin(cloud.published(&name, owner)).await.map_err(failed)?;
        let to = match args.to {
            Some(to) => to,
            None => before(alias, published.into_iter().collect(), &name)?,
        };
        go_back(&name, alias, to)?
    };
    let state = Box::pin(cloud.state(&name, to)).await.map_err(failed)?;
    if state != Some(State::Active) {
        let is = state.map_or_else(|| "not there".to_owned(), |it| format!("{it:?}"));
        return Err(CliError(format!("version {to} of function {name} is {is}, not Active")));
    }
    let step = Step::Route(route(&name, (&live, alias), (to, note)));
    cloud.apply(&step).await.map_err(failed)?;
    print(&step.to_string())?;
    Ok(Outcome::Good)
}

fn route(name: &Name, (live, alias): (&Live, &Alias), (version, note): (u64, Note)) -> Route {
    Route {
        function: name.clone(),
        alias: live.alias.clone(),
        revision: Some(alias.revision.clone()),
        version,
        weight: None,
        note,
        why: String::new(),
    }
}

/// The version before the one that callers get.
fn before(alias: &Alias, published: Vec<u64>, name: &Name) -> Result<u64, CliError> {
    // A version on its way is taken back first.
    if alias.weight.is_some()
        && let Some(current) = alias.version
    {
        return Ok(current);
    }
    let current = alias.version.unwrap_or(u64::MAX);
    let held = alias.note.as_ref().and_then(|it| it.held.as_ref()).map(|it| it.version);
    let earlier = published.into_iter().filter(|it| *it < current && Some(*it) != held).max();
    earlier.ok_or_else(|| {
        CliError(format!(
            "function {name} has no version before {current} that Evenkeel published; name one with `--to`"
        ))
    })
}

/// The version that callers get from now on, and what is held back for it.
fn go_back(name: &Name, alias: &Alias, to: u64) -> Result<(u64, Note), CliError> {
    let from = alias.weight.map(|it| it.0).or(alias.version).filter(|it| *it != to);
    let Some(from) = from else {
        return Err(CliError(format!(
            "the alias of function {name} leads to version {to} already"
        )));
    };
    let held = Some(Held { version: from, why: BY_HAND.to_owned() });
    Ok((to, Note { current: Some(to), rolling: None, held }))
}

/// The same, with nothing held back.
fn go_on(name: &Name, alias: &Alias) -> Result<(u64, Note), CliError> {
    let note = alias.note.clone().unwrap_or_default();
    if note.held.is_none() {
        return Err(CliError(format!("nothing of function {name} is held back")));
    }
    let to = alias.version.ok_or_else(|| CliError("the alias leads to no version".into()))?;
    Ok((to, Note { current: Some(to), rolling: None, held: None }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alias(version: u64, weight: Option<(u64, u32)>, held: Option<u64>) -> Alias {
        let held = held.map(|version| Held { version, why: "x".into() });
        let note = Some(Note { current: Some(version), rolling: None, held });
        Alias { version: Some(version), weight, note, revision: "r".into() }
    }

    #[test]
    fn it_goes_to_the_last_good_version_before() {
        let name = Name::new("f");
        let check = |alias: &Alias, expected: Option<u64>| {
            let found = before(alias, vec![3, 5, 6, 8], &name).ok();
            assert_eq!(found, expected);
        };
        check(&alias(8, None, None), Some(6));
        check(&alias(8, None, Some(6)), Some(5));
        check(&alias(6, Some((8, 10)), None), Some(6));
        check(&alias(3, None, None), None);
        let (to, note) = go_back(&name, &alias(6, Some((8, 10)), None), 6).unwrap();
        assert_eq!((to, note.held.unwrap().version), (6, 8));
        assert!(go_back(&name, &alias(6, None, None), 6).is_err());
        assert!(go_on(&name, &alias(6, None, None)).is_err());
        assert_eq!(go_on(&name, &alias(6, None, Some(8))).unwrap().1.held, None);
    }
}
