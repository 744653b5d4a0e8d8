//! The list of the facets of a function.

/// Hands the list of the facets of a function to another macro, the function itself first, as `Variant(field): Kind;`
/// each. `field`: as in [`crate::kinds::each_kind`].
macro_rules! each_facet {
    ($do:ident) => {
        $do! {
            Function(functions): crate::kinds::function::Function;
            Release(releases): crate::kinds::release::Release;
            Url(urls): crate::kinds::block::Of<crate::kinds::url::Url>;
            Permissions(permissions): crate::kinds::block::Of<crate::kinds::permissions::Permissions>;
            AsyncInvoke(async_invokes): crate::kinds::block::Of<crate::kinds::async_invoke::AsyncInvoke>;
            Concurrency(concurrencies): crate::kinds::block::Of<crate::kinds::concurrency::Concurrency>;
            Provisioned(provisioned): crate::kinds::block::Of<crate::kinds::provisioned::Provisioned>;
            Scaling(scalings): crate::kinds::block::Of<crate::kinds::scaling::Scaling>;
            Recursion(recursions): crate::kinds::block::Of<crate::kinds::recursion::Recursion>;
            EventSource(event_sources): crate::kinds::event_source::EventSource;
            LogGroup(log_groups): crate::kinds::block::Of<crate::kinds::log_group::LogGroup>;
        }
    };
}
pub(crate) use each_facet;
