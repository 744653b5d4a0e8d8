//! Faults: rules that say which calls go wrong, how, and how often. Scripted over `/_sim/faults`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    call::{Call, Refusal, Service},
    chance,
    ecr::oci,
    quota,
    time::Moment,
};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The answer of an empty token bucket.
    Throttle,
    /// HTTP 500, `ServiceException`.
    Error,
    /// HTTP 503 without an AWS code, as a load balancer answers.
    Unavailable,
    /// The connection is cut before anything happens.
    ResetBefore,
    /// The connection is cut after it happened.
    ResetAfter,
    /// The answer comes late: half of `seconds` before it happens, half after.
    Latency,
    /// No answer comes, and nothing happens.
    HangBefore,
    /// It happens, and no answer comes.
    HangAfter,
    /// `AccessDeniedException`.
    Deny,
    /// The credentials have expired.
    Expired,
    /// An update is accepted and ends `Failed` with the reason code `code`.
    FailUpdate,
    /// What was accepted stays `Pending` or `InProgress` for `seconds` longer.
    Stuck,
    /// A read shows what was there `seconds` ago.
    Stale,
    /// A list leaves rows out: each with the chance `omit`.
    HalfList,
    /// The values of the environment may not be read.
    Blind,
    /// Somebody puts back what was there, `seconds` after a write.
    Rival,
    /// The request is refused with `code` and `message`.
    Refuse,
    /// AddPermission is accepted, and the policy shows `code` as the principal.
    Rewrite,
}

impl Fault {
    /// Its name in the journal.
    pub fn name(self) -> &'static str {
        match self {
            Self::Throttle => "throttle",
            Self::Error => "error",
            Self::Unavailable => "unavailable",
            Self::ResetBefore => "reset-before",
            Self::ResetAfter => "reset-after",
            Self::Latency => "latency",
            Self::HangBefore => "hang-before",
            Self::HangAfter => "hang-after",
            Self::Deny => "deny",
            Self::Expired => "expired",
            Self::FailUpdate => "fail-update",
            Self::Stuck => "stuck",
            Self::Stale => "stale",
            Self::HalfList => "half-list",
            Self::Blind => "blind",
            Self::Rival => "rival",
            Self::Refuse => "refuse",
            Self::Rewrite => "rewrite",
        }
    }
}

/// One rule. What is left out holds for everything.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// What goes wrong.
    pub fault: Fault,
    /// The operations; a name or the beginning of one. None: all.
    #[serde(default)]
    pub operations: Vec<String>,
    /// The functions or repositories. None: all.
    #[serde(default)]
    pub resources: Vec<String>,
    /// The account. None: all.
    #[serde(default)]
    pub account: Option<String>,
    /// A text that stands in the request's body. None: any body.
    #[serde(default)]
    pub contains: Option<String>,
    /// The share of calls, 0..1.
    #[serde(default = "one")]
    pub share: f64,
    /// How many calls that fit are let be before.
    #[serde(default)]
    pub after: u64,
    /// How many times at most.
    #[serde(default)]
    pub times: Option<u64>,
    /// How long the rule holds, in seconds from when it is set; none: until it is taken away.
    #[serde(default)]
    pub lasts: Option<f64>,
    /// The time that belongs to the fault.
    #[serde(default = "second")]
    pub seconds: f64,
    /// The code that belongs to the fault.
    #[serde(default)]
    pub code: Option<String>,
    /// The message that belongs to the fault.
    #[serde(default)]
    pub message: Option<String>,
    /// The header `Retry-After` of a refusal, in seconds. None: as AWS has it.
    #[serde(default)]
    pub retry_after: Option<u32>,
    /// The chance that belongs to the fault.
    #[serde(default = "half")]
    pub omit: f64,
}

fn one() -> f64 {
    1.0
}

fn half() -> f64 {
    0.5
}

fn second() -> f64 {
    1.0
}

/// How a connection ends without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// It is closed.
    Reset,
    /// It stays open, in silence.
    Hang,
}

/// What the rules make of one call.
#[derive(Debug, Clone, Default)]
pub struct Play {
    /// The fault that was played, for the journal.
    pub fault: Option<Fault>,
    /// How long the call takes.
    pub delay: Duration,
    /// The answer instead of what would happen.
    pub refuse: Option<Refusal>,
    /// How the connection ends, and whether the call has happened by then.
    pub cut: Option<(Cut, bool)>,
    /// The reason code that an accepted update fails with.
    pub fails: Option<String>,
    /// How much longer an accepted update takes.
    pub stuck: Duration,
    /// How old what is shown is.
    pub lag: Duration,
    /// The chance of each row to be left out.
    pub omit: f64,
    /// Whether the environment is hidden.
    pub blind: bool,
    /// When somebody undoes it.
    pub undone: Option<Duration>,
    /// The principal that a new statement shows instead of its own.
    pub rewrite: Option<String>,
}

