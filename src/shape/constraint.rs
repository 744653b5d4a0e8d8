//! Which part of AWS's API a constraint mirrors, where it is known from, and the rules that a shape cannot say. The
//! numbers stand in the shapes and in these rules, and nowhere else: the reference (`constraints.md`), what the
//! end-to-end tests compare with botocore (`constraints.json`) and the checks are all made from them.

/// The release of botocore, AWS's own description of its API, that the end-to-end tests compare with.
pub const MODEL: &str = "botocore 1.44.8";
/// When that release came out.
pub const MODEL_DATE: &str = "2026-11-20";

/// In the place of a member's path: Evenkeel's own, of which AWS knows nothing.
pub(super) const OWN: &str = "own";

/// Where a constraint is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provenance {
    /// The model of the API has it as a number, a pattern or a list.
    Model,
    /// The model says so in words: in the documentation of a member, or of an operation.
    Words {
        /// As `lambda:CreateFunction.Timeout`.
        member: &'static str,
        /// What stands there, without markup.
        phrase: &'static str,
    },
    /// A page of AWS's says so.
    Documented(DocPage),
    /// An answer of AWS's shows it; the text says which.
    Recorded(&'static str),
    /// Another emulator of AWS holds it; the text says which.
    Emulator(&'static str),
    /// No source says it outright; the text says why it is held.
    Believed(&'static str),
    /// Evenkeel's own, narrower than AWS's; the text says why.
    Own(&'static str),
}

/// A page on the web.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocPage {
    /// Its address.
    pub address: &'static str,
    /// The day on which somebody read it.
    pub read: &'static str,
}

/// What of a member the model restricts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConstraintPart {
    /// The smallest number, or the fewest characters or entries.
    Min,
    /// The greatest, or the most.
    Max,
    /// A regular expression.
    Pattern,
    /// The words that there are.
    Enum,
}

impl ConstraintPart {
    /// As botocore calls it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Min => "min",
            Self::Max => "max",
            Self::Pattern => "pattern",
            Self::Enum => "enum",
        }
    }
}

/// Where Evenkeel holds something else than the model.
#[derive(Debug, Clone, Copy)]
pub struct ModelDifference {
    /// What differs.
    pub part: ConstraintPart,
    /// What the model has: a number, a pattern, words divided by blanks; `none` if it has nothing.
    pub aws: &'static str,
    /// Why Evenkeel holds something else.
    pub why: Provenance,
}

impl ModelDifference {
    /// A smallest number that differs.
    pub const fn min(aws: &'static str, why: Provenance) -> Self {
        Self { part: ConstraintPart::Min, aws, why }
    }

    /// A greatest number that differs.
    pub const fn max(aws: &'static str, why: Provenance) -> Self {
        Self { part: ConstraintPart::Max, aws, why }
    }

    /// A pattern that differs.
    pub const fn pattern(aws: &'static str, why: Provenance) -> Self {
        Self { part: ConstraintPart::Pattern, aws, why }
    }

    /// Words that differ.
    pub const fn words(aws: &'static str, why: Provenance) -> Self {
        Self { part: ConstraintPart::Enum, aws, why }
    }
}

/// A constraint that depends on other fields, or that a shape cannot say.
#[derive(Debug, Clone, Copy)]
pub struct FieldRule {
    /// The field that it is about, below `spec`.
    pub field: &'static str,
    /// What it asks for; `{}` stands for the number.
    pub words: &'static str,
    /// The number, in the field's own unit; 0 for a rule without one.
    pub value: i64,
    /// The member of the model that has the same number as its greatest; empty if none has.
    pub aws: &'static str,
    /// Where it is known from.
    pub provenance: Provenance,
}

impl FieldRule {
    /// A rule about a number.
    pub const fn number(
        field: &'static str,
        value: i64,
        words: &'static str,
        provenance: Provenance,
    ) -> Self {
        Self { field, words, value, aws: "", provenance }
    }

    /// A rule without a number.
    pub const fn plain(field: &'static str, words: &'static str, provenance: Provenance) -> Self {
        Self { field, words, value: 0, aws: "", provenance }
    }

    /// Names the member of the model that has this number as its greatest.
    #[must_use]
    pub const fn mirrors(mut self, member: &'static str) -> Self {
        self.aws = member;
        self
    }

    /// The same as a length or a count.
    pub fn size(&self) -> usize {
        usize::try_from(self.value).unwrap_or_default()
    }
}
