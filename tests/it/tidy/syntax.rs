//! Small questions to the syntax of a file: what a `use` brings, what an item declares, which code is a test.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::{Attribute, Expr, ExprLit, Fields, File, Item, Lit, LitStr, Path, UseTree};

use super::shape;

/// `crate`, then the modules down to the file at a path below `src/`.
pub(crate) fn module(path: &str) -> Vec<String> {
    let path = path.strip_suffix(".rs").unwrap_or(path);
    if path == "main" {
        return vec![path.to_owned()];
    }
    let path = path.strip_suffix("/mod").unwrap_or(path);
    let parts = path.split('/').filter(|it| *it != "lib");
    ["crate"].into_iter().chain(parts).map(ToOwned::to_owned).collect()
}

/// The lines of a file before the tests at its end.
pub(crate) fn lines(file: &File, text: &str) -> usize {
    let tests = file.items.iter().rev().take_while(|it| is_test(attributes(it)));
    let first = tests.last().and_then(|it| attributes(it).first());
    first.map_or(text.lines().count(), |it| it.pound_token.spans[0].start().line - 1)
}

/// One name that a `use` brings.
pub(crate) struct Leaf {
    pub(crate) path: Vec<String>,
    /// What it is called here; none for `*`.
    pub(crate) name: Option<String>,
    pub(crate) line: usize,
}

pub(crate) fn leaves(tree: &UseTree) -> Vec<Leaf> {
    let mut found = Vec::new();
    walk(tree, &[], &mut found);
    found
}

fn walk(tree: &UseTree, base: &[String], found: &mut Vec<Leaf>) {
    let with = |name: &Ident| {
        // In a group it stands for the path before the group.
        let same = name == "self" && !base.is_empty();
        [base, &if same { vec![] } else { vec![name.to_string()] }].concat()
    };
    match tree {
        UseTree::Path(it) => walk(&it.tree, &with(&it.ident), found),
        UseTree::Group(it) => it.items.iter().for_each(|it| walk(it, base, found)),
        UseTree::Name(it) => {
            let path = with(&it.ident);
            found.push(Leaf { name: path.last().cloned(), path, line: line(&it.ident) });
        }
        UseTree::Rename(it) => {
            let name = Some(it.rename.to_string());
            found.push(Leaf { path: with(&it.ident), name, line: line(&it.ident) });
        }
        UseTree::Glob(it) => {
            let line = it.star_token.spans[0].start().line;
            found.push(Leaf { path: base.to_vec(), name: None, line });
        }
    }
}

/// The path that begins at the first token, which is a name.
pub(crate) fn path_at(tokens: &[TokenTree]) -> Vec<String> {
    let colon =
        |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(it)) if it.as_char() == ':');
    let mut path = Vec::new();
    while let Some(TokenTree::Ident(name)) = tokens.get(path.len() * 3) {
        path.push(name.to_string());
        let end = path.len() * 3;
        if !(colon(end - 2) && colon(end - 1)) {
            break;
        }
    }
    path
}

/// The paths that an attribute names in texts, as `#[serde(with = "crate::wire")]`.
pub(crate) fn paths_in_texts(tokens: &TokenStream) -> Vec<Path> {
    let texts = tokens.clone().into_iter().filter_map(|it| match it {
        TokenTree::Literal(it) => syn::parse_str::<LitStr>(&it.to_string()).ok(),
        _ => None,
    });
    let paths = texts.filter_map(|it| it.parse::<Path>().ok());
    paths.filter(|it| it.segments.len() > 1).collect()
}

pub(crate) fn segments(path: &Path) -> Vec<String> {
    path.segments.iter().map(|it| it.ident.to_string()).collect()
}

pub(crate) fn line(name: &Ident) -> usize {
    name.span().start().line
}

/// The text that an expression is.
pub(crate) fn text(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}

/// The name that an item declares, and whether it is that of a type.
pub(crate) fn declaration(item: &Item) -> Option<(&Ident, bool)> {
    Some(match item {
        Item::Struct(it) => (&it.ident, true),
        Item::Enum(it) => (&it.ident, true),
        Item::Union(it) => (&it.ident, true),
        Item::Trait(it) => (&it.ident, true),
        Item::TraitAlias(it) => (&it.ident, true),
        Item::Type(it) => (&it.ident, true),
        Item::Fn(it) => (&it.sig.ident, false),
        Item::Const(it) => (&it.ident, false),
        Item::Static(it) => (&it.ident, false),
        Item::Macro(it) => (it.ident.as_ref()?, false),
        _ => return None,
    })
}

pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Struct(it) => &it.attrs,
        Item::Enum(it) => &it.attrs,
        Item::Union(it) => &it.attrs,
        Item::Trait(it) => &it.attrs,
        Item::Type(it) => &it.attrs,
        Item::Fn(it) => &it.attrs,
        Item::Const(it) => &it.attrs,
        Item::Static(it) => &it.attrs,
        Item::Macro(it) => &it.attrs,
        Item::Mod(it) => &it.attrs,
        Item::Use(it) => &it.attrs,
        Item::Impl(it) => &it.attrs,
        _ => &[],
    }
}

pub(crate) fn is_test(attributes: &[Attribute]) -> bool {
    let is_test = |it: &Attribute| it.parse_args::<Ident>().is_ok_and(|it| it == "test");
    attributes.iter().any(|it| it.path().is_ident("cfg") && is_test(it))
}

/// The errors of an item that show a text and hold nothing else, as code builds them.
pub(crate) fn text_errors(item: &Item) -> Vec<Vec<String>> {
    match item {
        Item::Struct(it) if is_text_error(&it.attrs, &it.fields) => {
            vec![vec![it.ident.to_string()]]
        }
        Item::Enum(it) => {
            let texts = it.variants.iter().filter(|it| is_text_error(&it.attrs, &it.fields));
            texts.map(|variant| vec![it.ident.to_string(), variant.ident.to_string()]).collect()
        }
        _ => Vec::new(),
    }
}

fn is_text_error(attributes: &[Attribute], fields: &Fields) -> bool {
    let mut fields = fields.iter();
    let (Some(field), None) = (fields.next(), fields.next()) else { return false };
    let name = field.ident.as_ref().map_or("0".to_owned(), ToString::to_string);
    let format = format!("{{{name}}}");
    let is_bare = |it: &Attribute| it.parse_args::<LitStr>().is_ok_and(|it| it.value() == format);
    let shown = attributes.iter().any(|it| it.path().is_ident("error") && is_bare(it));
    shown && shape::is_text(&field.ty)
}
