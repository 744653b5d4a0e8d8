//! Which faults blow in a scene.

use evenkeel_sim::fault::{Fault, Rule};

/// Everything that can go wrong.
pub(crate) const ALL: [Fault; 16] = [
    Fault::Throttle,
    Fault::Error,
    Fault::Unavailable,
    Fault::ResetBefore,
    Fault::ResetAfter,
    Fault::Latency,
    Fault::HangBefore,
    Fault::HangAfter,
    Fault::Deny,
    Fault::Expired,
    Fault::FailUpdate,
    Fault::Stuck,
    Fault::Stale,
    Fault::HalfList,
    Fault::Blind,
    Fault::Rival,
];

/// The rules of a scene: each fault alone by turns, then several at once.
pub(crate) fn rules(seed: u64, chance: &mut fastrand::Rng) -> Vec<Rule> {
    let alone = usize::try_from(seed).unwrap_or(0) % (2 * ALL.len());
    if let Some(fault) = ALL.get(alone) {
        return vec![rule(*fault, chance)];
    }
    let mut all = ALL.to_vec();
    chance.shuffle(&mut all);
    let several = chance.usize(2..6);
    all.into_iter().take(several).map(|it| rule(it, chance)).collect()
}

fn rule(fault: Fault, chance: &mut fastrand::Rng) -> Rule {
    let share = 0.05 + 0.35 * chance.f64();
    let mut rule = Rule {
        fault,
        operations: Vec::new(),
        resources: Vec::new(),
        account: None,
        contains: None,
        share,
        after: 0,
        times: None,
        lasts: None,
        seconds: 1.0 + 20.0 * chance.f64(),
        code: None,
        message: None,
        retry_after: None,
        omit: 0.5,
    };
    match fault {
        // A call that is not answered takes half a minute.
        Fault::HangBefore | Fault::HangAfter => rule.share = 0.03,
        Fault::Deny => {
            let operations = ["UpdateFunction", "TagResource", "Create", "Get", "List", "Batch"];
            rule.operations = chance.choice(operations).map(str::to_owned).into_iter().collect();
        }
        Fault::Expired => {
            (rule.share, rule.lasts) = (1.0, Some(10.0 + 40.0 * chance.f64()));
        }
        Fault::FailUpdate => {
            let codes = ["InternalError", "SubnetOutOfIPAddresses", "ImageAccessDenied"];
            rule.code = chance.choice(codes).map(str::to_owned);
        }
        Fault::HalfList => rule.operations = vec!["ListFunctions".into()],
        Fault::Stale => rule.operations = vec!["GetFunction".into(), "ListFunctions".into()],
        Fault::Rival => {
            rule.operations = vec!["UpdateFunction".into()];
            rule.times = Some(10);
        }
        Fault::Throttle
        | Fault::Error
        | Fault::Unavailable
        | Fault::ResetBefore
        | Fault::ResetAfter
        | Fault::Latency
        | Fault::Stuck
        | Fault::Blind
        | Fault::Refuse
        | Fault::Rewrite => {}
    }
    rule
}
