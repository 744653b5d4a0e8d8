//! What the rules need to know of a source file, read once with `syn`: what it declares, what it names, and the
//! shape of its signatures. Code under `#[cfg(test)]` is left out.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem, slice,
};

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::{
    Attribute, Expr, FnArg, ImplItem, Item, ItemImpl, Meta, ReturnType, Signature, Type,
    Visibility,
    visit::{self, Visit},
};

use super::{
    shape::{self, Tuple},
    syntax::{self, attributes, declaration, is_test, segments},
    tree::Text,
};

/// The library, as `main.rs` names it.
const LIBRARY: &str = "evenkeel";

/// A name and the line where it stands.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) name: String,
    pub(crate) line: usize,
}

/// A path that code names, from `crate` or from the name of another crate on.
#[derive(Debug)]
pub(crate) struct Mention {
    pub(crate) path: Vec<String>,
    pub(crate) line: usize,
    pub(crate) form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Import,
    /// A `pub use`, which by itself uses nothing.
    ReExport,
    /// A type, a trait, a pattern, a macro.
    Name,
    /// Something that is called, built, or handed on as a function.
    Value,
}

/// One file of Rust.
#[derive(Debug, Default)]
pub(crate) struct Source {
    pub(crate) text: Text,
    /// Below `src/`.
    pub(crate) path: String,
    /// `crate`, then the modules down to this one.
    pub(crate) module: Vec<String>,
    /// Lines of code, tests at the end not counted.
    pub(crate) lines: usize,
    /// Every name that it declares, but for modules in files of their own.
    pub(crate) items: BTreeSet<String>,
    /// The modules in files of their own that it declares.
    pub(crate) children: BTreeSet<String>,
    /// The names that its imports bring, and what they stand for.
    pub(crate) imports: BTreeMap<String, Vec<String>>,
    /// What it imports everything of.
    pub(crate) globs: Vec<Vec<String>>,
    pub(crate) mentions: Vec<Mention>,
    /// Structs, enums, unions, traits and aliases.
    pub(crate) types: Vec<Place>,
    /// Errors that are a text and nothing else, as code builds them: `Name` or `Name::Variant`.
    pub(crate) text_errors: Vec<Vec<String>>,
    /// Functions with a tuple of different things as a parameter.
    pub(crate) mixed_tuples: Vec<Place>,
    /// Functions with a tuple of things of one type as a parameter.
    pub(crate) plain_tuples: Vec<Place>,
    /// Names of types that are tuples.
    pub(crate) tuple_aliases: Vec<Place>,
    /// Signatures and fields with an `Option` or a `Result` directly in another.
    pub(crate) nested: Vec<Place>,
    /// Whether it makes a type a part of a function.
    pub(crate) is_part: bool,
    /// The text of its constant `FIELD`.
    pub(crate) field: Option<String>,
}

impl Source {
    pub(crate) fn read(text: Text) -> Self {
        let file = syn::parse_file(&text.text).unwrap_or_else(|it| panic!("{}: {it}", text.path));
        let path = text.path.strip_prefix("src/").unwrap_or(&text.path).to_owned();
        let source = Self {
            module: syntax::module(&path),
            lines: syntax::lines(&file, &text.text),
            path,
            text,
            ..Self::default()
        };
        let mut reader = Reader { source, ..Reader::default() };
        reader.declare(&file.items);
        reader.visit_file(&file);
        reader.source
    }

    /// The room or file that it belongs to: `kinds`, or `lib.rs`.
    pub(crate) fn room(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }

    /// The modules that it declares, from `crate` on.
    pub(crate) fn modules(&self) -> impl Iterator<Item = Vec<String>> {
        self.children.iter().map(|it| [self.module.as_slice(), slice::from_ref(it)].concat())
    }
}

#[derive(Default)]
struct Reader {
    source: Source,
    /// How many `mod name { … }` are open.
    inner: usize,
    /// The type whose `impl` is open.
    itself: Vec<String>,
    /// The `impl` that is open is of a trait that is not ours, so that its signatures are not either.
    foreign: bool,
}

