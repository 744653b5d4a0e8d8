//! A tree against a shape: every difference is a note.

use std::fmt::Display;

use super::{
    diagnostics::Diagnostics,
    hint,
    named::{NamedNode, short},
    near::nearest,
    parse_error::ParseError,
    scalar::{self, YamlScalar},
    template,
    tree::Value,
};
use crate::{
    engine::count::count,
    shape::{Field, Map, Shape, Text},
};

/// Checks a value against a shape, and adds a diagnostic for everything in it that does not fit.
/// Members that must be there and are not are found by [`missing`].
pub(super) fn check(named: &NamedNode<'_>, shape: &Shape, diagnostics: &mut Diagnostics) {
    if named.is_placeholder(shape) {
        return placeholder(named, shape, diagnostics);
    }
    match (shape, &named.node.value) {
        (Shape::Object(fields), Value::Map(_)) => object(named, shape, fields, diagnostics),
        (Shape::Map(map), Value::Map(_)) => self::map(named, shape, map, diagnostics),
        (Shape::List(item, max), Value::List(_)) => list(named, item, *max, diagnostics),
        (Shape::Either(one, other), value) => {
            if let Some(hint) = hint::field_as_word(named, one, other) {
                let message = format!(
                    "{} is `{}`",
                    named.called(),
                    short(named.node.text().unwrap_or_default())
                );
                let error = ParseError::new(named.node.at, message, hint);
                return diagnostics.push(error.showing(named.excerpt(one)));
            }
            let maps = matches!(value, Value::Map(_));
            let lists = matches!(value, Value::List(_));
            let fits = |shape: &Shape| match shape {
                Shape::Object(_) | Shape::Map(_) => maps,
                Shape::List(..) => lists,
                // The word must stand there: an empty value is more likely forgotten than meant.
                Shape::Null => named.node.is_null() && named.node.text() != Some(""),
                _ => !maps && !lists,
            };
            check(named, if fits(other) { other } else { one }, diagnostics);
        }
        (
            Shape::Text(_)
            | Shape::Int(..)
            | Shape::Number(..)
            | Shape::Flag
            | Shape::Choice(_)
            | Shape::Time,
            Value::Scalar { text, plain },
        ) => scalar(named, shape, scalar::read(text, *plain), diagnostics),
        (Shape::Any, _) => {}
        (Shape::Null, _) if named.node.is_null() => {}
        (shape, _) => wrong_type(named, shape, diagnostics),
    }
}

fn object(named: &NamedNode<'_>, shape: &Shape, fields: &[Field], diagnostics: &mut Diagnostics) {
    for (key, value) in named.node.pairs() {
        let name = key.text().unwrap_or_default();
        match fields.iter().find(|it| it.name == name) {
            Some(field) => check(&named.field(field, value), &field.shape, diagnostics),
            None => unknown(&named.member(shape, key, key), fields, diagnostics),
        }
    }
}

/// Adds a diagnostic for each member that must be there and is not, at any depth. `owner` is the
/// value that should fit the shape.
pub(super) fn missing(owner: &NamedNode<'_>, shape: &Shape, diagnostics: &mut Diagnostics) {
    match (shape, &owner.node.value) {
        (Shape::Object(fields), Value::Map(_)) => {
            for field in *fields {
                match owner.node.member(field.name) {
                    Some((_, value)) => {
                        missing(&owner.field(field, value), &field.shape, diagnostics);
                    }
                    None if field.required => {
                        let message = format!("{} has no `{}`", owner.called(), field.name);
                        let hint = format!("add it: {}", field.doc);
                        diagnostics.push(ParseError::new(owner.node.at, message, hint));
                    }
                    None => {}
                }
            }
        }
        (Shape::List(item, _), _) => {
            for node in owner.node.items() {
                missing(&owner.item(node), item, diagnostics);
            }
        }
        (Shape::Map(map), _) => {
            for (key, node) in owner.node.pairs() {
                missing(&owner.member(shape, key, node), map.value, diagnostics);
            }
        }
        (Shape::Either(one, other), _) => {
            let shape = if matches!(one, Shape::Object(_)) { one } else { other };
            missing(owner, shape, diagnostics);
        }
        _ => {}
    }
}

