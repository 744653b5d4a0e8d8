//! Shapes and rules as one table of constraints: where each stands in a manifest, which member of AWS's API it mirrors,
//! what Evenkeel holds, and where it is known from.

use serde_json::Value;

use super::{
    constraint::{ConstraintPart, FieldRule, ModelDifference, OWN, Provenance},
    field::{Field, Shape, Text},
};

/// What one place of a manifest is held to.
#[derive(Debug, Clone)]
pub struct Constraint {
    /// Its path below `spec`; `[]` stands for an entry of a list, `{key}` and `{value}` for those of a map.
    pub field: String,
    /// The member of AWS's API that it mirrors; empty: none.
    pub aws: String,
    /// What Evenkeel holds, by part.
    pub held: Vec<HeldPart>,
    /// Where that differs from the model of the member.
    pub differences: Vec<&'static ModelDifference>,
    /// What it asks for in words, if it is a rule and no shape.
    pub words: String,
    /// Where it is known from.
    pub provenance: Provenance,
}

/// One part of a constraint.
#[derive(Debug, Clone)]
pub struct HeldPart {
    /// Which.
    pub part: ConstraintPart,
    /// A number, a pattern or a list of words.
    pub value: Value,
}

impl HeldPart {
    fn new(part: ConstraintPart, value: impl Into<Value>) -> Self {
        Self { part, value: value.into() }
    }
}

/// The constraints of one kind of document.
#[derive(Debug)]
pub struct KindConstraints {
    /// As `Function`.
    pub kind: &'static str,
    /// Those of its fields, then its rules.
    pub rows: Vec<Constraint>,
}

/// Lists the constraints of the members of an object that mirror AWS's. `operation` is the one that their members belong
/// to, as `lambda:CreateFunction`.
pub fn constraints(fields: &'static [Field], operation: &str) -> Vec<Constraint> {
    let mut found = Vec::new();
    let around = ConstraintPath { field: String::new(), aws: operation.to_owned() };
    members(fields, &around, &mut found);
    found
}

/// The constraint that a rule is.
pub fn of_rule(rule: &'static FieldRule) -> Constraint {
    let held = (!rule.aws.is_empty()).then(|| HeldPart::new(ConstraintPart::Max, rule.value));
    Constraint {
        field: rule.field.to_owned(),
        aws: rule.aws.to_owned(),
        held: held.into_iter().collect(),
        differences: Vec::new(),
        words: rule.words.replace("{}", &rule.value.to_string()),
        provenance: rule.provenance,
    }
}

/// The paths of fields that say neither which member of AWS's they mirror nor that they are Evenkeel's own.
pub fn unnamed(fields: &'static [Field]) -> Vec<String> {
    fn add(prefix: &str, fields: &'static [Field], found: &mut Vec<String>) {
        for field in fields {
            let path = format!("{prefix}{}", field.name);
            match field.aws {
                "" => found.push(path),
                OWN => {}
                _ => below(&path, &field.shape, found),
            }
        }
    }
    fn below(path: &str, shape: &'static Shape, found: &mut Vec<String>) {
        match shape {
            Shape::Object(fields) => add(&format!("{path}."), fields, found),
            Shape::List(item, _) => below(path, item, found),
            Shape::Either(one, other) => {
                below(path, one, found);
                below(path, other, found);
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    add("", fields, &mut found);
    found
}

/// Where the walk is: in the manifest, and in AWS's API.
#[derive(Clone)]
struct ConstraintPath {
    field: String,
    aws: String,
}

impl ConstraintPath {
    /// The place of a member. One that names an operation of its own, or is Evenkeel's own, leaves that of the field
    /// around it.
    fn member(&self, field: &Field) -> Self {
        let path = match self.field.as_str() {
            "" => field.name.to_owned(),
            around => format!("{around}.{}", field.name),
        };
        let aws = match field.aws {
            "" | OWN => String::new(),
            it if it.contains(':') => it.to_owned(),
            _ if self.aws.is_empty() => String::new(),
            it => format!("{}.{it}", self.aws),
        };
        Self { field: path, aws }
    }

    /// The place of what is in a list or a map.
    fn inside(&self, mark: &str) -> Self {
        // Each entry of a list of requests is a request of its own.
        let aws = if self.is_member() { format!("{}{mark}", self.aws) } else { self.aws.clone() };
        Self { field: format!("{}{mark}", self.field), aws }
    }

    /// Whether it is a member of a request, and neither a whole request nor nothing of AWS's.
    fn is_member(&self) -> bool {
        self.aws.contains('.')
    }
}

fn members(fields: &'static [Field], around: &ConstraintPath, found: &mut Vec<Constraint>) {
    for field in fields {
        walk(&field.shape, &around.member(field), field.differences, found);
    }
}

/// Adds the constraints of a shape at a place, and those below it.
fn walk(
    shape: &'static Shape,
    place: &ConstraintPath,
    differences: &'static [ModelDifference],
    found: &mut Vec<Constraint>,
) {
    let mut add = |held: Vec<HeldPart>, differences: &'static [ModelDifference]| {
        if place.is_member() {
            found.push(constraint(place, held, differences));
        }
    };
    match shape {
        Shape::Text(text) => add(of_text(text), text.differences),
        Shape::Int(min, max) => add(range(*min, *max), differences),
        Shape::Number(min, max) => add(range(*min, *max), differences),
        Shape::Choice(words) => {
            add(vec![HeldPart::new(ConstraintPart::Enum, words.to_vec())], differences);
        }
        Shape::List(item, max) => {
            add(vec![HeldPart::new(ConstraintPart::Max, *max)], differences);
            walk(item, &place.inside("[]"), &[], found);
        }
        Shape::Map(map) => {
            add(vec![HeldPart::new(ConstraintPart::Max, map.entries_max)], differences);
            let (key, value) = (place.inside("{key}"), place.inside("{value}"));
            if key.is_member() {
                found.push(constraint(&key, of_text(map.key), map.key.differences));
            }
            walk(map.value, &value, &[], found);
        }
        Shape::Object(fields) => members(fields, place, found),
        Shape::Either(one, other) => {
            walk(one, place, differences, found);
            walk(other, place, differences, found);
        }
        Shape::Flag | Shape::Time | Shape::Null | Shape::Any => {}
    }
}

fn range(min: impl Into<Value>, max: impl Into<Value>) -> Vec<HeldPart> {
    vec![HeldPart::new(ConstraintPart::Min, min), HeldPart::new(ConstraintPart::Max, max)]
}

fn constraint(
    place: &ConstraintPath,
    held: Vec<HeldPart>,
    differences: &'static [ModelDifference],
) -> Constraint {
    Constraint {
        field: place.field.clone(),
        aws: place.aws.clone(),
        held,
        differences: differences.iter().collect(),
        words: String::new(),
        provenance: Provenance::Model,
    }
}

fn of_text(text: &'static Text) -> Vec<HeldPart> {
    let mut held = range(text.min, text.max);
    if !text.pattern.is_empty() {
        held.push(HeldPart::new(ConstraintPart::Pattern, text.pattern));
    }
    held
}
