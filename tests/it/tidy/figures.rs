//! The figures that may only become smaller, each with the places that it counts.

use std::collections::BTreeMap;

use super::{
    graph::Graph,
    limits::{ROOMS, SHARED_NAMES},
    read::{Form, Place, Source},
    rules,
    tree::Tree,
};

/// What is counted, place by place.
#[derive(Debug)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) places: Vec<String>,
}

impl Figure {
    fn new(name: impl Into<String>, places: Vec<String>) -> Self {
        Self { name: name.into(), places }
    }
}

pub(crate) fn all(tree: &Tree) -> Vec<Figure> {
    let graph = Graph::new(&tree.code);
    let circles = graph.circles();
    let mut figures = vec![
        Figure::new("type names declared more than once", duplicates(tree)),
        Figure::new("circles of files", circles.iter().map(|it| it.join(" ")).collect()),
        Figure::new("files in circles", files_in_circles(&graph, &circles)),
    ];
    let rooms = ROOMS.iter().filter(|(room, _)| room.ends_with('/'));
    figures.extend(rooms.map(|(room, _)| {
        let places = graph
            .upward(room)
            .map(|it| format!("{}:{} {} of {}", it.from.path, it.line, it.item, it.to.path));
        Figure::new(format!("upward imports in {room}"), places.collect())
    }));
    figures.extend([
        Figure::new("tuple parameters", places(tree, |it| &it.mixed_tuples)),
        Figure::new("tuple parameters of one type", places(tree, |it| &it.plain_tuples)),
        Figure::new("aliases of tuples", places(tree, |it| &it.tuple_aliases)),
        Figure::new("nested options and results", places(tree, |it| &it.nested)),
        Figure::new("kinds that use another kind", kind_uses(tree)),
        Figure::new("string errors above daemon/", string_errors(tree)),
    ]);
    figures
}

fn places(tree: &Tree, of: impl Fn(&Source) -> &Vec<Place>) -> Vec<String> {
    let files = tree.code.iter().flat_map(|file| of(file).iter().map(move |it| (file, it)));
    files.map(|(file, it)| format!("{}:{} {}", file.path, it.line, it.name)).collect()
}

/// Where each type name is declared.
pub(crate) fn types(tree: &Tree) -> BTreeMap<&str, Vec<String>> {
    let mut types: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for file in &tree.code {
        for it in &file.types {
            types.entry(&it.name).or_default().push(format!("{}:{}", file.path, it.line));
        }
    }
    types
}

fn duplicates(tree: &Tree) -> Vec<String> {
    let shared = |name: &str, place: &str| {
        SHARED_NAMES.iter().any(|it| it.name == name && place.starts_with(it.folder))
    };
    let duplicates = types(tree).into_iter().filter(|(name, places)| {
        let once = places.iter().any(|it| shared(name, it));
        let others = places.iter().filter(|it| !shared(name, it)).count();
        others + usize::from(once) > 1
    });
    duplicates.map(|(name, places)| format!("{name}: {}", places.join(" "))).collect()
}

/// Each file of a circle, with what it uses of the others in it.
fn files_in_circles(graph: &Graph<'_>, circles: &[Vec<&str>]) -> Vec<String> {
    let file = |circle: &[&str], path: &str| {
        let uses = graph.uses.iter().filter(|it| it.from.path == path);
        let mut items: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for it in uses.filter(|it| circle.contains(&&*it.to.path)) {
            items.entry(&it.to.path).or_default().push(format!("{}:{}", it.item, it.line));
        }
        let uses = items.iter().map(|(to, items)| format!("\n    {} of {to}", items.join(" ")));
        format!("{path}{}", uses.collect::<String>())
    };
    let files = circles.iter().flat_map(|circle| circle.iter().map(|it| file(circle, it)));
    files.collect()
}

fn kind_uses(tree: &Tree) -> Vec<String> {
    let uses = rules::kind_uses(tree);
    let uses = uses.iter().map(|([from, to], at)| format!("{from} uses {to}: {}", at.join(" ")));
    uses.collect()
}

/// Where commands build an error that is a text and nothing else.
fn string_errors(tree: &Tree) -> Vec<String> {
    let commands = || tree.code.iter().filter(|it| it.room() == "cli");
    let errors: Vec<_> = commands().flat_map(|it| &it.text_errors).collect();
    let places = commands().flat_map(|file| {
        let values = file.mentions.iter().filter(|it| it.form == Form::Value);
        let built = values.filter(|it| errors.iter().any(|error| it.path.ends_with(error)));
        built.map(|it| format!("{}:{} {}", file.path, it.line, it.path[1..].join("::")))
    });
    places.collect()
}

/// Where the figures are not what the table says.
pub(crate) fn bad(figures: &[Figure], limits: &[(&str, usize)]) -> Vec<String> {
    let limit = |name: &str| limits.iter().find(|(it, _)| *it == name).map(|(_, limit)| *limit);
    let bad = figures.iter().filter_map(|it| {
        let (count, name) = (it.places.len(), &it.name);
        match limit(name) {
            None => Some(format!("{name}: {count}, and no limit")),
            Some(limit) if count > limit => Some(format!("{name}: {count}, more than {limit}")),
            Some(limit) if count < limit => {
                Some(format!("{name}: {count}, fewer than {limit}: lower the limit"))
            }
            Some(_) => None,
        }
    });
    let unknown = limits.iter().filter(|(name, _)| figures.iter().all(|it| it.name != *name));
    bad.chain(unknown.map(|(name, _)| format!("{name}: no such figure"))).collect()
}
