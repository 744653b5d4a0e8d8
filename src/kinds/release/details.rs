//! How far a release is, for people: where the alias leads, what is held back, how the tests went.

use super::{
    live::{Live, TestOutcome},
    spec::DesiredRelease,
};
use crate::engine::kind::Detail;

/// Lists what people ask of a release: where the alias leads, what is on its way, what is held
/// back, how the tests of the document ended.
pub(super) fn details(live: &Live, wanted: Option<&DesiredRelease>) -> Vec<Detail> {
    let mut all = Vec::new();
    if let Some(alias) = live.alias() {
        let current = alias.version.map_or_else(|| "$LATEST".to_owned(), |it| it.to_string());
        let rest = 100 - alias.weight.map_or(0, |(_, percent)| percent.min(100));
        let mut leads = format!("{}: {rest} % to version {current}", live.alias);
        if let Some((version, percent)) = alias.weight {
            leads = format!("{leads}, {percent} % to version {version}");
        }
        all.push(("alias", leads));
        let note = alias.note.as_ref();
        if let Some(rolling) = note.and_then(|it| it.rolling) {
            let (version, percent, since) = (rolling.version, rolling.percent, rolling.since);
            all.push(("rolling out", format!("version {version} at {percent} % since {since}")));
        }
        if let Some(rejected) = note.and_then(|it| it.rejected.as_ref()) {
            all.push(("held back", format!("version {}: {}", rejected.version, rejected.why)));
        }
    }
    let tests = wanted.iter().flat_map(|it| &it.tests);
    for ((version, fingerprint), outcome) in live.tests.iter().rev() {
        // The outcome of a test that was changed since is not shown.
        let mut known = tests.clone().filter(|it| it.fingerprint == *fingerprint);
        let Some(test) = known.next() else { continue };
        let how = match outcome {
            TestOutcome::Passed => "passed",
            TestOutcome::Failed(how) => how,
        };
        all.push(("smoke test", format!("{} of version {version}: {how}", test.name)));
    }
    all
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Arc, time::Duration};

    use super::*;
    use crate::{
        engine::{diff::Fingerprint, observed::Known},
        kinds::{
            block::host::Host,
            release::{
                live::{Alias, Latest},
                note::ReleaseNote,
                spec::{Strategy, Test},
            },
        },
    };

    fn live() -> Live {
        let alias = Alias {
            version: Some(7),
            weight: Some((8, 10)),
            note: ReleaseNote::read(
                "evenkeel current=7 rolling=8:10:1764000000 held=6 why=bad counts",
            ),
            revision: String::new(),
        };
        Live {
            host: Host {
                arn: String::new(),
                tags: Known::No(String::new()),
                busy: None,
                new: false,
            },
            alias: "live".into(),
            latest: Latest {
                revision: String::new(),
                digest: String::new(),
                content: Known::No(String::new()),
            },
            aliases: BTreeMap::from([("live".to_owned(), alias)]),
            versions: BTreeMap::new(),
            tests: BTreeMap::from([
                ((7, Fingerprint(1)), TestOutcome::Passed),
                ((8, Fingerprint(1)), TestOutcome::Failed("no; its log ends with: oh".into())),
                ((8, Fingerprint(2)), TestOutcome::Passed),
            ]),
            watch: None,
            moving: Known::Yes(false),
            stock: Known::No(String::new()),
        }
    }

    #[test]
    fn a_canary_is_told_with_its_weights_and_tests() {
        let test = Test {
            name: "counts".into(),
            payload: String::new(),
            status: None,
            function_error: None,
            body: BTreeMap::new(),
            matches: None,
            max_duration: Duration::ZERO,
            fingerprint: Fingerprint(1),
        };
        let wanted = DesiredRelease {
            alias: "live".into(),
            strategy: Strategy::AllAtOnce,
            tests: vec![Arc::new(test)],
            alarms: Vec::new(),
            keep: None,
            keeps_few: false,
        };
        let told = details(&live(), Some(&wanted));
        let told: Vec<String> = told.iter().map(|(word, text)| format!("{word}: {text}")).collect();
        assert_eq!(
            told,
            [
                "alias: live: 90 % to version 7, 10 % to version 8",
                "rolling out: version 8 at 10 % since 2025-11-24T16:00:00Z",
                "held back: version 6: bad counts",
                // What a document no longer asks for is not told.
                "smoke test: counts of version 8: no; its log ends with: oh",
                "smoke test: counts of version 7: passed",
            ]
        );
    }
}
