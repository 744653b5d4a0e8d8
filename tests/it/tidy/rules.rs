//! What may not be: a room that uses what it may not, a kind that uses another kind, a file that is too long.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{
    figures,
    limits::{
        COMMON_KINDS, CRATES, FILE_MAX, KIND_AWS, KindUse, LINES_MAX, ROOMS, SHARED_NAMES_MAX,
        SharedName,
    },
    read::{Mention, Source},
    tree::{Text, Tree},
};

/// A kind's own side of AWS: `kinds/<kind>/aws.rs` or `kinds/<kind>/aws/…`.
fn is_kind_aws(path: &str) -> bool {
    let mut parts = path.split('/');
    parts.next() == Some("kinds")
        && parts.next().is_some()
        && parts.next().is_some_and(|it| it == "aws.rs" || it == "aws")
}

/// What is wrong with what a file uses of ours.
pub(crate) fn bad_imports(file: &Source) -> Vec<String> {
    let path = &file.path;
    let Some((room, allowed)) = ROOMS.iter().find(|(room, _)| path.starts_with(room)) else {
        return vec![format!("{path}: belongs to no room")];
    };
    let may = |it: &str| allowed.contains(&it) || it == "aws" && is_kind_aws(path);
    let is_room = |it: &str| ROOMS.iter().any(|(room, _)| room.strip_suffix('/') == Some(it));
    let pure = ["manifest/", "import/"].iter().any(|it| path.starts_with(it));
    let bad = |it: &Mention| {
        let (first, rest) = it.path.split_first()?;
        let used = rest.first().filter(|_| first == "crate");
        if let Some(used) = used.filter(|it| is_room(it) && !may(it)) {
            return Some(format!("{path}:{}: {room} may not use {used}", it.line));
        }
        let aws = pure && rest.iter().any(|it| it.starts_with("aws"));
        aws.then(|| format!("{path}:{}: manifests know no AWS", it.line))
    };
    file.mentions.iter().filter_map(bad).collect()
}

/// What is wrong with the crates that a file uses.
pub(crate) fn bad_crates(file: &Source) -> Vec<String> {
    let path = &file.path;
    let allowed = |places: &[&str]| {
        places.iter().any(|it| path.starts_with(it) || *it == KIND_AWS && is_kind_aws(path))
    };
    let is_of = |it: &Mention, name: &str| {
        let names: Vec<&str> = name.split("::").collect();
        let whole = it.path.get(..names.len()).is_some_and(|it| it == names);
        whole || name.ends_with('_') && it.path[0].starts_with(name)
    };
    let bad = CRATES.iter().filter(|(_, places)| !allowed(places)).flat_map(|(name, _)| {
        let uses = file.mentions.iter().filter(move |it| is_of(it, name));
        uses.map(move |it| format!("{path}:{}: may not use {name}", it.line))
    });
    bad.collect()
}

/// Which kinds use which others, and where: by paths of every form.
pub(crate) fn kind_uses(tree: &Tree) -> BTreeMap<[&str; 2], Vec<String>> {
    let kinds = tree.code.iter().filter_map(|it| {
        let (kind, _) = it.path.strip_prefix("kinds/")?.split_once('/')?;
        Some(kind)
    });
    let kinds: BTreeSet<&str> = kinds.filter(|it| !COMMON_KINDS.contains(it)).collect();
    let mut uses: BTreeMap<[&str; 2], Vec<String>> = BTreeMap::new();
    for file in &tree.code {
        // The list of all kinds uses each, and so does what puts them side by side.
        let lists = |it: &&str| *it == "mod.rs" || it.starts_with("facets/");
        let inside = file.path.strip_prefix("kinds/").filter(|it| !lists(it));
        let Some(own) = inside.and_then(|it| it.split('/').next()) else { continue };
        for it in &file.mentions {
            let [first, room, other, ..] = it.path.as_slice() else { continue };
            if first == "crate" && room == "kinds" && other != own && kinds.contains(&**other) {
                let places = uses.entry([own, other]).or_default();
                places.push(format!("{}:{}", file.path, it.line));
            }
        }
    }
    uses
}

/// Which kind uses another one without being allowed to, and what is allowed for nothing.
pub(crate) fn bad_kinds(tree: &Tree, allowed: &[KindUse]) -> Vec<String> {
    let uses = kind_uses(tree);
    let bad = uses
        .iter()
        .filter(|([from, to], _)| !allowed.iter().any(|it| it.from == *from && it.to == *to));
    let bad = bad.map(|([from, to], at)| format!("{from} uses {to}: {}", at.join(" ")));
    let idle = allowed.iter().filter(|it| !uses.contains_key(&[it.from, it.to]));
    let idle = idle.map(|it| format!("{} does not use {}: `{}`", it.from, it.to, it.reason));
    bad.chain(idle).collect()
}

/// Which exceptions nothing needs, and whether there are too many.
pub(crate) fn bad_exceptions(tree: &Tree, shared: &[SharedName]) -> Vec<String> {
    let places = figures::types(tree);
    let count = |it: &SharedName| {
        let places = places.get(it.name).into_iter().flatten();
        places.filter(|place| place.starts_with(it.folder)).count()
    };
    let idle = shared.iter().filter(|it| count(it) < 2);
    let idle = idle.map(|it| format!("{} needs no exception: `{}`", it.name, it.reason));
    let many = (shared.len() > SHARED_NAMES_MAX).then(|| format!("{} exceptions", shared.len()));
    idle.chain(many).collect()
}

/// What is wrong with a file's length and leftovers. `lines` are those of its code; none: it is all tests.
pub(crate) fn bad_text(file: &Text, lines: Option<usize>) -> Vec<String> {
    let Text { path, text } = file;
    let mut wrong = Vec::new();
    let all = text.lines().count();
    if lines.is_some_and(|it| it > LINES_MAX) || all > FILE_MAX {
        wrong.push(format!("{path}: {} lines of code, {all} in all", lines.unwrap_or(all)));
    }
    // Written so that this file has none of them.
    let leftovers = [
        "tod\u{6f}!(",
        "unimplemente\u{64}!(",
        "#[ignor\u{65}",
        "FIX\u{4d}E",
        "X\u{58}X",
        "db\u{67}!(",
    ];
    for leftover in leftovers.iter().filter(|it| text.contains(**it)) {
        wrong.push(format!("{path}: {leftover}"));
    }
    if Path::new(path).extension().is_some_and(|it| it == "rs") && !text.starts_with("//!") {
        wrong.push(format!("{path}: does not begin by saying what it owns"));
    }
    wrong
}
