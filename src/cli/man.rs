//! `evenkeel man`: manual pages, one a command, made from the arguments themselves.

use std::{fs, io, path::Path};

use clap::Command;
use clap_mangen::{
    Man,
    roff::{Roff, roman},
};

use super::{
    args::ManArgs,
    command_line,
    error::FileError,
    examples::{self, Example},
    out::{note, write},
    outcome::CommandOutcome,
};
use crate::engine::count::count;

/// Writes the page of each command into a directory, or prints that of one command or of `evenkeel` itself.
pub(super) fn man(args: &ManArgs) -> Result<CommandOutcome, FileError> {
    let root = root();
    let Some(dir) = &args.dir else {
        let command = args.command.as_deref().and_then(|it| root.find_subcommand(it));
        let page = page(command.unwrap_or(&root)).map_err(FileError::Output)?;
        write(page.as_bytes())?;
        return Ok(CommandOutcome::Good);
    };
    fs::create_dir_all(dir).map_err(FileError::access(dir))?;
    for command in [&root].into_iter().chain(root.get_subcommands()) {
        save(dir, command)?;
    }
    let pages = 1 + root.get_subcommands().count();
    note(&format!(
        "{} in {}: man -l {}",
        count(pages, "page"),
        dir.display(),
        dir.join("evenkeel.1").display()
    ));
    Ok(CommandOutcome::Good)
}

/// The commands with the names that their pages have.
fn root() -> Command {
    let mut root = command_line::described().disable_help_subcommand(true);
    root.build();
    root
}

fn save(dir: &Path, command: &Command) -> Result<(), FileError> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    let path = dir.join(format!("{name}.1"));
    let page = page(command).map_err(FileError::access(&path))?;
    fs::write(&path, page).map_err(FileError::access(&path))
}

/// Renders a page: what the arguments say, then the examples and where to read on.
fn page(command: &Command) -> io::Result<String> {
    let man = Man::new(command.clone()).manual("Evenkeel").source(command_line::VERSION);
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    rest(command).to_writer(&mut page)?;
    Ok(String::from_utf8_lossy(&page).chars().map(ascii).collect())
}

/// A character as every formatter reads it, whatever it takes for the encoding of the page.
fn ascii(c: char) -> String {
    if c.is_ascii() { c.to_string() } else { format!("\\[u{:04X}]", u32::from(c)) }
}

fn rest(command: &Command) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["EXAMPLES"]);
    for Example { about, line } in examples::of(command.get_name()) {
        roff.control("PP", []);
        roff.text([roman(format!("{about}:"))]);
        roff.control("PP", []);
        roff.control("RS", ["4"]);
        roff.control("nf", []);
        roff.text([roman(*line)]);
        roff.control("fi", []);
        roff.control("RE", []);
    }
    roff.control("SH", ["SEE ALSO"]);
    let page = if command.has_subcommands() { "evenkeel-plan(1)" } else { "evenkeel(1)" };
    roff.text([roman(page)]);
    roff
}
