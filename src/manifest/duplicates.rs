//! Two documents that claim the same object.

use std::{collections::BTreeMap, sync::Arc};

use super::{Body, Diagnostic, Document, sites::log_group};
use crate::{
    engine::name::{Key, Name},
    kinds::log_group::LogGroupDoc,
};

/// How many others each note names: with all of them, many documents of one name would make notes without end.
const NAMED_MAX: usize = 3;

/// Every key that more than one document claims, and every function whose log group others want otherwise, with
/// a note at each of the documents. Neither is right: all of them are rejected.
pub fn duplicates<'a>(
    documents: impl Iterator<Item = &'a Document>,
) -> BTreeMap<Key, Vec<Diagnostic>> {
    let documents: Vec<&Document> = documents.collect();
    let mut claims: BTreeMap<Key, Vec<&Document>> = BTreeMap::new();
    for document in &documents {
        for key in document.keys() {
            claims.entry(key).or_default().push(document);
        }
    }
    claims.retain(|_, claimants| claimants.len() > 1);
    let diagnostics = |(key, claimants): (Key, Vec<&Document>)| {
        let message = |others: &str| format!("`{key}` is also claimed by {others}");
        let hint = "keep one of them; until then neither counts";
        let diagnostics =
            claimants.iter().map(|it| diagnostic(it, &claimants, &message, hint)).collect();
        (key, diagnostics)
    };
    let mut all: BTreeMap<Key, Vec<Diagnostic>> = claims.into_iter().map(diagnostics).collect();
    for (key, diagnostic) in disagreements(&documents) {
        all.entry(key).or_default().push(diagnostic);
    }
    all
}

/// A diagnostic for each function whose log group another function wants otherwise. Functions may
/// share a log group, as long as they want the same of it.
fn disagreements(documents: &[&Document]) -> Vec<(Key, Diagnostic)> {
    let mut sharing: BTreeMap<(Name, String), Vec<(&Document, &LogGroupDoc)>> = BTreeMap::new();
    for document in documents {
        let Some((group, doc)) = desired(document) else { continue };
        for target in &document.meta.targets {
            let key = (target.clone(), group.clone());
            sharing.entry(key).or_default().push((document, doc));
        }
    }
    let mut all = Vec::new();
    for ((target, group), desired) in sharing {
        for (document, doc) in &desired {
            let name = document.aws_name();
            let other = |it: &&(&Document, &LogGroupDoc)| it.1 != *doc && it.0.aws_name() != name;
            let others = desired.iter().filter(other).take(NAMED_MAX + 1).map(|it| it.0);
            let others: Vec<&Document> = others.collect();
            if others.is_empty() {
                continue;
            }
            let message =
                |others: &str| format!("another `logGroup` for `{group}` is asked for by {others}");
            let hint = "ask for the same, or in one of them only; until then neither counts";
            let diagnostic = diagnostic(document, &others, &message, hint);
            all.push((Key { target: target.clone(), kind: document.kind(), name }, diagnostic));
        }
    }
    all
}

/// The log group that a document asks something of, and what.
fn desired(document: &Document) -> Option<(String, &LogGroupDoc)> {
    match &document.body {
        Body::Function(doc, parts) => {
            let desired = parts.log_group.as_ref()?;
            Some((log_group(&document.aws_name(), doc), desired))
        }
        Body::Repository(_) => None,
    }
}

/// Makes the diagnostic of a document that is at odds with others. `claimants` are all of them, or
/// the others alone; `message` gets the places of the first [`NAMED_MAX`].
fn diagnostic(
    document: &Document,
    claimants: &[&Document],
    message: &dyn Fn(&str) -> String,
    hint: &str,
) -> Diagnostic {
    let others = || claimants.iter().filter(|it| it.origin != document.origin);
    let named = others().take(NAMED_MAX).map(|it| it.origin.to_string());
    let left = claimants.len().saturating_sub(NAMED_MAX + 1);
    let left = (left > 0).then(|| format!("{left} more"));
    let others: Vec<String> = named.chain(left).collect();
    Diagnostic {
        file: Arc::clone(&document.origin.file),
        line: document.origin.line,
        column: 0,
        message: message(&others.join(" and ")),
        hint: Some(hint.into()),
        excerpt: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::parse;

    fn diagnostics(blocks: [&str; 3]) -> Vec<String> {
        let document = |(name, blocks): (&str, &str)| {
            format!(
                "apiVersion: evenkeel.dev/v1\nkind: Function\nmetadata: {{ name: {name} }}\nspec:\n  \
                 image: jobs:v1\n  role: job\n  loggingConfig: {{ logGroup: jobs }}\n  {blocks}\n---\n"
            )
        };
        let text: String = ["a", "b", "c"].into_iter().zip(blocks).map(document).collect();
        let parsed = parse("x.yaml", text.as_bytes());
        assert_eq!(parsed.diagnostics, []);
        let all = duplicates(parsed.documents.iter().map(|it| &**it));
        all.into_values().flatten().map(|it| it.to_string()).collect()
    }

    #[test]
    fn many_documents_of_one_name_make_short_notes() {
        let document = "apiVersion: evenkeel.dev/v1\nkind: Repository\nmetadata: { name: jobs }\nspec: {}\n---\n";
        let parsed = parse("x.yaml", document.repeat(900).as_bytes());
        assert_eq!((parsed.documents.len(), parsed.diagnostics.len()), (900, 0));
        let all = duplicates(parsed.documents.iter().map(|it| &**it));
        let diagnostics: Vec<Diagnostic> = all.into_values().flatten().collect();
        assert_eq!(diagnostics.len(), 900);
        assert!(diagnostics.iter().all(|it| it.message.len() < 200), "{}", diagnostics[0].message);
        assert!(diagnostics[0].message.ends_with(" and 896 more"), "{}", diagnostics[0].message);
    }

    #[test]
    fn a_shared_log_group_has_one_wish() {
        let none = Vec::<String>::new();
        let week = "logGroup: { retentionInDays: 7 }";
        assert_eq!(diagnostics([week, week, ""]), none);
        assert_eq!(
            diagnostics([week, "", "logGroup: { retentionInDays: 30 }"]),
            [
                "x.yaml:1: another `logGroup` for `jobs` is asked for by x.yaml:19; ask for the same, or in one \
                 of them only; until then neither counts",
                "x.yaml:19: another `logGroup` for `jobs` is asked for by x.yaml:1; ask for the same, or in one \
                 of them only; until then neither counts",
            ]
        );
    }
}