#[derive(Debug)]
struct Kept {
    rule: Rule,
    until: Option<Moment>,
    played: u64,
    asked: u64,
}

/// The rules in force.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    seed: u64,
    rules: Vec<Kept>,
}

impl Faults {
    /// Replaces all rules.
    pub(crate) fn set(&mut self, seed: u64, rules: Vec<Rule>, now: Moment) {
        self.seed = seed;
        let kept = |rule: Rule| {
            let until = rule.lasts.map(|it| now + time(it));
            Kept { rule, until, played: 0, asked: 0 }
        };
        self.rules = rules.into_iter().map(kept).collect();
    }

    /// What happens to this call. Several rules may add up; the first that ends it ends it.
    pub(crate) fn play(&mut self, call: &Call, now: Moment) -> Play {
        let mut play = Play::default();
        for (index, kept) in self.rules.iter_mut().enumerate() {
            if play.refuse.is_some() || play.cut.is_some() {
                break;
            }
            if !kept.fits(call, now) {
                continue;
            }
            kept.asked += 1;
            let (rule, time) = (index.to_string(), kept.asked.to_string());
            let parts = [rule.as_str(), call.operation, &call.resource, &time];
            let counts = kept.asked > kept.rule.after;
            if counts && chance::share(self.seed, &parts) < kept.rule.share {
                kept.played += 1;
                play.add(&kept.rule, call);
            }
        }
        play
    }
}

impl Kept {
    fn fits(&self, call: &Call, now: Moment) -> bool {
        let rule = &self.rule;
        let operation = rule.operations.is_empty()
            || rule.operations.iter().any(|it| call.operation.starts_with(it.as_str()));
        let resource = rule.resources.is_empty() || rule.resources.contains(&call.resource);
        let holds = |text: &String| call.body.to_string().contains(text.as_str());
        let contains = rule.contains.as_ref().is_none_or(holds);
        let account = rule.account.as_ref().is_none_or(|it| *it == call.caller.account);
        let lasts = self.until.is_none_or(|it| now < it);
        let left = rule.times.is_none_or(|it| self.played < it);
        operation && resource && account && contains && lasts && left
    }
}

impl Play {
    fn add(&mut self, rule: &Rule, call: &Call) {
        let time = time(rule.seconds);
        match rule.fault {
            Fault::Throttle => self.refuse = Some(quota::throttle(call.service)),
            Fault::Error => self.refuse = Some(broken(call)),
            Fault::Unavailable => self.refuse = Some(Refusal::new(503, "", "")),
            Fault::Deny => self.refuse = Some(denied(call)),
            Fault::Expired => self.refuse = Some(expired(call)),
            Fault::ResetBefore => self.cut = Some((Cut::Reset, false)),
            Fault::ResetAfter => self.cut = Some((Cut::Reset, true)),
            Fault::HangBefore => self.cut = Some((Cut::Hang, false)),
            Fault::HangAfter => self.cut = Some((Cut::Hang, true)),
            Fault::Latency => self.delay += time,
            Fault::FailUpdate => {
                self.fails = Some(rule.code.clone().unwrap_or_else(|| "InternalError".into()));
            }
            Fault::Stuck => self.stuck += time,
            Fault::Stale => self.lag = self.lag.max(time),
            Fault::HalfList => self.omit = self.omit.max(rule.omit),
            Fault::Blind => self.blind = true,
            Fault::Rival => self.undone = Some(time),
            Fault::Refuse => self.refuse = Some(refused(rule)),
            Fault::Rewrite => self.rewrite.clone_from(&rule.code),
        }
        if let (Some(refusal), Some(_)) = (&mut self.refuse, rule.retry_after) {
            refusal.retry_after = rule.retry_after;
        }
        self.fault = Some(rule.fault);
    }
}

/// A refusal in the rule's own words.
fn refused(rule: &Rule) -> Refusal {
    let code = rule.code.clone().unwrap_or_else(|| "InvalidParameterValueException".into());
    Refusal::new(400, code, rule.message.clone().unwrap_or_default())
}

fn denied(call: &Call) -> Refusal {
    let (service, operation) = (call.service.name(), call.operation);
    let text = format!(
        "User: arn:aws:iam::{}:user/stand-in is not authorized to perform: {service}:{operation} because no identity-based policy allows the {service}:{operation} action",
        call.caller.account
    );
    let code = match call.service {
        Service::Registry => "DENIED",
        _ => "AccessDeniedException",
    };
    Refusal::new(403, code, text)
}

fn broken(call: &Call) -> Refusal {
    let code = match call.service {
        Service::Registry => "UNKNOWN",
        _ => "ServiceException",
    };
    Refusal::new(500, code, "The service encountered an internal error.")
}

fn expired(call: &Call) -> Refusal {
    let code = match call.service {
        Service::Registry => return oci::expired(),
        Service::Sts => "ExpiredToken",
        _ => "ExpiredTokenException",
    };
    Refusal::new(403, code, "The security token included in the request is expired")
}

fn time(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX / 4)
}
