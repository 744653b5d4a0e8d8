//! Both engines on a model of Lambda and ECR under a virtual clock: stories, laws and rails.

mod bulk_rows;
mod facet_laws;
mod facets_apart;
mod first_reads;
mod fleet;
mod laws;
mod mass_drift;
mod own_updates;
mod rails;
mod stage;
mod story;
mod toy;
mod toy_stage;
mod world;
