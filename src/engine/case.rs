//! What a verdict is about, and what it says.

use super::{
    desired::DesiredObject,
    diff::{Diff, Planned, Reason, Wait},
    facet::FacetKey,
    facts::Facts,
    gate::Gate,
    memory::Memory,
    observed::Observed,
    policy::Settings,
    resource::Resource,
    time::Now,
};

/// What to do about one object.
pub enum Verdict<S> {
    /// Nothing: it is as it should be.
    InSync,
    /// This, if the gate is open.
    Act(Planned<S>),
    /// Nothing yet.
    Wait(Wait),
    /// Nothing, until a person decides.
    Refuse(Reason),
}

/// A verdict and everything that led to it.
pub struct Judgement<S> {
    /// What to do.
    pub verdict: Verdict<S>,
    /// What differs, who moved, and all the steps; without those that have been tried in vain.
    pub diff: Diff<S>,
    /// Why nothing may be written just now, though there may be reason to.
    pub gate: Option<Gate>,
}

/// Whether callers are to be saved from something ([`Resource::rescues`]).
pub fn rescues<R: Resource>(verdict: &Verdict<R::Step>) -> bool {
    matches!(verdict, Verdict::Act(planned) if R::rescues(&planned.step))
}

/// Everything that a verdict depends on.
pub struct Case<'a, R: Resource> {
    /// The facet of the object.
    pub key: &'a FacetKey,
    /// What the manifest asks for.
    pub wanted: &'a DesiredObject<R::Spec>,
    /// What was seen.
    pub observed: &'a Observed<R::Reading>,
    /// What the other kinds say.
    pub facts: &'a Facts,
    /// What the operator set.
    pub settings: &'a Settings,
    /// What this process remembers of the object.
    pub memory: &'a Memory<R::Spec>,
    /// The moment.
    pub now: Now,
}
