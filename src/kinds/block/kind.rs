//! What every block says of itself as a kind.

use serde_json::Value;

use super::{Block, FUNCTION, FacetStep, Live, Of, Spec, Step, diff};
use crate::engine::{
    bulk_rows::BulkRows,
    diff::{Diff, Fingerprint},
    facts::{Fact, FactKey, Facts},
    kind::{Kind, Listing},
    name::Name,
    observed::{Known, Reading},
    tags::Tags,
};

impl<B: Block> Kind for Of<B> {
    const NAME: &'static str = B::NAME;
    const PART_OF: Option<&'static str> = Some(FUNCTION);
    const LISTING: Listing = Listing::None;
    type Spec = Spec<B>;
    type Live = Live<B>;
    type Step = Step<B>;

    fn create(name: &Name, spec: &Spec<B>, facts: &Facts) -> Diff<Step<B>> {
        diff::hostless::<B>(name, spec, facts)
    }

    fn diff(
        name: &Name,
        spec: &Spec<B>,
        reading: &Reading<Live<B>>,
        facts: &Facts,
    ) -> Diff<Step<B>> {
        diff::diff::<B>(name, spec, &reading.live, facts)
    }

    /// No list shows it.
    fn fingerprint(reading: &Reading<Live<B>>) -> Fingerprint {
        let config = reading.live.config.get().and_then(Option::as_ref).map(B::fields);
        Fingerprint::of(format!("{config:?}").as_bytes())
    }

    fn tags(_: &Live<B>) -> Option<&Known<Tags>> {
        None
    }

    fn host_tags(live: &Live<B>) -> Option<&Known<Tags>> {
        Some(&live.host.tags)
    }

    fn is_there(live: &Live<B>) -> bool {
        live.config.get().and_then(Option::as_ref).is_some_and(|it| B::concern(it, None).is_some())
    }

    fn is_host_new(live: &Live<B>) -> bool {
        live.host.is_under_way()
    }

    fn frees(step: &Step<B>) -> bool {
        matches!(step, FacetStep::Call(call) if B::frees(call))
    }

    fn describe(live: &Live<B>) -> Value {
        serde_json::json!(live.config.get().and_then(Option::as_ref).map(B::fields))
    }

    fn bulk_row_differs(
        name: &Name,
        spec: Option<&Spec<B>>,
        live: &Live<B>,
        rows: &BulkRows,
    ) -> bool {
        let desired = spec.and_then(|it| it.config.as_ref());
        let own = || Some(B::bulk_row_differs(desired?, live.config.get()?.as_ref(), rows));
        live.host.bulk_row_differs(name, B::FIELD, rows) || own().unwrap_or(false)
    }

    fn hears(key: &FactKey) -> bool {
        let qualified = B::BELONGS_TO.is_qualified();
        matches!(key, FactKey::Function(_)) || qualified && matches!(key, FactKey::Release(_))
    }

    /// Says that a block has to be read again when its function or alias is made again, since then
    /// it has none of its blocks, and where it belongs to versions, when the alias leads to others.
    fn unsettles(before: Option<&Fact>, now: Option<&Fact>) -> bool {
        let versioned = B::BELONGS_TO.follows_versions();
        if let (Some(Fact::Release(before)), Some(Fact::Release(now))) = (before, now) {
            let moved = versioned && before.versions != now.versions;
            return moved || before.alias != now.alias;
        }
        // It may have been read before the alias was known.
        if versioned && before.is_none() && matches!(now, Some(Fact::Release(_))) {
            return true;
        }
        let state = |fact: Option<&Fact>| match fact {
            Some(Fact::Function(it)) => (it.exists, it.pending),
            _ => (false, false),
        };
        // The first news of a function are none: its blocks are read for the first time anyway.
        before.is_some() && state(now) == (true, false) && state(before) != (true, false)
    }

    fn only_gone(spec: &Spec<B>) -> bool {
        spec.config.is_none() && !spec.guards
    }

    fn is_guard(spec: &Spec<B>) -> bool {
        spec.config.is_none() && spec.guards
    }

    fn left_behind(key: &FactKey, fact: &Fact) -> Option<Name> {
        match (key, fact) {
            (FactKey::Function(name), Fact::Function(it)) => {
                it.blocks.contains(B::FIELD).then(|| name.clone())
            }
            _ => None,
        }
    }

    fn needs(spec: &Spec<B>) -> Vec<FactKey> {
        let function = &spec.at.function;
        let alias = spec.at.qualifier.as_ref().map(|_| FactKey::Release(function.clone()));
        [FactKey::Function(function.clone())].into_iter().chain(alias).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{
        engine::facts::ReleaseFact,
        kinds::{scaling::Scaling, url::Url},
    };

    /// What belongs to versions is read again when the alias leads to others, and all that belongs to the alias when
    /// that is another.
    #[test]
    fn a_move_of_the_alias_concerns_what_belongs_to_versions() {
        let release = |alias: &str, versions: &[u64]| {
            let alias = Some(alias.to_owned()).filter(|it| !it.is_empty());
            let versions: BTreeSet<u64> = versions.iter().copied().collect();
            Some(Fact::Release(ReleaseFact { alias, versions, revision: "r".into() }.into()))
        };
        let check = |before: Option<Fact>, now: Option<Fact>, expected: [bool; 2]| {
            let (before, now) = (before.as_ref(), now.as_ref());
            let found = [Of::<Scaling>::unsettles(before, now), Of::<Url>::unsettles(before, now)];
            assert_eq!(found, expected, "{before:?} {now:?}");
        };
        check(release("live", &[1]), release("live", &[1]), [false, false]);
        check(release("live", &[1]), release("live", &[1, 2]), [true, false]);
        check(release("", &[]), release("live", &[1]), [true, true]);
        check(None, release("live", &[1]), [true, false]);
    }
}
