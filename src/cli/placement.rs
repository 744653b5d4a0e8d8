//! What `check` finds once it is told the accounts and Regions: roles and images that lie elsewhere, and targets that
//! nobody declared.

use std::{fs, sync::Arc};

use super::{args::CheckArgs, error::CliError, targets};
use crate::{
    daemon::source::{Snapshot, SourceRoot},
    engine::{name::Name, place::Place},
    kinds::function::{doc::FunctionDoc, image_ref::ImageRef},
    manifest::{self, Body, Diagnostic, Document},
};

/// What lies elsewhere than its function.
struct Misplaced {
    /// The field of the spec.
    field: &'static str,
    /// Its value.
    value: String,
    message: String,
    hint: String,
}

/// The places that `check` is told: those of `--targets`, or the account of the target `default`.
fn places(args: &CheckArgs) -> Result<Vec<Place>, CliError> {
    if let Some(file) = &args.targets {
        return targets::places(file);
    }
    let only = args.account_id.clone().map(|account_id| Place {
        target: Name::new("default"),
        account_id,
        region: String::new(),
        registry: None,
    });
    Ok(only.into_iter().collect())
}

/// Returns a problem for every role and image of a function that AWS will refuse in a target of its document, as far as
/// the places of targets are known, and for every target that the file of targets does not declare.
pub(super) fn check(
    args: &CheckArgs,
    roots: &[SourceRoot],
    snapshot: &Snapshot,
) -> Result<Vec<Diagnostic>, CliError> {
    let places = places(args)?;
    let mut diagnostics = Vec::new();
    if args.targets.is_some() {
        diagnostics.extend(snapshot.documents.iter().flat_map(|it| strays(it, &places)));
    }
    for place in &places {
        let meant = |it: &&Arc<Document>| it.meta.targets.contains(&place.target);
        for document in snapshot.documents.iter().filter(meant) {
            let Body::Function(doc, _) = &document.body else { continue };
            let all = role(doc, place).into_iter().chain(image(doc, place));
            diagnostics.extend(all.map(|it| it.at(document, roots)));
        }
    }
    Ok(diagnostics)
}

/// A document has no effect in a target that nobody declared.
fn strays(document: &Document, places: &[Place]) -> impl Iterator<Item = Diagnostic> {
    let declared = |name: &Name| places.iter().any(|it| it.target == *name);
    let strays = document.meta.targets.iter().filter(move |it| !declared(it));
    strays.map(|target| Diagnostic {
        file: Arc::clone(&document.origin.file),
        line: document.origin.line,
        column: 0,
        message: format!("the target `{target}` is not declared"),
        hint: Some("declare it in the file of targets, or correct `metadata.target`".to_owned()),
        excerpt: None,
    })
}

/// Lambda takes roles of the function's own partition and account only.
fn role(doc: &FunctionDoc, place: &Place) -> Option<Misplaced> {
    let arn = place.fill_in(&doc.role);
    let mut parts = arn.strip_prefix("arn:")?.split(':');
    let (partition, account) = (parts.next()?, parts.nth(2)?);
    let Place { target, account_id, region, .. } = place;
    let own = place.partition();
    if !region.is_empty() && partition != own {
        return Some(Misplaced {
            field: "role",
            value: doc.role.clone(),
            message: format!(
                "the role is of the partition {partition}, and the target `{target}` is in {region}, of {own}"
            ),
            hint: format!("write the role's name, or an ARN that begins with `arn:{own}:`"),
        });
    }
    (account != account_id).then(|| Misplaced {
        field: "role",
        value: doc.role.clone(),
        message: format!("the role is of account {account}, and the target `{target}` is account {account_id}"),
        hint: "Lambda takes roles of its own account only: write the role's name, or `${target.accountId}` in its ARN"
            .to_owned(),
    })
}

/// Lambda runs images of the function's own Region only. Without a known Region nothing is found.
fn image(doc: &FunctionDoc, place: &Place) -> Option<Misplaced> {
    let registry = ImageRef::parse(&place.fill_in(&doc.image)).ok()?.registry?;
    let (region, Place { target, region: own, .. }) = (registry.region, place);
    (!own.is_empty() && region != *own).then(|| Misplaced {
        field: "image",
        value: doc.image.clone(),
        message: format!("the image lies in {region}, and the target `{target}` is in {own}"),
        hint: "Lambda runs images of its own Region only: leave the registry out, or replicate the repository"
            .to_owned(),
    })
}

impl Misplaced {
    /// The problem, at the field's own line if that can be found.
    fn at(self, document: &Document, roots: &[SourceRoot]) -> Diagnostic {
        let Misplaced { field, value, message, hint } = self;
        let file = &document.origin.file;
        let (line, column) = position(document, roots, &["spec", field]);
        let excerpt = Some(format!("{field}: {value}"));
        Diagnostic { file: Arc::clone(file), line, column, message, hint: Some(hint), excerpt }
    }
}

/// The line and column of a member of a document; the document's own line if it cannot be found.
pub(super) fn position(document: &Document, roots: &[SourceRoot], path: &[&str]) -> (u32, u32) {
    let file = roots.iter().find_map(|it| it.file(&document.origin.file));
    let bytes = file.and_then(|it| fs::read(it).ok()).unwrap_or_default();
    let place = manifest::position(&bytes, document.origin.line, path);
    place.unwrap_or((document.origin.line, 0))
}
