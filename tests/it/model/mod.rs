//! Both engines on a model of Lambda and ECR under a virtual clock: stories, laws and rails.

mod fleet;
mod laws;
mod mass_drift;
mod own_updates;
mod rails;
mod sighted;
mod stage;
mod story;
mod world;
