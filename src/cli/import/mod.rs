//! `evenkeel import`: what is in AWS, or in another tool's files, as manifests.

mod live;

use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::Path,
};

use self::live::Reader;
use super::{
    CliError, ImportArgs, Outcome, block_on,
    door::{self, Door},
    out::{note, print},
};
use crate::{
    engine::{name::Name, policy::Mode},
    import::{self, Found},
    manifest::FILE_MAX,
};

/// Writes manifests.
pub(super) fn import(args: &ImportArgs) -> Result<Outcome, CliError> {
    let (all, from) = if args.from.is_empty() {
        (block_on(live(args))?, "AWS".to_owned())
    } else {
        let names: Vec<String> = args.from.iter().map(|it| it.display().to_string()).collect();
        (files(args)?, names.join(", "))
    };
    if all.is_empty() {
        return Err(CliError(format!("{from}: nothing there ships as a container image")));
    }
    let header = vec![format!("Imported from {from}.")];
    let texts: Vec<(String, String)> =
        all.iter().map(|it| (file_name(it), import::write(it, &header))).collect();
    match &args.output {
        Some(folder) => save(args, folder, &texts)?,
        None => print(
            texts
                .iter()
                .map(|(_, text)| text.trim_end())
                .collect::<Vec<_>>()
                .join("\n---\n")
                .as_str(),
        )?,
    }
    for found in &all {
        for left in &found.left {
            note(&format!("{}/{}: {}: {}", found.kind, found.name, left.path, left.why));
        }
        for name in &found.secrets {
            note(&format!("{}/{}: fill in the variable {name}", found.kind, found.name));
        }
    }
    Ok(Outcome::Good)
}

async fn live(args: &ImportArgs) -> Result<Vec<Found>, CliError> {
    let door: Door = door::open((&args.access, Mode::Observe), args.target.as_deref()).await?;
    let reader = Box::pin(Reader::new(&door, args.values.into())).await?;
    let names = if args.all {
        reader.all().await?
    } else {
        args.names.iter().map(|it| Name::new(it.strip_prefix("Function/").unwrap_or(it))).collect()
    };
    let (mut all, mut repositories) = (Vec::new(), Vec::new());
    for name in &names {
        let (found, repository) = Box::pin(reader.function(name)).await?;
        all.push(found);
        repositories.push(repository);
    }
    for name in live::each_once(repositories) {
        all.extend(Box::pin(reader.repository(&name)).await?);
    }
    Ok(all)
}

fn files(args: &ImportArgs) -> Result<Vec<Found>, CliError> {
    let mut all = Vec::new();
    for path in &args.from {
        let name = path.display().to_string();
        let text =
            if path.as_os_str() == "-" { text(io::stdin().lock(), &name)? } else { open(path)? };
        let found = import::read(&text, args.form.map(Into::into), &name);
        all.extend(found.map_err(|error| CliError(error.to_string()))?);
    }
    Ok(all)
}

fn open(path: &Path) -> Result<String, CliError> {
    let name = path.display().to_string();
    let file = fs::File::open(path).map_err(|error| CliError(format!("{name}: {error}")))?;
    text(file, &name)
}

/// A text that is not too long to be one of these.
fn text(source: impl io::Read, name: &str) -> Result<String, CliError> {
    let most = u64::try_from(FILE_MAX).unwrap_or(u64::MAX).saturating_mul(16);
    let mut bytes = Vec::new();
    let read = source.take(most.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| CliError(format!("{name}: {error}")))?;
    if bytes.len() as u64 > most {
        return Err(CliError(format!("{name}: larger than {} MiB; split it", most / 1024 / 1024)));
    }
    String::from_utf8(bytes).map_err(|_| CliError(format!("{name}: the text is not UTF-8")))
}

/// `Function/team/x` is `team-x.yaml`, a repository `team-x.repository.yaml`.
fn file_name(found: &Found) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let name: String = found.name.chars().map(plain).collect();
    let kind = found.kind.to_ascii_lowercase();
    if kind == "function" { format!("{name}.yaml") } else { format!("{name}.{kind}.yaml") }
}

/// All or none, as far as names go: what is there is somebody's work.
fn save(args: &ImportArgs, folder: &Path, texts: &[(String, String)]) -> Result<(), CliError> {
    let wrong = |path: &Path, error: &io::Error| CliError(format!("{}: {error}", path.display()));
    let taken = texts.iter().map(|(name, _)| folder.join(name)).find(|it| it.exists());
    if let Some(taken) = taken.filter(|_| !args.force) {
        return Err(CliError(format!(
            "{} is there already; import into another directory and compare, or write over it with --force",
            taken.display()
        )));
    }
    fs::create_dir_all(folder).map_err(|error| wrong(folder, &error))?;
    for (name, text) in texts {
        let path = folder.join(name);
        let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut part| {
            part.write_all(text.as_bytes())?;
            // Made for its owner alone, and read by a daemon that may be somebody else.
            fs::set_permissions(part.path(), std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
            part.persist(&path).map_err(|error| error.error)
        });
        written.map_err(|error| wrong(&path, &error))?;
        note(&format!("{} is written", path.display()));
    }
    Ok(())
}
