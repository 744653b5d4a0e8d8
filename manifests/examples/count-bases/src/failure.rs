//! Why there is no answer, in words, and whose fault it is.

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The configuration cannot work.
    #[error("{0}")]
    Settings(String),
    /// The event asks for nothing that is known here.
    #[error("{0}")]
    Event(String),
    /// The text is no FASTA, or holds something that is no base.
    #[error("{0}")]
    Fasta(String),
    /// More than this function is allowed to read.
    #[error("{0}")]
    TooLarge(String),
    /// The object that is to be read is not there.
    #[error("{0}")]
    NoObject(String),
    /// S3 could not be read or written.
    #[error("{0}")]
    Storage(String),
    /// Lambda would have ended the run before the end of the text.
    #[error("{0}")]
    TooLate(String),
}

impl Failure {
    pub(crate) fn too_large(what: &impl std::fmt::Display, bytes: u64) -> Self {
        let megabytes = bytes >> 20;
        Self::TooLarge(format!(
            "{what} is larger than {megabytes} MB; split it, or set OBJECT_MAX_MB higher"
        ))
    }

    /// The `errorType` that callers and metrics see.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Settings(_) => "BadSettings",
            Self::Event(_) => "BadEvent",
            Self::Fasta(_) => "NotFasta",
            Self::TooLarge(_) => "TooLarge",
            Self::NoObject(_) => "NoSuchObject",
            Self::Storage(_) => "StorageFailed",
            Self::TooLate(_) => "TooLate",
        }
    }

    /// The status for callers who came over HTTP.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Event(_) | Self::Fasta(_) => 400,
            Self::NoObject(_) => 404,
            Self::TooLarge(_) => 413,
            Self::Settings(_) => 500,
            Self::Storage(_) => 502,
            Self::TooLate(_) => 504,
        }
    }

    /// As Lambda wants it.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::json!({ "errorType": self.kind(), "errorMessage": self.to_string() })
    }
}
