//! What other tools describe, as documents: samples in, documents out, and nothing of them lost on the way.

mod refused;
mod samples;
mod writing;
