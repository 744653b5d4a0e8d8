//! `evenkeel import`: what is in AWS, or in another tool's files, as manifests.

mod capture;
mod live;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use self::live::LiveReader;
use super::{
    args::ImportArgs,
    error::{CliError, FileError, ManifestError},
    function::named,
    input::{self, SizeLimit},
    out::{self, note, print, warn},
    outcome::CommandOutcome,
    runtime::block_on,
    target_clients,
};
use crate::{
    engine::policy::Mode,
    import::{self, ImportedDocument},
};

/// How much of a file of another tool's is read: a state holds all that the tool keeps.
const SOURCE_LIMIT: SizeLimit =
    SizeLimit { max: 64 * 1024 * 1024, advice: "it is larger than 64 MiB; split it" };
/// What stands between two documents.
const BETWEEN: &str = "---\n";

/// Writes manifests of what is in AWS or in another tool's files, to standard output or into a
/// folder, and tells on standard error what they leave out. With `--capture` it edits the manifests
/// that there are.
pub(super) fn import(args: &ImportArgs) -> Result<CommandOutcome, CliError> {
    if args.capture {
        return block_on(capture::capture(args));
    }
    let (all, origin) = if args.from.is_empty() {
        (block_on(live(args))?, "AWS".to_owned())
    } else {
        let names: Vec<String> = args.from.iter().map(|it| it.display().to_string()).collect();
        (files(args)?, names.join(", "))
    };
    if all.is_empty() {
        return Err(ManifestError::NothingToImport { origin }.into());
    }
    let header = vec![format!("Imported from {origin}.")];
    // Two names may come to one file.
    let mut files: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for found in &all {
        files.entry(file_name(found)).or_default().push(import::write(found, &header));
    }
    match &args.dir {
        Some(folder) => save(args, folder, &files)?,
        None => print(files.into_values().flatten().collect::<Vec<_>>().join(BETWEEN).trim_end())?,
    }
    for found in &all {
        for left in &found.left {
            warn(&format!("{}/{}: {}: {}", found.kind, found.name, left.path, left.why));
        }
        for name in &found.secrets {
            warn(&format!("{}/{}: fill in the variable {name}", found.kind, found.name));
        }
    }
    Ok(CommandOutcome::Good)
}

/// Reads functions in AWS, all or those that are named, and after them the repositories of their
/// images.
async fn live(args: &ImportArgs) -> Result<Vec<ImportedDocument>, CliError> {
    let target = target_clients::open(&args.access, Mode::Observe, args.target.as_deref()).await?;
    let reader = Box::pin(LiveReader::new(&target, args.values.into())).await?;
    let names = if args.all {
        reader.all().await?
    } else {
        args.names.iter().map(|it| named(it)).collect()
    };
    // Several functions may share one.
    let (mut all, mut repositories) = (Vec::new(), BTreeSet::new());
    for name in &names {
        let (mut found, repository) = Box::pin(reader.function(name)).await?;
        Box::pin(reader.fold_public(name, &mut found)).await?;
        all.push(found);
        repositories.extend(repository);
    }
    for name in repositories {
        all.extend(Box::pin(reader.repository(&name)).await?);
    }
    Ok(all)
}

/// Reads the files of another tool; the first that cannot be read is the error.
fn files(args: &ImportArgs) -> Result<Vec<ImportedDocument>, CliError> {
    let mut all = Vec::new();
    for path in &args.from {
        let name = path.display().to_string();
        let bytes = input::read_up_to(path, &SOURCE_LIMIT)?;
        let text = String::from_utf8(bytes);
        let text = text.map_err(|_| FileError::NotUtf8 { name: name.clone() })?;
        let found = import::read(&text, args.form.map(Into::into), &name);
        all.extend(found.map_err(ManifestError::Foreign)?);
    }
    Ok(all)
}

/// `Function/team/x` is `team-x.yaml`, a repository `team-x.repository.yaml`.
fn file_name(found: &ImportedDocument) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let name: String = found.name.chars().map(plain).collect();
    let kind = found.kind.to_ascii_lowercase();
    if kind == "function" { format!("{name}.yaml") } else { format!("{name}.{kind}.yaml") }
}

/// Writes the manifests into a folder. Unless `--force` is given, nothing is written if one of the
/// files is there: it is another party's work.
fn save(
    args: &ImportArgs,
    folder: &Path,
    files: &BTreeMap<String, Vec<String>>,
) -> Result<(), FileError> {
    let taken = files.keys().map(|name| folder.join(name)).find(|it| it.exists());
    if let Some(path) = taken.filter(|_| !args.force) {
        return Err(FileError::ImportTaken { path });
    }
    fs::create_dir_all(folder).map_err(FileError::access(folder))?;
    for (name, texts) in files {
        let path = folder.join(name);
        // A daemon that runs as another user has to read them: values that were imported in the
        // open (`--values open`) can be read by everybody on this machine.
        let rights = fs::Permissions::from_mode(0o644);
        out::save(&path, &texts.join(BETWEEN), rights).map_err(FileError::access(&path))?;
        note(&format!("{} is written", path.display()));
    }
    Ok(())
}
