//! A function with everything that belongs to it, as one resource: one engine keeps it whole. What each facet is, its
//! own kind says; here they are only put side by side.

mod aws;
mod list;
mod union;

pub(crate) use self::list::each_facet;
pub use self::union::{FunctionReading, FunctionResource, FunctionSpec, FunctionStep};

/// Hands the list of all resources to another macro, as `field: Resource;` each. Each has an engine. What others wait
/// for comes first, so that it is under way when they begin to.
macro_rules! each_resource {
    ($do:ident) => {
        $do! {
            images: crate::engine::resource::Single<crate::kinds::image::Image>;
            repositories: crate::engine::resource::Single<crate::kinds::repository::Repository>;
            functions: crate::kinds::facets::FunctionResource;
        }
    };
}
pub(crate) use each_resource;
