//! Which file uses what of which other file. A re-export uses nothing by itself: who names it uses the file that
//! declares the item.

use std::collections::{BTreeMap, BTreeSet};

use super::read::{Form, Source};

/// The longest chain of imports and re-exports that is followed.
const HOPS_MAX: usize = 8;

/// A file that uses an item of another one.
#[derive(Debug)]
pub(crate) struct Use<'a> {
    pub(crate) from: &'a Source,
    pub(crate) to: &'a Source,
    pub(crate) item: String,
    /// The first line that names it.
    pub(crate) line: usize,
}

pub(crate) struct Graph<'a> {
    modules: BTreeMap<&'a [String], &'a Source>,
    pub(crate) uses: Vec<Use<'a>>,
}

impl<'a> Graph<'a> {
    pub(crate) fn new(sources: &'a [Source]) -> Self {
        let modules = sources.iter().map(|it| (it.module.as_slice(), it)).collect();
        let mut graph = Self { modules, uses: Vec::new() };
        graph.uses = sources.iter().flat_map(|it| graph.uses_of(it)).collect();
        graph
    }

    fn uses_of(&self, from: &'a Source) -> Vec<Use<'a>> {
        let mut lines = BTreeMap::new();
        for it in from.mentions.iter().filter(|it| it.form != Form::ReExport) {
            if let Some((to, item)) = self.declaration(&it.path, HOPS_MAX)
                && to.path != from.path
            {
                lines.entry((&to.module, item)).or_insert((to, it.line));
            }
        }
        let uses = lines.into_iter().map(|((_, item), (to, line))| Use { from, to, item, line });
        uses.collect()
    }

    /// The file that declares what a path leads to, and its name there; none for a module as a whole and for what
    /// is not ours.
    fn declaration(&self, path: &[String], hops: usize) -> Option<(&'a Source, String)> {
        let depth =
            (1..=path.len()).take_while(|it| self.modules.contains_key(&path[..*it])).last()?;
        let file = *self.modules.get(&path[..depth])?;
        let (name, rest) = path[depth..].split_first()?;
        if hops == 0 || file.items.contains(name) {
            return Some((file, name.clone()));
        }
        if let Some(import) = file.imports.get(name) {
            return self.declaration(&[import, rest].concat(), hops - 1);
        }
        let mut globs = file.globs.iter().filter_map(|it| {
            let inside = self.declaration(&[it, &path[depth..]].concat(), hops - 1);
            inside.filter(|(file, name)| file.items.contains(name))
        });
        // What nothing declares is made by a macro of that file.
        globs.next().or_else(|| Some((file, name.clone())))
    }

    /// The groups of files in which each leads to each other one.
    pub(crate) fn circles(&self) -> Vec<Vec<&'a str>> {
        let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for it in &self.uses {
            next.entry(&it.from.path).or_default().insert(&it.to.path);
        }
        let reach: BTreeMap<&str, _> = next.keys().map(|it| (*it, reach(&next, it))).collect();
        let circle = |(at, there): (&&str, &BTreeSet<&'a str>)| {
            let back = |it: &&&str| reach.get(**it).is_some_and(|it| it.contains(at));
            there.iter().filter(back).copied().collect::<Vec<_>>()
        };
        let circles: BTreeSet<_> = reach.iter().map(circle).filter(|it| !it.is_empty()).collect();
        circles.into_iter().collect()
    }

    /// What files of a room use of a `mod.rs` above them in it.
    pub(crate) fn upward(&self, room: &str) -> impl Iterator<Item = &Use<'a>> {
        let is_above = |it: &&Use<'_>| {
            let folder = it.to.path.strip_suffix("mod.rs");
            folder.is_some_and(|folder| it.from.path.starts_with(folder))
        };
        self.uses.iter().filter(move |it| it.to.path.starts_with(room)).filter(is_above)
    }
}

/// The files that one leads to.
fn reach<'a>(next: &BTreeMap<&'a str, BTreeSet<&'a str>>, from: &'a str) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        let new = next.get(at).into_iter().flatten().filter(|it| seen.insert(**it));
        open.extend(new);
    }
    seen
}
