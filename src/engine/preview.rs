//! What a plan says of what is still to come: the fields of what is not there yet, and the steps that follow once
//! others are done. It is shown, and decides nothing.

/// What is still to come of one object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preview {
    /// Every field of the object that will be created, in the order in which they are shown.
    pub fields: Vec<NewField>,
    /// What follows once the object that this one belongs to has changed, one line each.
    pub steps: Vec<String>,
}

/// A field of what will be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewField {
    /// The JSON Pointer of the field below `spec`, as `/memorySize`.
    pub path: String,
    /// Its value, as people may see it: of a secret only that it is one.
    pub value: String,
}

impl Preview {
    /// Adds a field, unless it is empty. `value` may be anybody's: whoever prints it cleans it.
    pub fn push(&mut self, path: impl Into<String>, value: impl std::fmt::Display) {
        let value = value.to_string();
        if !value.is_empty() {
            self.fields.push(NewField { path: path.into(), value });
        }
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.steps.is_empty()
    }
}
