//! Standard input that cannot stand for a directory of manifests.

/// Why manifests cannot be taken from standard input.
#[derive(Debug, thiserror::Error)]
pub enum StdinError {
    /// Whatever writes into the pipe has failed.
    #[error("standard input (`-`) has no manifests; did the command before the pipe fail?")]
    Empty,
    /// A stream that ends too soon looks like manifests that are gone.
    #[error("--prune needs a directory: in a stream that ends too soon, manifests seem to be gone")]
    Prune,
    /// `run` reads its manifests again and again.
    #[error(
        "`run` reads its manifests again and again, and standard input (`-`) can be read only once; name a directory, or \
         use `evenkeel apply -`"
    )]
    ReadAgain,
}
