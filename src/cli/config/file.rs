//! The config file: where it is, and what it says.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use clap::Command;
use toml::de::{DeTable, DeValue};

use super::{
    error::{ConfigError, ConfigFault},
    key::ConfigKey,
};

/// How much of a config file is read, in KiB: five lines are far less.
const KIB_MAX: u64 = 64;
/// How alike two words are, from 0 to 1, of which one is a slip of the other.
const ALIKE: f64 = 0.8;

/// A config file that was read.
#[derive(Debug)]
pub(in crate::cli) struct ConfigFile {
    /// Where it is, as it was given.
    pub(in crate::cli) path: PathBuf,
    values: BTreeMap<ConfigKey, ConfigValue>,
}

/// What a config file says of one key.
#[derive(Debug)]
pub(in crate::cli) struct ConfigValue {
    /// The value, which its argument takes.
    pub(in crate::cli) text: String,
    /// The line, from 1.
    pub(in crate::cli) line: usize,
}

impl ConfigFile {
    /// Reads the file that a flag names, else the one that the environment names, else the user's own. Only the
    /// user's own may be missing. `root` has the arguments of all commands.
    pub(in crate::cli) fn find(
        flag: Option<PathBuf>,
        root: &Command,
    ) -> Result<Option<Self>, ConfigError> {
        let variable = |name: &str| env::var_os(name).filter(|it| !it.is_empty());
        if let Some(path) = flag.or_else(|| variable("EVENKEEL_CONFIG").map(PathBuf::from)) {
            return Self::read(path, root).map(Some);
        }
        // The XDG specification: what is no absolute path does not count.
        let base = variable("XDG_CONFIG_HOME").map(PathBuf::from).filter(|it| it.is_absolute());
        let home = || Some(PathBuf::from(variable("HOME")?).join(".config"));
        let Some(base) = base.or_else(home) else { return Ok(None) };
        match Self::read(base.join("evenkeel/config.toml"), root) {
            Err(ConfigError::Unreadable { path, source }) if is_missing(&path, &source) => Ok(None),
            read => read.map(Some),
        }
    }

    fn read(path: PathBuf, root: &Command) -> Result<Self, ConfigError> {
        let mut bytes = Vec::new();
        let max = KIB_MAX * 1024;
        let read = fs::File::open(&path).and_then(|it| it.take(max + 1).read_to_end(&mut bytes));
        if let Err(source) = read {
            return Err(ConfigError::Unreadable { path, source });
        }
        if bytes.len() > usize::try_from(max).unwrap_or(usize::MAX) {
            return Err(ConfigError::TooLarge { path, max: KIB_MAX });
        }
        let Ok(text) = String::from_utf8(bytes) else {
            return Err(ConfigError::NotUtf8 { path });
        };
        match values(&text, root) {
            Ok(values) => Ok(Self { path, values }),
            Err(faults) => Err(ConfigError::Faults { path, faults }),
        }
    }

    /// What it says of a key.
    pub(in crate::cli) fn value(&self, key: ConfigKey) -> Option<&ConfigValue> {
        self.values.get(&key)
    }

    /// Gives a command the values of this file as the defaults of its arguments. A format of output that the command
    /// does not print is passed over.
    pub(in crate::cli) fn defaults(&self, command: Command) -> Command {
        command.mut_args(|argument| {
            let key = ConfigKey::ALL.into_iter().find(|it| *argument.get_id() == it.argument());
            let Some(value) = key.and_then(|it| self.value(it)) else { return argument };
            let known = argument.get_possible_values();
            if known.is_empty() || known.iter().any(|it| it.matches(&value.text, false)) {
                argument.required(false).default_value(value.text.clone())
            } else {
                argument
            }
        })
    }

    /// Fails if the file stands in a directory of manifests, or a link there leads to it.
    pub(in crate::cli) fn outside(&self, dir: &Path) -> Result<(), ConfigError> {
        // What cannot be resolved is no directory of manifests: the command says so.
        let Ok(root) = dir.canonicalize() else { return Ok(()) };
        let parent = self.path.parent().filter(|it| !it.as_os_str().is_empty());
        let places = [self.path.canonicalize(), parent.unwrap_or(Path::new(".")).canonicalize()];
        if places.iter().flatten().any(|it| it.starts_with(&root)) {
            let (path, dir) = (self.path.clone(), dir.to_path_buf());
            return Err(ConfigError::InsideManifests { path, dir });
        }
        Ok(())
    }
}

