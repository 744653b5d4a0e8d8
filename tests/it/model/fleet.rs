//! A fleet of functions on the model, and everything that is asked about fleets.

use std::{collections::BTreeMap, time::Duration};

use evenkeel::engine::{facts::ImageFact, policy::Mode, prune::Terms, status::ShownRow};

use super::{stage::Stage, world::World};
use crate::common::{REGISTRY, digest, function};

/// A fleet of functions that share one tag.
pub struct Fleet {
    pub stage: Stage,
    pub names: Vec<String>,
    pub fields: &'static str,
}

impl Fleet {
    /// So many, made and in sync.
    pub fn of(count: usize, fields: &'static str, terms: Terms) -> Self {
        let mut world = World::default();
        world.images.insert(format!("{REGISTRY}/jobs:v1"), ImageFact::Single(digest("a")));
        let names = (0..count).map(|it| format!("job-{it:02}")).collect();
        let stage = Stage::under(world, Mode::Enforce, terms, None);
        let mut fleet = Self { stage, names, fields };
        fleet.tell();
        fleet.stage.run(Duration::from_mins(3));
        assert_eq!(fleet.stage.world.names().len(), count);
        fleet
    }

    pub fn tell(&mut self) {
        let text = self.names.iter().map(|it| function(it, "jobs:v1", self.fields));
        let text: String = text.collect();
        self.stage.manifests(&text);
    }

    /// The process ends, and another begins.
    pub fn restart(&mut self, terms: Terms, confirm: Option<String>) {
        let (world, now) = (self.stage.world.clone(), self.stage.now);
        self.stage = Stage::under(world, Mode::Enforce, terms, confirm);
        self.stage.now = now;
        self.tell();
    }

    pub fn push(&mut self, letter: &str) {
        let image = ImageFact::Single(digest(letter));
        self.stage.world.images.insert(format!("{REGISTRY}/jobs:v1"), image);
    }

    pub fn on(&self, letter: &str) -> usize {
        let names = self.stage.world.names();
        let live = names.iter().filter_map(|it| self.stage.world.live(it));
        live.filter(|it| it.digest == Some(digest(letter))).count()
    }

    pub fn row(&self, name: &str) -> ShownRow {
        let rows = self.stage.rows();
        rows.into_iter().find(|it| it.key.name.as_str() == name).unwrap()
    }

    pub fn reasons(&self) -> BTreeMap<&'static str, usize> {
        let mut reasons = BTreeMap::new();
        for row in self.stage.rows() {
            *reasons.entry(row.reason.code).or_default() += 1;
        }
        reasons
    }

    /// Functions that were written to since.
    pub fn touched(&self, before: usize) -> usize {
        let writes = &self.stage.world.writes[before..];
        self.names.iter().filter(|name| writes.iter().any(|it| it.contains(*name))).count()
    }
}
