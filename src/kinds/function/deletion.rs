//! What a plan says of the deletion of a function: what goes with it, and what stays.
//!
//! Nobody reads the URL or the alias of a function that no manifest asks for. That Evenkeel made them stands in the
//! function's tags, and those are read.

use super::live::Live;
use crate::{
    engine::{
        name::Name,
        preview::{DeletedPart, Preview},
        tags::{BLOCK, Tags},
    },
    kinds::block::claims::{ClaimTag, claim},
};

/// What DeleteFunction does in any case (Lambda API reference).
const GOES: &str = "every version and alias of it goes too, and with them their URLs, permissions and settings, whoever made \
                    them; whoever calls it gets an error from then on";
/// What Lambda deletes with no function.
const OTHERS: &str =
    "event sources that Evenkeel did not make stay, and reach no function any more";

/// Returns what is known of a function's deletion.
pub(super) fn preview(name: &Name, live: &Live) -> Preview {
    let log_group = &live.config.logging.log_group;
    let stays = match live.repository.get() {
        Some(images) => {
            format!("what it has logged in {log_group} and its images in {images} stay")
        }
        None => format!("what it has logged in {log_group} and its images stay"),
    };
    let notes = vec![GOES.to_owned(), stays, OTHERS.to_owned()];
    let tags = live.tags.get();
    Preview {
        notes,
        parts: tags.map(|it| parts(name, it)).unwrap_or_default(),
        ..Preview::default()
    }
}

/// What becomes of each part that the function's tags say is ours.
fn parts(name: &Name, tags: &Tags) -> Vec<DeletedPart> {
    let words = tags.keys().filter_map(|it| it.strip_prefix(BLOCK));
    words.filter_map(|word| Some(part(name, word, claim(tags, word)?))).collect()
}

fn part(name: &Name, word: &str, claim: ClaimTag<'_>) -> DeletedPart {
    // Behind the alias of a release stands what it holds back.
    let alias = claim.alias.map(|it| it.split('/').next().unwrap_or(it));
    let of = alias.map_or_else(|| format!("function {name}"), |it| format!("alias {name}:{it}"));
    let (stays, message) = match word {
        "release" => (false, format!("deleted with the function: {of}, and every version")),
        "url" => (
            false,
            format!("deleted with the function: the URL of {of}; a new one has another address"),
        ),
        "permissions" => (false, format!("deleted with the function: who may call {of}")),
        "concurrency" => (
            false,
            "deleted with the function: its part of the account's concurrency is free again"
                .to_owned(),
        ),
        "logGroup" => (true, "stays, with its logs and its retention".to_owned()),
        _ => (false, "deleted with the function".to_owned()),
    };
    DeletedPart { facet: word.replace('/', "."), stays, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_tags_name_goes_and_logs_stay() {
        let tags = [
            ("evenkeel.dev/owner", "team"),
            ("evenkeel.dev/block/concurrency/provisioned", "0123abcd@live"),
            ("evenkeel.dev/block/logGroup", "0123abcd"),
            ("evenkeel.dev/block/release", "0123abcd@live/9:7"),
            ("evenkeel.dev/block/url", "0123abcd@live"),
        ];
        let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let parts = parts(&Name::new("f"), &tags);
        let lines: Vec<String> =
            parts.iter().map(|it| format!("{} {}", it.facet, it.message)).collect();
        assert_eq!(lines[0], "concurrency.provisioned deleted with the function");
        assert!(lines[1].starts_with("logGroup stays"), "{lines:?}");
        assert!(lines[2].contains("alias f:live, and every version"), "{lines:?}");
        assert!(lines[3].contains("the URL of alias f:live"), "{lines:?}");
        assert_eq!(
            parts.iter().map(|it| it.stays).collect::<Vec<_>>(),
            [false, true, false, false]
        );
    }
}
