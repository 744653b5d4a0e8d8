//! A value with the name that messages call it by, and how much of both may be shown.

use super::tree::Node;
use crate::{
    kinds::document::PLACEHOLDER,
    shape::{Field, Shape},
};

/// How much of a value is repeated in a message.
const SHOWN_MAX: usize = 60;

/// A value in its place.
pub(super) struct NamedNode<'a> {
    /// The key that leads to it; below a secret, the name of the nearest thing above it that has one to show.
    pub(super) name: &'a str,
    pub(super) node: &'a Node,
    /// Whether it stands below something of which nothing may be shown, names included: a secret, or what an alias
    /// repeats, which may be one elsewhere.
    pub(super) below: bool,
    /// Whether it is an item of a list.
    pub(super) is_item: bool,
}

impl NamedNode<'_> {
    /// What it is called.
    pub(super) fn called(&self) -> String {
        let name = short(self.name);
        if self.below { format!("an entry of `{name}`") } else { format!("`{name}`") }
    }

    /// The line as it could stand in the manifest: the key, and the value if it may be shown.
    pub(super) fn excerpt(&self, shape: &Shape) -> String {
        let name = short(self.name);
        match self.node.text() {
            Some(text) if !self.hides(shape) => format!("{name}: {}", short(text)),
            Some(_) | None => format!("{name}: …"),
        }
    }

    /// Whether the value may not be shown, be it what it should be or not.
    pub(super) fn hides(&self, shape: &Shape) -> bool {
        self.below || self.node.shared || shape.is_secret()
    }

    /// Whether an import left the value to be filled in. What nobody here reads may say anything.
    pub(super) fn is_placeholder(&self, shape: &Shape) -> bool {
        let text = self.node.text();
        text.is_some_and(|it| it.starts_with(PLACEHOLDER)) && !matches!(shape, Shape::Any)
    }

    /// One of its members. Whatever `shape` hides all of may have a secret in the place of a name.
    pub(super) fn member<'b>(
        &'b self,
        shape: &Shape,
        key: &'b Node,
        node: &'b Node,
    ) -> NamedNode<'b> {
        let below = self.below || self.node.shared || key.shared || shape.hides_all();
        let name = key.text().filter(|_| !below).unwrap_or(self.name);
        NamedNode { name, node, below, is_item: false }
    }

    /// One of its members that has a name of ours, which is no secret.
    pub(super) fn field<'b>(&'b self, field: &Field, node: &'b Node) -> NamedNode<'b> {
        let below = self.below || self.node.shared;
        let name = if below { self.name } else { field.name };
        NamedNode { name, node, below, is_item: false }
    }

    /// One of its items, which are called as it is.
    pub(super) fn item<'b>(&'b self, node: &'b Node) -> NamedNode<'b> {
        let below = self.below || self.node.shared;
        NamedNode { name: self.name, node, below, is_item: true }
    }
}

/// A value in a message: one line, not too long.
pub(super) fn short(text: &str) -> String {
    let line: String =
        text.chars().take(SHOWN_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().count() > SHOWN_MAX { line + "…" } else { line }
}
