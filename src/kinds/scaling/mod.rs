//! How many instances of one's own a function runs on (Lambda Managed Instances): of each version that its alias
//! leads to, since AWS keeps these numbers by version. A version that is on its way has them as soon as it has
//! callers.

mod aws;

use std::fmt;

use serde::Deserialize;
use serde_json::{Value, json};

use super::block::{At, BelongsTo, Block, FacetState, Fields};
use crate::{
    engine::diff::{Cause, Reason},
    kinds::{document::Violation, part::Site},
    shape::{Field, Shape},
};

/// `scalingConfig`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scaling {}

const MIN: &str = "minExecutionEnvironments";
const MAX: &str = "maxExecutionEnvironments";
/// The most that AWS takes (Lambda API reference, FunctionScalingConfig).
const MOST: i64 = 15_000;

const LIMITS: &[Field] = &[
    Field::required(MIN, Shape::Int(0, MOST), "How many there are at least.")
        .aws("MinExecutionEnvironments"),
    Field::required(
        MAX,
        Shape::Int(0, MOST),
        "How many there are at most; 0, with a minimum of 0, switches the function off.",
    )
    .aws("MaxExecutionEnvironments"),
];

/// `scalingConfig` as it is written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "documented in the shape")]
pub struct ScalingDoc {
    pub min_execution_environments: i32,
    pub max_execution_environments: i32,
}

/// The least and the most; nothing where AWS says nothing.
pub type Limits = (Option<i32>, Option<i32>);

/// How many instances there may be.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// As wanted. Of what is live: those of the first version that are not as wanted, or of any.
    pub limits: Limits,
    /// Of what is live: that version.
    pub version: Option<VersionLimits>,
    /// Of what is live: all of them.
    pub versions: Vec<VersionLimits>,
}

/// A version that has callers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct VersionLimits {
    /// Its number.
    pub number: String,
    /// What was asked for it; `None`: nobody has asked for anything.
    pub asked: Option<Limits>,
    /// What AWS has made of it.
    pub applied: Limits,
}

impl VersionLimits {
    fn limits(&self) -> Limits {
        self.asked.unwrap_or(self.applied)
    }
}

/// PutFunctionScalingConfig for a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The function and its version.
    pub at: At,
    /// The least and the most.
    pub limits: Limits,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |it: Option<i32>| it.map_or_else(|| "?".into(), |it| it.to_string());
        let (min, max) = (number(self.limits.0), number(self.limits.1));
        write!(f, "scale function {} from {min} to {max} instances", self.at)
    }
}

/// Whether it may belong to a function. `managed`: that runs on instances of its own.
pub fn check_host(managed: bool) -> Option<Violation> {
    let message = "only functions on instances of your own have numbers of them";
    let hint = "set `capacityProviderConfig`; for Lambda's own instances there is `concurrency`";
    (!managed).then(|| Violation::new(&[], message, hint))
}

impl Block for Scaling {
    const NAME: &'static str = "Scaling";
    const FIELD: &'static str = "scalingConfig";
    const CAUSE: Cause = Cause::Scaling;
    const BELONGS_TO: BelongsTo = BelongsTo::Versions;
    const SHAPE: Field = Field::optional(
        Self::FIELD,
        Shape::Object(LIMITS),
        "not managed",
        "How many instances of your own each version runs on that the alias of `release` leads to (Lambda Managed \
         Instances). They cost money also while nobody calls.",
    ).aws("lambda:PutFunctionScalingConfig.FunctionScalingConfig");
    type Doc = ScalingDoc;
    type Config = Config;
    type Call = Call;

    fn check(doc: &ScalingDoc) -> Vec<Violation> {
        let ScalingDoc { min_execution_environments: min, max_execution_environments: max } = doc;
        let message = format!("`{MIN}` is {min}, and `{MAX}` only {max}");
        let violation =
            || Violation::new(&[MIN], message, "take at most the maximum, or 0 for both");
        (min > max).then(violation).into_iter().collect()
    }

    fn config(doc: &ScalingDoc, _: &Site<'_>) -> Config {
        let limits = (Some(doc.min_execution_environments), Some(doc.max_execution_environments));
        Config { limits, version: None, versions: Vec::new() }
    }

    fn fields(config: &Config) -> Fields {
        let (min, max) = config.limits;
        let fields = [(MIN, min), (MAX, max)];
        fields.into_iter().filter_map(|(path, it)| Some((path.into(), it?.to_string()))).collect()
    }

    /// What nobody asked for are AWS's own numbers.
    fn to_manifest(config: &Config) -> Option<Value> {
        let (min, max) = config.versions.iter().find_map(|it| it.asked)?;
        Some(json!({ MIN: min?, MAX: max? }))
    }

    /// AWS starts every version with numbers of its own.
    fn is_free(_: &Config) -> bool {
        true
    }

    /// Versions come and go.
    fn is_as_asked(live: &Config, wanted: &Config) -> bool {
        live.limits == wanted.limits
    }

    fn is_untouched(live: &Config) -> bool {
        live.version.as_ref().is_some_and(|it| it.asked.is_none())
    }

    /// Every new version begins with numbers of AWS's own.
    fn untouched(live: &Config) -> Option<Config> {
        let versions = live.versions.iter().filter(|it| it.asked.is_none()).cloned().collect();
        Some(Config { versions, ..live.clone() })
    }

    fn which(live: &Config) -> Option<&str> {
        live.version.as_ref().map(|it| it.number.as_str())
    }

    /// Numbers that nobody asks for are AWS's own.
    fn concern(live: &Config, wanted: Option<&Config>) -> Option<Config> {
        let wanted = wanted?;
        let mut all = live.versions.iter();
        let wrong = all.clone().find(|it| it.limits() != wanted.limits);
        let version = wrong.or_else(|| all.next())?.clone();
        let versions = live.versions.clone();
        Some(Config { limits: version.limits(), version: Some(version), versions })
    }

    fn put(at: &At, wanted: &Config, live: Option<&Config>) -> Vec<Call> {
        let all = live.into_iter().flat_map(|it| &it.versions);
        let wrong = all.filter(|it| it.limits() != wanted.limits);
        let of = |it: &VersionLimits| At {
            function: at.function.clone(),
            qualifier: Some(it.number.clone()),
        };
        wrong.map(|it| Call { at: of(it), limits: wanted.limits }).collect()
    }

    /// There is no way back to AWS's own numbers: they stay, and are forgotten.
    fn remove(_: &At, _: &Config) -> Vec<Call> {
        Vec::new()
    }

    fn state(live: &Config, _: &Config) -> FacetState {
        if live.versions.iter().all(|it| it.limits() == it.applied) {
            return FacetState::Settled;
        }
        FacetState::Working(Reason::new("Scaling", "AWS is starting or stopping instances"))
    }
}