impl Reader {
    /// Takes in the names first, since a file may use what it declares further down.
    fn declare(&mut self, items: &[Item]) {
        for item in items.iter().filter(|it| !is_test(attributes(it))) {
            if let Some((name, _)) = declaration(item) {
                self.source.items.insert(name.to_string());
            }
            match item {
                Item::Mod(it) => match &it.content {
                    Some((_, inner)) => {
                        self.source.items.insert(it.ident.to_string());
                        self.declare(inner);
                    }
                    None => drop(self.source.children.insert(it.ident.to_string())),
                },
                Item::Use(it) => self.import(it),
                _ => {}
            }
        }
    }

    fn import(&mut self, item: &syn::ItemUse) {
        for leaf in syntax::leaves(&item.tree) {
            let path = self.absolute(&leaf.path).unwrap_or(leaf.path);
            match leaf.name {
                Some(name) => drop(self.source.imports.insert(name, path)),
                None => self.source.globs.push(path),
            }
        }
    }

    /// The path from `crate` or from another crate on; none for a variable.
    fn absolute(&self, path: &[String]) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        let own = &self.source.module;
        Some(match first.as_str() {
            "crate" => path.to_vec(),
            LIBRARY => [&["crate".to_owned()], rest].concat(),
            "self" => [own, rest].concat(),
            "super" => {
                let ups = path.iter().take_while(|it| *it == "super").count();
                let up = own.len().saturating_sub(ups.saturating_sub(self.inner));
                [&own[..up], &path[ups..]].concat()
            }
            "Self" => [own, &*self.itself, rest].concat(),
            name if self.source.items.contains(name) => [own, path].concat(),
            name if self.source.imports.contains_key(name) => {
                [&self.source.imports[name], rest].concat()
            }
            // A module is no value, so this is a variable.
            name if rest.is_empty() && name.starts_with(char::is_lowercase) => return None,
            name if self.source.children.contains(name) => [own, path].concat(),
            _ => path.to_vec(),
        })
    }

    fn mention(&mut self, path: &[String], at: &Ident, form: Form) {
        if let Some(path) = self.absolute(path) {
            self.source.mentions.push(Mention { path, line: syntax::line(at), form });
        }
    }

    fn mention_path(&mut self, path: &syn::Path, form: Form) {
        if let Some(first) = path.segments.first() {
            self.mention(&segments(path), &first.ident, form);
        }
    }

    /// The paths among tokens that `syn` does not understand: the arguments and bodies of macros.
    fn scan(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += match token {
                TokenTree::Group(group) => {
                    self.scan(group.stream());
                    1
                }
                TokenTree::Ident(first) => self.scan_path(first, &tokens[at..]),
                TokenTree::Punct(_) | TokenTree::Literal(_) => 1,
            };
        }
    }

    /// Takes in the path that begins with the first of some tokens, and returns how many tokens it has.
    fn scan_path(&mut self, first: &Ident, tokens: &[TokenTree]) -> usize {
        let declares = ["struct", "enum", "union", "trait"].iter().any(|it| first == it);
        if let Some(TokenTree::Ident(name)) = tokens.get(1).filter(|_| declares) {
            self.source.types.push(place(name));
        }
        let path = syntax::path_at(tokens);
        // Two colons before each further name.
        let count = path.len() * 3 - 2;
        let call = matches!(tokens.get(count), Some(TokenTree::Group(_)));
        self.mention(&path, first, if call { Form::Value } else { Form::Name });
        count
    }

    fn field(&mut self, name: &Ident, value: &Expr) {
        if name == "FIELD" && self.source.field.is_none() {
            self.source.field = syntax::text(value);
        }
    }

    fn check_nested(&mut self, ty: &Type) {
        if let Some(outer) = shape::nested(ty) {
            self.source.nested.push(place(outer));
        }
    }
}

impl<'a> Visit<'a> for Reader {
    fn visit_item(&mut self, item: &'a Item) {
        if is_test(attributes(item)) {
            return;
        }
        if let Some((name, true)) = declaration(item) {
            self.source.types.push(place(name));
        }
        self.source.text_errors.extend(syntax::text_errors(item));
        match item {
            Item::Const(it) => self.field(&it.ident, &it.expr),
            Item::Type(it) if shape::tuple_type(&it.ty).is_some() => {
                self.source.tuple_aliases.push(place(&it.ident));
            }
            _ => {}
        }
        let inner = usize::from(matches!(item, Item::Mod(_)));
        self.inner += inner;
        visit::visit_item(self, item);
        self.inner -= inner;
    }