/// Whether there is no file. Nobody knows of a file in a home that the process may not enter, as that of a service whose
/// unit hides all homes.
fn is_missing(path: &Path, error: &io::Error) -> bool {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => true,
        io::ErrorKind::PermissionDenied => fs::metadata(path).is_err(),
        _ => false,
    }
}

/// Returns what a text says, or everything that is wrong in it.
fn values(
    text: &str,
    root: &Command,
) -> Result<BTreeMap<ConfigKey, ConfigValue>, Vec<ConfigFault>> {
    let line = |at: usize| 1 + text.bytes().take(at).filter(|it| *it == b'\n').count();
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut faults: Vec<ConfigFault> = errors
        .iter()
        .map(|it| {
            let at = it.span().map_or(0, |it| it.start);
            ConfigFault { line: line(at), message: it.message().to_owned() }
        })
        .collect();
    // What is left of a broken text may say anything.
    if !faults.is_empty() {
        return Err(faults);
    }
    let outputs = formats(root);
    let mut values = BTreeMap::new();
    for (name, value) in table.get_ref() {
        let line = line(name.span().start);
        match read(name.get_ref(), value.get_ref(), &outputs, root) {
            Ok((key, text)) => {
                values.insert(key, ConfigValue { text, line });
            }
            Err(message) => faults.push(ConfigFault { line, message }),
        }
    }
    faults.sort_by_key(|it| it.line);
    if faults.is_empty() { Ok(values) } else { Err(faults) }
}

/// Returns a key and its value, or what is wrong with one of them.
fn read(
    name: &str,
    value: &DeValue<'_>,
    outputs: &[String],
    root: &Command,
) -> Result<(ConfigKey, String), String> {
    let key = ConfigKey::of(name).ok_or_else(|| unknown(name, root))?;
    let DeValue::String(text) = value else {
        return Err(format!("`{name}` is no text; put it in quotes"));
    };
    match key.fault(text, outputs) {
        Some(why) => Err(format!("`{name}`: {why}")),
        None => Ok((key, text.clone().into_owned())),
    }
}

/// Why a key is none of a config file's, and what to do.
fn unknown(name: &str, root: &Command) -> String {
    const WHY: &str = "a config file only says for whom and where commands work, not what they do";
    let flag = kebab(name);
    let lower = flag.to_lowercase();
    let near = |it: &ConfigKey| strsim::jaro_winkler(&lower, &kebab(it.name()));
    let key = ConfigKey::ALL.into_iter().max_by(|a, b| near(a).total_cmp(&near(b)));
    let is_flag = |it: &Command| it.get_arguments().any(|it| it.get_long() == Some(&flag));
    let of_flag = root.get_subcommands().any(is_flag) || is_flag(root);
    match key {
        Some(key) if near(&key) >= ALIKE && !(of_flag && near(&key) < 1.0) => {
            format!("unknown key `{name}`; did you mean `{}`? ({WHY})", key.name())
        }
        _ if of_flag => format!("`{name}` cannot be set here: {WHY}; use the flag `--{flag}`"),
        _ => {
            let all = ConfigKey::ALL.map(ConfigKey::name).join("`, `");
            format!("unknown key `{name}`: {WHY}; the keys are `{all}`")
        }
    }
}

/// `accountId` as a flag: `account-id`.
fn kebab(name: &str) -> String {
    let mut flag = String::new();
    for c in name.chars() {
        match c {
            '_' => flag.push('-'),
            c if c.is_ascii_uppercase() => flag.extend(['-', c.to_ascii_lowercase()]),
            c => flag.push(c),
        }
    }
    flag
}

/// The formats that `--output` takes in some command.
pub(in crate::cli) fn formats(root: &Command) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let arguments = root.get_subcommands().flat_map(Command::get_arguments);
    for argument in arguments.filter(|it| *it.get_id() == ConfigKey::Output.argument()) {
        for value in argument.get_possible_values() {
            let name = value.get_name().to_owned();
            if !all.contains(&name) {
                all.push(name);
            }
        }
    }
    all
}
