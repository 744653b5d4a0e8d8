//! The arguments of every command.

mod access;
mod command;
mod config;
#[cfg(feature = "demo")]
mod demo;
mod global;
mod import;
mod listen;
mod manifests;
mod manual;
mod object;
mod output;
mod publish;
mod query_args;
mod reconcile_args;
mod scope;
mod test;

#[cfg(feature = "demo")]
pub use self::demo::DemoArgs;
pub use self::{
    access::{AccessArgs, CoreArgs},
    command::{Cli, Command},
    config::ConfigArgs,
    global::GlobalArgs,
    import::ImportArgs,
    listen::ListenArgs,
    manifests::{ManifestArgs, StrictArgs},
    manual::{CompletionsArgs, ManArgs},
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
    scope::{DirArgs, PathArgs, RailArgs, ScopeArgs},
    test::TestArgs,
};
pub(super) use self::{
    global::LogFormat,
    import::ValuesArg,
    publish::{ImageBuilder, PinMode},
    scope::STDIN,
    test::On,
};
