//! What a plan says of what is still to come: the fields of what is not there yet, the steps that follow once others
//! are done, and what a deletion takes with it. It is shown, and decides nothing.

/// What is still to come of one object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preview {
    /// Every field of the object that will be created, in the order in which they are shown.
    pub fields: Vec<NewField>,
    /// What follows once the object that this one belongs to has changed, one line each.
    pub steps: Vec<String>,
    /// What becomes of the parts of an object that will be deleted, as far as a read has shown them.
    pub parts: Vec<DeletedPart>,
    /// What else is worth knowing before a deletion, one line each.
    pub notes: Vec<String>,
}

/// A part of an object that will be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedPart {
    /// The member of `spec` that described it, as `url` or `concurrency.provisioned`.
    pub facet: String,
    /// Whether it stays when the object is gone.
    pub stays: bool,
    /// What becomes of it, in words.
    pub message: String,
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
        let Self { fields, steps, parts, notes } = self;
        fields.is_empty() && steps.is_empty() && parts.is_empty() && notes.is_empty()
    }
}