/// Adds a diagnostic about a key that is none of an object's. A near word is no hint where it would
/// tell of a secret.
fn unknown(key: &NamedNode<'_>, fields: &[Field], diagnostics: &mut Diagnostics) {
    let names = fields.iter().map(|it| it.name);
    let near = if key.below { None } else { nearest(key.name, names.clone()) };
    let item = key.name.strip_prefix('-').filter(|it| !it.is_empty() && !key.below);
    let hint = match (near, item) {
        (_, Some(item)) => {
            format!("an item of a list has a space after its `-`: `- {}`", short(item))
        }
        (Some(near), None) => format!("did you mean `{near}`?"),
        (None, None) => format!("known here are {}", names.collect::<Vec<_>>().join(", ")),
    };
    let message = format!("{} is not a field that is known here", key.called());
    let excerpt = format!("{}: …", short(key.name));
    diagnostics.push(ParseError::new(key.node.at, message, hint).showing(excerpt));
}

/// Checks a map: how many entries it has, each key against a text, each value against a shape. The
/// message names a key only where it cannot be a secret.
fn map(named: &NamedNode<'_>, shape: &Shape, map: &Map, diagnostics: &mut Diagnostics) {
    let pairs = named.node.pairs();
    if pairs.len() > map.entries_max {
        let message = format!("{} has {}", named.called(), count(pairs.len(), "entry"));
        let hint = format!("at most {} are allowed", map.entries_max);
        diagnostics.push(ParseError::new(named.node.at, message, hint));
    }
    for (key, value) in pairs {
        let name = key.text().unwrap_or_default();
        let inner = named.member(shape, key, value);
        if let Some(wrong) = text(name, map.key) {
            let message = if inner.below {
                format!("a key in {} is not allowed: {wrong}", named.called())
            } else {
                format!("{} is no key for {}: {wrong}", inner.called(), named.called())
            };
            let excerpt = format!("{}: …", short(inner.name));
            diagnostics.push(ParseError::new(key.at, message, "").showing(excerpt));
        }
        check(&inner, map.value, diagnostics);
    }
}

/// Checks a list: how many entries it has, and each of them against a shape.
fn list(named: &NamedNode<'_>, item: &Shape, max: usize, diagnostics: &mut Diagnostics) {
    let items = named.node.items();
    if items.len() > max {
        let message = format!("{} has {}", named.called(), count(items.len(), "entry"));
        diagnostics.push(ParseError::new(
            named.node.at,
            message,
            format!("at most {max} are allowed"),
        ));
    }
    for node in items {
        check(&named.item(node), item, diagnostics);
    }
}

/// Checks a scalar against a shape: its type, its bounds, its form, its choices. The message
/// repeats the value only if it may be shown.
fn scalar(
    named: &NamedNode<'_>,
    shape: &Shape,
    value: YamlScalar<'_>,
    diagnostics: &mut Diagnostics,
) {
    let name = named.called();
    let hidden = named.hides(shape);
    let value = match (shape, value) {
        #[expect(clippy::cast_precision_loss, reason = "such numbers are out of bounds anyway")]
        (Shape::Number(..), YamlScalar::Int(int)) => YamlScalar::Float(int as f64),
        (_, value) => value,
    };
    let shown =
        |value: &dyn Display| if hidden { "not allowed".to_owned() } else { value.to_string() };
    let wrong = match (shape, value) {
        (Shape::Int(min, _), YamlScalar::Int(int)) if int < *min => {
            Some((format!("{name} is {}; the smallest is {min}", shown(&int)), String::new()))
        }
        (Shape::Int(_, max), YamlScalar::Int(int)) if int > *max => {
            Some((format!("{name} is {}; the greatest is {max}", shown(&int)), String::new()))
        }
        (Shape::Number(min, max), YamlScalar::Float(number)) => {
            let wrong = format!("{name} is {}; it may be {min} to {max}", shown(&number));
            (!(*min..=*max).contains(&number)).then_some((wrong, String::new()))
        }
        (Shape::Text(form), YamlScalar::Text(value)) => text(value, form).map(|wrong| {
            let hint = if template::is_template(value) { template::HINT } else { "" };
            (format!("{name} is not allowed: {wrong}"), hint.to_owned())
        }),
        (Shape::Choice(choices), YamlScalar::Text(value)) if !choices.contains(&value) => {
            let near = if hidden { None } else { nearest(value, choices.iter().copied()) };
            let known = format!("it may be {}", choices.join(" or "));
            let hint = near.map_or(known, |near| format!("did you mean `{near}`?"));
            Some((format!("{name} is {}", shown(&format!("`{}`", short(value)))), hint))
        }
        (Shape::Time, YamlScalar::Text(value)) if value.parse::<jiff::Timestamp>().is_err() => {
            Some((format!("{name} is not a time"), "write it as 2026-12-01T00:00:00Z".to_owned()))
        }
        (Shape::Int(..), YamlScalar::Int(_))
        | (Shape::Flag, YamlScalar::Flag(_))
        | (Shape::Choice(_) | Shape::Time, YamlScalar::Text(_)) => None,
        (shape, _) => return wrong_type(named, shape, diagnostics),
    };
    if let Some((message, hint)) = wrong {
        diagnostics
            .push(ParseError::new(named.node.at, message, hint).showing(named.excerpt(shape)));
    }
}

