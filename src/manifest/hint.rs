//! What to write instead of a value of the wrong type. A value that may not be shown is in no hint.

use super::{
    named::{NamedNode, short},
    near::nearest,
    scalar::{self, YamlScalar},
    template,
    tree::Value,
    unit,
};
use crate::shape::{DURATION, Field, Shape};

/// How many fields a hint names.
const NAMED_MAX: usize = 8;

/// The hint of a value that is of another type than its shape: what to write instead, as it could stand in the
/// manifest. `None` where nothing better is known than what the types say.
pub(super) fn better(named: &NamedNode<'_>, shape: &Shape) -> Option<String> {
    let Value::Scalar { text, plain } = &named.node.value else { return None };
    if text.is_empty() || named.node.is_null() {
        return None;
    }
    if template::is_template(text) {
        return Some(template::HINT.to_owned());
    }
    let open = !named.hides(shape);
    match shape {
        Shape::Choice(choices) => Some(format!("it may be {}", choices.join(" or "))),
        Shape::Int(..) if open => unit::hint(named.name, text),
        Shape::Text(form) if open && form.pattern == DURATION.pattern => {
            Some(duration(named, &scalar::read(text, *plain)))
        }
        Shape::Object(fields) => {
            let given = open.then(|| scalar::read(text, *plain));
            Some(fields_of(named, given, fields))
        }
        Shape::Map(_) => Some("write its entries below it, indented, as `key: value`".to_owned()),
        Shape::List(Shape::Object(_), _) => {
            Some("write its items below it, indented, each after `- `".to_owned())
        }
        Shape::List(..) if open => Some(format!("write `{}[{}]`", before(named), short(text))),
        Shape::List(..) => Some("write it as a list: `[…]`".to_owned()),
        _ => None,
    }
}

/// The hint of a word that is none of the choices, where a map is allowed too and the word is the name of one of its
/// fields: `strategy: canary`.
pub(super) fn field_as_word(named: &NamedNode<'_>, one: &Shape, other: &Shape) -> Option<String> {
    let (Shape::Choice(choices), Shape::Object(fields)) = (one, other) else { return None };
    let word = named.node.text().filter(|it| !choices.contains(it) && !named.hides(other))?;
    let known = choices.iter().copied().chain(fields.iter().map(|it| it.name));
    let near = nearest(word, known)?;
    let field = fields.iter().find(|it| it.name == near)?;
    Some(format!("write `{}{{ {} }}`", before(named), example(field)))
}

/// A number needs a unit.
fn duration(named: &NamedNode<'_>, given: &YamlScalar<'_>) -> String {
    let units = "the units are ms, s, m and h";
    match given {
        YamlScalar::Int(number) if *number > 0 => {
            format!("write it with a unit, as `{}{number}m`; {units}", before(named))
        }
        _ => format!("write it with a unit, as `{}5m`; {units}", before(named)),
    }
}

/// A word or a number in the place of an object: the field that takes it, if that is clear; else the names of the
/// fields. `given` is `None` if it may not be shown.
fn fields_of(named: &NamedNode<'_>, given: Option<YamlScalar<'_>>, fields: &[Field]) -> String {
    let meant = given.and_then(|it| meant(&it, fields));
    if let Some(meant) = meant {
        return format!("write `{}{{ {meant} }}`", before(named));
    }
    let mut shown: Vec<&str> = fields.iter().map(|it| it.name).take(NAMED_MAX).collect();
    if fields.len() > NAMED_MAX {
        shown.push("…");
    }
    format!("write its fields below it, indented: {}", shown.join(", "))
}

/// The one field that a scalar names, or that takes it, with its value.
fn meant(given: &YamlScalar<'_>, fields: &[Field]) -> Option<String> {
    if let YamlScalar::Text(word) = given {
        let near = nearest(word, fields.iter().map(|it| it.name));
        if let Some(field) = fields.iter().find(|it| Some(it.name) == near) {
            return Some(example(field));
        }
    }
    let mut fit = fields.iter().filter(|it| takes(&it.shape, given));
    let field = fit.next().filter(|_| fit.next().is_none())?;
    match given {
        YamlScalar::Int(number) => Some(format!("{}: {number}", field.name)),
        YamlScalar::Flag(flag) => Some(format!("{}: {flag}", field.name)),
        YamlScalar::Text(word) => Some(format!("{}: {}", field.name, short(word))),
        YamlScalar::Null | YamlScalar::Float(_) => None,
    }
}

/// Whether a field clearly takes a scalar: any text fits where a text is asked for, so that tells nothing.
fn takes(shape: &Shape, given: &YamlScalar<'_>) -> bool {
    match (shape, given) {
        (Shape::Int(min, max), YamlScalar::Int(number)) => (min..=max).contains(&number),
        (Shape::Choice(choices), YamlScalar::Text(word)) => choices.contains(word),
        (Shape::Flag, YamlScalar::Flag(_)) => true,
        (Shape::Either(one, other), _) => takes(one, given) || takes(other, given),
        _ => false,
    }
}

/// A field as it is written, with the fields that it must have: `canary: { steps: …, every: … }`.
fn example(field: &Field) -> String {
    let value = match field.shape {
        Shape::Object(fields) => {
            let required = fields.iter().filter(|it| it.required);
            let parts: Vec<String> = required.map(|it| format!("{}: …", it.name)).collect();
            if parts.is_empty() {
                "{ … }".to_owned()
            } else {
                format!("{{ {} }}", parts.join(", "))
            }
        }
        Shape::Map(_) => "{ … }".to_owned(),
        Shape::List(..) => "[…]".to_owned(),
        _ => "…".to_owned(),
    };
    format!("{}: {value}", field.name)
}

/// What stands before the value: its key, or the dash of an item.
fn before(named: &NamedNode<'_>) -> String {
    if named.is_item { "- ".to_owned() } else { format!("{}: ", short(named.name)) }
}
