//! Stories: scripts on the model cloud, with golden transcripts. In `story/*.txt` a line that
//! begins with `> ` is the script; the others are what happened.

use std::{fs, time::Duration};

use evenkeel::engine::{
    diff::Reason, facts::ImageFact, failure::Class, policy::Mode, tags::SUSPEND, work::Event,
};

use super::stage::Stage;
use crate::common::{REGISTRY, cases, digest, function, golden};

/// Plays a script and writes down what happens.
fn play(script: &str) -> String {
    let mut teller = Teller {
        stage: Stage::new(Mode::Enforce),
        manifests: std::collections::BTreeMap::new(),
        mode: Mode::Enforce,
    };
    let mut out = String::new();
    for line in script.lines().filter(|it| it.starts_with('>') || it.starts_with('#')) {
        out += line;
        out.push('\n');
        if let Some(command) = line.strip_prefix('>') {
            teller.act(command.trim());
        }
        for line in std::mem::take(&mut teller.stage.transcript) {
            out += &line;
            out.push('\n');
        }
    }
    out
}

struct Teller {
    stage: Stage,
    manifests: std::collections::BTreeMap<String, String>,
    mode: Mode,
}

impl Teller {
    fn act(&mut self, command: &str) {
        let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
        let (name, more) = rest.split_once(' ').unwrap_or((rest, ""));
        match verb {
            // manifest NAME IMAGE [yaml; yaml]
            "manifest" => {
                let (image, fields) = more.split_once(' ').unwrap_or((more, ""));
                let fields = fields.replace("; ", "\n");
                self.manifests.insert(name.into(), function(name, image, &fields));
                self.tell();
            }
            "remove" => {
                self.manifests.remove(name);
                self.tell();
            }
            "push" => {
                let image = ImageFact::Single(digest(more));
                self.stage.world.images.insert(format!("{REGISTRY}/{name}"), image);
            }
            "index" => {
                let children = more.split(' ').map(|it| {
                    let (platform, letter) = it.split_once('=').unwrap();
                    (platform.to_owned(), digest(letter))
                });
                let image = ImageFact::Index(children.collect());
                self.stage.world.images.insert(format!("{REGISTRY}/{name}"), image);
            }
            "run" => self.stage.run(Duration::from_secs_f64(name.parse().unwrap())),
            "memory" => {
                let (now, size) = (self.stage.now, more.parse().unwrap());
                self.stage.world.by_hand(name, now, |it| it.config.memory_size = size);
            }
            "code" => {
                let now = self.stage.now;
                self.stage.world.by_hand(name, now, |it| it.digest = Some(digest(more)));
            }
            "untag" => self.stage.world.tags(name, |tags| drop(tags.remove(more))),
            "delete" => self.stage.world.delete(name),
            // suspend NAME SECONDS reason
            "suspend" => {
                let (seconds, reason) = more.split_once(' ').unwrap_or((more, ""));
                let hold = Duration::from_secs(seconds.parse().unwrap());
                let until = jiff::SignedDuration::try_from(self.stage.now.0 + hold).unwrap();
                let until = jiff::Timestamp::UNIX_EPOCH + until;
                let value = format!("{until} {reason}");
                self.stage.world.tags(name, |tags| drop(tags.insert(SUSPEND.into(), value)));
            }
            "deaf" => self.stage.world.deaf = name == "on",
            "tags" => self.stage.world.tags_hidden = name == "hidden",
            // fail list|look|write CLASS; lose CLASS: the write acts, and its answer is lost
            "fail" => self.stage.world.faults.push((verb_of(name), class(more), false)),
            "lose" => self.stage.world.faults.push(("write", class(name), true)),
            "mode" => {
                self.mode = if name == "observe" { Mode::Observe } else { Mode::Enforce };
                self.restart();
            }
            "pause" => {
                let reason =
                    Reason::new("CredentialsInvalid", "AWS does not accept our credentials");
                self.stage.tell(Event::Paused(Some(reason)));
            }
            "resume" => self.stage.tell(Event::Paused(None)),
            "restart" => self.restart(),
            "rows" => self.rows(),
            "" => {}
            verb => panic!("no such command: {verb}"),
        }
    }

    fn tell(&mut self) {
        let text: String = self.manifests.values().cloned().collect();
        self.stage.manifests(&text);
    }

    /// The process ends, wherever it is; another begins.
    fn restart(&mut self) {
        let now = self.stage.now;
        self.stage = Stage::on(self.stage.world.clone(), self.mode);
        self.stage.now = now;
        self.tell();
    }

    fn rows(&mut self) {
        for row in self.stage.rows() {
            let on: Vec<&str> = row
                .conditions
                .iter()
                .filter(|it| it.status == evenkeel::engine::status::Truth::True)
                .map(|it| it.kind)
                .collect();
            let line = format!("  {} {} [{}]", row.key, row.status.as_str(), on.join(" "));
            self.stage.transcript.push(line);
            for change in &row.changes {
                let (path, origin) = (&change.path, change.origin.as_str());
                let line = format!("    {path}: {} → {} ({origin})", change.live, change.desired);
                self.stage.transcript.push(line);
            }
        }
    }
}

fn verb_of(name: &str) -> &'static str {
    ["list", "look", "write"].into_iter().find(|it| *it == name).unwrap()
}

fn class(name: &str) -> Class {
    Class::ALL.into_iter().find(|it| it.as_str() == name).unwrap()
}

#[test]
fn every_story_goes_as_it_is_told() {
    for case in cases("model/story", &["txt"]) {
        golden(&case, &play(&fs::read_to_string(&case).unwrap()));
    }
}