/// What is wrong with a text, without the text itself; `None` if nothing is.
fn text(value: &str, form: &Text) -> Option<String> {
    let length = value.chars().count();
    if length > form.max {
        return Some(format!("it has {}; {} are allowed", count(length, "character"), form.max));
    }
    if length < form.min {
        return Some(match (length, form.words) {
            (0, _) => "it is empty".to_owned(),
            (_, "") => format!("it has {}; {} are needed", count(length, "character"), form.min),
            (_, words) => format!("it should be {words}"),
        });
    }
    (!form.fits(value)).then(|| format!("it should be {}", form.words))
}

fn placeholder(named: &NamedNode<'_>, shape: &Shape, diagnostics: &mut Diagnostics) {
    let message = format!("{} is a placeholder from an import", named.called());
    let keep = "write its value, or `{ keep: true }` to keep whatever is there";
    let hint = if named.hides(shape) { keep } else { "write its value" };
    let excerpt = format!("{}: …", short(named.name));
    diagnostics.push(ParseError::new(named.node.at, message, hint).showing(excerpt));
}

/// Adds a diagnostic about a value that is of another type than its shape, with a hint for what
/// people often write.
fn wrong_type(named: &NamedNode<'_>, shape: &Shape, diagnostics: &mut Diagnostics) {
    let (found, hint) = match &named.node.value {
        Value::List(_) => ("a list", ""),
        Value::Map(_) => ("a map", ""),
        Value::Scalar { text, plain } => match (scalar::read(text, *plain), shape) {
            (YamlScalar::Null, Shape::Map(_) | Shape::Object(_) | Shape::List(..)) => {
                ("nothing", "indent what belongs to it, or take the line out")
            }
            (YamlScalar::Null, _) => ("nothing", "give a value, or take the line out"),
            (YamlScalar::Int(_) | YamlScalar::Float(_), Shape::Text(_) | Shape::Choice(_)) => {
                ("a number", "put it in quotes")
            }
            (YamlScalar::Flag(_), Shape::Text(_) | Shape::Choice(_)) => {
                ("true or false", "put it in quotes")
            }
            (YamlScalar::Text(_), Shape::Flag) => {
                ("a text", "write `true` or `false`, without quotes")
            }
            (YamlScalar::Text(_), Shape::Int(..) | Shape::Number(..)) => {
                ("a text", "write the number without quotes")
            }
            (YamlScalar::Int(_) | YamlScalar::Float(_), _) => ("a number", ""),
            (YamlScalar::Flag(_), _) => ("true or false", ""),
            (YamlScalar::Text(_), _) => ("a text", ""),
        },
    };
    let hint = hint::better(named, shape).unwrap_or_else(|| hint.to_owned());
    let message = format!("{} should be a {}, and is {found}", named.called(), shape.word());
    let message = message.replace("a true or false", "true or false");
    diagnostics.push(ParseError::new(named.node.at, message, hint).showing(named.excerpt(shape)));
}
