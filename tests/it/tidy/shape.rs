//! The shapes of types that hide a struct or an enum without a name.

use std::collections::BTreeSet;

use proc_macro2::Ident;
use syn::{GenericArgument, Pat, PatType, PathArguments, Type, TypeTuple, spanned::Spanned as _};

/// A tuple as a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tuple {
    /// Things of one type, as a row and a column.
    Plain,
    /// Different things. Texts are: only their order says which is which.
    Mixed,
}

/// The tuple that a parameter is: by its type, also behind a reference, or since it is taken apart as one.
pub(crate) fn tuple(parameter: &PatType) -> Option<Tuple> {
    let Some(tuple) = tuple_type(&parameter.ty) else {
        return matches!(&*parameter.pat, Pat::Tuple(_)).then_some(Tuple::Mixed);
    };
    let types: BTreeSet<_> = tuple.elems.iter().map(|it| it.span().source_text()).collect();
    let plain = types.len() == 1 && !tuple.elems.iter().any(is_text);
    Some(if plain { Tuple::Plain } else { Tuple::Mixed })
}

/// The tuple that a type is, also behind references.
pub(crate) fn tuple_type(ty: &Type) -> Option<&TypeTuple> {
    match ty {
        Type::Reference(it) => tuple_type(&it.elem),
        Type::Paren(it) => tuple_type(&it.elem),
        Type::Tuple(it) if it.elems.len() > 1 => Some(it),
        _ => None,
    }
}

pub(crate) fn is_text(ty: &Type) -> bool {
    match ty {
        Type::Reference(it) => is_text(&it.elem),
        _ => last_name(ty).is_some_and(|it| it == "str" || it == "String"),
    }
}

/// The outer one of two types that together have more states than they name: an `Option` or a `Result` directly in
/// an `Option`, or a `Result` in a `Result`.
pub(crate) fn nested(ty: &Type) -> Option<&Ident> {
    let inside = arguments(ty);
    let has = |name: &str| inside.iter().any(|it| last_name(it).is_some_and(|it| it == name));
    let outer = last_name(ty).filter(|it| {
        *it == "Option" && (has("Option") || has("Result")) || *it == "Result" && has("Result")
    });
    outer.or_else(|| inside.into_iter().find_map(nested))
}

/// The last name of a path.
pub(crate) fn last_name(ty: &Type) -> Option<&Ident> {
    match ty {
        Type::Path(it) => it.path.segments.last().map(|it| &it.ident),
        _ => None,
    }
}

/// The types that a type is made of.
fn arguments(ty: &Type) -> Vec<&Type> {
    match ty {
        Type::Reference(it) => vec![&it.elem],
        Type::Slice(it) => vec![&it.elem],
        Type::Array(it) => vec![&it.elem],
        Type::Paren(it) => vec![&it.elem],
        Type::Tuple(it) => it.elems.iter().collect(),
        Type::Path(it) => {
            let last = it.path.segments.last().map(|it| &it.arguments);
            let Some(PathArguments::AngleBracketed(it)) = last else { return Vec::new() };
            let types = it.args.iter().filter_map(|it| match it {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            });
            types.collect()
        }
        _ => Vec::new(),
    }
}