    fn visit_item_impl(&mut self, it: &'a ItemImpl) {
        let of = it.trait_.as_ref().map(|(_, path, _)| segments(path)).unwrap_or_default();
        let is_part = of.last().is_some_and(|it| it == "Block" || it == "Part");
        self.source.is_part |= is_part && it.generics.params.is_empty();
        let ours = of.is_empty() || self.absolute(&of).is_some_and(|it| it[0] == "crate");
        let itself = shape::last_name(&it.self_ty).into_iter().map(ToString::to_string).collect();
        let outer =
            (mem::replace(&mut self.foreign, !ours), mem::replace(&mut self.itself, itself));
        visit::visit_item_impl(self, it);
        (self.foreign, self.itself) = outer;
    }

    fn visit_impl_item(&mut self, item: &'a ImplItem) {
        let attributes: &[Attribute] = match item {
            ImplItem::Fn(it) => &it.attrs,
            ImplItem::Const(it) => &it.attrs,
            _ => &[],
        };
        if is_test(attributes) {
            return;
        }
        if let ImplItem::Const(it) = item {
            self.field(&it.ident, &it.expr);
        }
        visit::visit_impl_item(self, item);
    }

    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        let private = matches!(item.vis, Visibility::Inherited);
        let form = if private { Form::Import } else { Form::ReExport };
        for leaf in syntax::leaves(&item.tree) {
            let path = self.absolute(&leaf.path).unwrap_or(leaf.path);
            self.source.mentions.push(Mention { path, line: leaf.line, form });
        }
    }

    /// `pub(in crate::room)` uses nothing.
    fn visit_visibility(&mut self, _: &'a Visibility) {}

    fn visit_path(&mut self, path: &'a syn::Path) {
        self.mention_path(path, Form::Name);
        visit::visit_path(self, path);
    }

    fn visit_expr_path(&mut self, it: &'a syn::ExprPath) {
        self.mention_path(&it.path, Form::Value);
        visit::visit_path(self, &it.path);
        if let Some(itself) = &it.qself {
            self.visit_qself(itself);
        }
    }

    fn visit_expr_struct(&mut self, it: &'a syn::ExprStruct) {
        self.mention_path(&it.path, Form::Value);
        visit::visit_expr_struct(self, it);
    }

    fn visit_macro(&mut self, it: &'a syn::Macro) {
        self.mention_path(&it.path, Form::Name);
        self.scan(it.tokens.clone());
    }

    fn visit_attribute(&mut self, it: &'a Attribute) {
        match &it.meta {
            Meta::List(list) => {
                self.mention_path(&list.path, Form::Name);
                self.scan(list.tokens.clone());
                for path in syntax::paths_in_texts(&list.tokens) {
                    self.mention_path(&path, Form::Name);
                }
            }
            // Documentation is no code.
            meta if meta.path().is_ident("doc") => {}
            _ => visit::visit_attribute(self, it),
        }
    }

    fn visit_signature(&mut self, it: &'a Signature) {
        let parameters = it.inputs.iter().filter_map(|it| match it {
            FnArg::Typed(typed) => Some(typed),
            FnArg::Receiver(_) => None,
        });
        let tuples: Vec<Tuple> = parameters.clone().filter_map(shape::tuple).collect();
        if self.foreign {
            // Its trait says so.
        } else if tuples.contains(&Tuple::Mixed) {
            self.source.mixed_tuples.push(place(&it.ident));
        } else if tuples.contains(&Tuple::Plain) {
            self.source.plain_tuples.push(place(&it.ident));
        }
        let output = match &it.output {
            ReturnType::Type(_, ty) => Some(&**ty),
            ReturnType::Default => None,
        };
        for ty in parameters.map(|it| &*it.ty).chain(output) {
            self.check_nested(ty);
        }
        visit::visit_signature(self, it);
    }

    fn visit_field(&mut self, it: &'a syn::Field) {
        self.check_nested(&it.ty);
        visit::visit_field(self, it);
    }
}

fn place(name: &Ident) -> Place {
    Place { name: name.to_string(), line: syntax::line(name) }
}
