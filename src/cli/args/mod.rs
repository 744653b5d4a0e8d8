//! The arguments of every command.

mod access;
mod import;
mod listen;
mod manifests;
mod object;
mod output;
mod publish;
mod query_args;
mod reconcile_args;
mod scope;
mod test;

pub use self::{
    access::{AccessArgs, CoreArgs},
    import::ImportArgs,
    listen::ListenArgs,
    manifests::{ManifestArgs, StrictArgs},
    object::{
        FunctionArgs, InvokeArgs, LogsArgs, ObjectArgs, ResumeArgs, RollbackArgs, SuspendArgs,
    },
    output::{Output, PlanOutput},
    publish::PublishArgs,
    query_args::{
        CheckArgs, ExplainArgs, InitArgs, RefreshArgs, SchemaArgs, SchemaOf, StatusArgs,
        StatusOutput,
    },
    reconcile_args::{ApplyArgs, ModeArg, PlanArgs, RunArgs},
    scope::{RailArgs, ScopeArgs},
    test::TestArgs,
};
pub(super) use self::{
    import::ValuesArg,
    publish::{ImageBuilder, PinMode},
    test::On,
};
