//! `evenkeel init`: a first function, to be changed: manifest, Dockerfile, code, and a workflow that plans.

use std::{fs, io::Write as _, path::Path};

use super::{
    args::InitArgs,
    error::{CliError, FileError, UsageError},
    out::note,
    outcome::CommandOutcome,
};
use crate::manifest;

/// What is written where. `NAME` stands for the function.
const FILES: [(&str, &str); 4] = [
    ("manifests/NAME.yaml", include_str!("manifest.yaml")),
    ("functions/NAME/Dockerfile", include_str!("Dockerfile")),
    ("functions/NAME/app.py", include_str!("app.py")),
    (".github/workflows/manifests.yml", include_str!("workflow.yml")),
];

/// Writes the files of a first function and says what comes next. Writes none if one of them is
/// there, or no manifest takes the name.
pub(super) fn init(args: &InitArgs) -> Result<CommandOutcome, CliError> {
    let name = &args.name;
    let fill = |text: &str| text.replace("NAME", name);
    let files: Vec<(String, String)> =
        FILES.iter().map(|(path, text)| (fill(path), fill(text))).collect();
    // Of a name that is none the manifest says so itself.
    if let Some((path, text)) = files.first() {
        let diagnostics = manifest::parse(path, text.as_bytes()).diagnostics;
        if let Some(diagnostic) = diagnostics.into_iter().next() {
            let (name, diagnostic) = (name.clone(), Box::new(diagnostic));
            return Err(UsageError::InitName { name, diagnostic }.into());
        }
    }
    let taken = files.iter().map(|(path, _)| args.dir.join(path)).find(|it| it.exists());
    if let Some(path) = taken {
        return Err(FileError::InitTaken { path }.into());
    }
    for (path, text) in &files {
        let path = args.dir.join(path);
        write(&path, text).map_err(FileError::access(&path))?;
        note(&format!("{} is written", path.display()));
    }
    let dir = args.dir.display();
    note(&format!(
        "next: change functions/{name}/app.py, make the role `{name}`, and then
  evenkeel check {dir}/manifests
  evenkeel test {dir}/manifests {name} --image {dir}/functions/{name}
  evenkeel publish {dir}/functions/{name} --repository {name} --tag v1 --manifest {dir}/manifests/{name}.yaml --owner ID
  evenkeel apply {dir}/manifests --owner ID --account-id ID
  evenkeel invoke {name} --payload '{{\"fasta\": \">read\\nACGT\"}}'"
    ));
    Ok(CommandOutcome::Good)
}

/// A file that is not there yet: what came meanwhile is another party's.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::File::create_new(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_manifest_has_no_fault() {
        let parsed = manifest::parse("first.yaml", FILES[0].1.replace("NAME", "count").as_bytes());
        assert_eq!(parsed.diagnostics, []);
        assert_eq!(parsed.documents.len(), 2);
    }
}
