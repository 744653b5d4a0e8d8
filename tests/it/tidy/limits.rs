//! The tables: what a room may use, how long a file may be, and the figures that may only become smaller.

/// What there is that is to become less. Each number is what the tree has: whoever removes one lowers it.
pub(crate) const FIGURES: &[(&str, usize)] = &[
    ("type names declared more than once", 1),
    ("circles of files", 3),
    ("files in circles", 7),
    ("upward imports in cli/", 0),
    ("upward imports in daemon/", 0),
    ("upward imports in aws/", 0),
    ("upward imports in registry/", 0),
    ("upward imports in import/", 0),
    ("upward imports in manifest/", 0),
    ("upward imports in kinds/", 81),
    ("upward imports in shape/", 0),
    ("upward imports in engine/", 0),
    ("tuple parameters", 0),
    ("tuple parameters of one type", 1),
    ("aliases of tuples", 8),
    ("nested options and results", 0),
    ("kinds that use another kind", 1),
    ("string errors above daemon/", 0),
];

/// The most that `SHARED_NAMES` may hold.
pub(crate) const SHARED_NAMES_MAX: usize = 15;

/// A type name that each of several modules declares for itself. Below `folder` it counts as declared once.
pub(crate) struct SharedName {
    pub(crate) name: &'static str,
    pub(crate) folder: &'static str,
    pub(crate) reason: &'static str,
}

const fn of_each_kind(name: &'static str, reason: &'static str) -> SharedName {
    SharedName { name, folder: "kinds/", reason }
}

/// The type names that may be declared more than once.
pub(crate) const SHARED_NAMES: &[SharedName] = &[
    of_each_kind("Spec", "what a manifest asks of an object of the kind: `Kind::Spec`"),
    of_each_kind("Live", "what AWS says of one, in the same words: `Kind::Live`"),
    of_each_kind("Step", "one call that changes one: `Kind::Step`"),
    of_each_kind("Config", "the settings that `Spec` and `Live` share: `Block::Config`"),
    of_each_kind("Call", "the call that writes a block: `Block::Call`"),
];

/// One kind that uses another.
pub(crate) struct KindUse {
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
    pub(crate) reason: &'static str,
}

/// The folders of `kinds/` that all kinds may use, as they may use the files beside them.
pub(crate) const COMMON_KINDS: &[&str] = &["block", "function_config"];

/// The kinds that may use another one.
pub(crate) const KINDS: &[KindUse] = &[KindUse {
    from: "concurrency",
    to: "provisioned",
    reason: "the member `concurrency` of a manifest holds `provisioned`, so its shape does",
}];

/// A room and what it may use of ours. A path belongs to the first room that it begins with.
pub(crate) const ROOMS: &[(&str, &[&str])] = &[
    ("main.rs", &["cli"]),
    ("lib.rs", &[]),
    ("cli/", &["cli", "daemon", "import", "engine", "manifest", "kinds", "aws", "registry"]),
    ("daemon/", &["daemon", "engine", "manifest", "kinds", "aws"]),
    ("aws/", &["aws", "engine"]),
    ("registry/", &["registry", "engine", "kinds"]),
    ("import/", &["import", "manifest", "engine", "kinds", "shape"]),
    ("manifest/", &["manifest", "engine", "kinds", "shape"]),
    ("kinds/", &["kinds", "engine", "shape"]),
    ("shape/", &["shape"]),
    ("engine/", &["engine"]),
];

/// A kind's own side of AWS, in the table of crates: `kinds/<kind>/aws.rs` or `kinds/<kind>/aws/…`.
pub(crate) const KIND_AWS: &str = "KIND_AWS";

/// What may be used only in some places. A name that ends with `_` stands for all that begin with it.
pub(crate) const CRATES: &[(&str, &[&str])] = &[
    ("aws_sdk_", &["aws/", KIND_AWS]),
    ("aws_config", &["aws/"]),
    ("aws_smithy_", &["aws/"]),
    ("saphyr_parser", &["manifest/"]),
    ("yaml_serde", &["import/write.rs", "cli/plan.rs"]),
    ("tokio", &["daemon/", "aws/", KIND_AWS, "cli/"]),
    ("axum", &["daemon/http/"]),
    ("hyper", &["daemon/http/"]),
    ("futures_util", &["daemon/http/"]),
    ("askama", &["daemon/http/"]),
    (
        "utoipa",
        &[
            "daemon/",
            "cli/applied.rs",
            "cli/check.rs",
            "cli/output_schema.rs",
            "cli/test/report.rs",
        ],
    ),
    ("sd_notify", &["daemon/systemd.rs"]),
    ("prometheus", &["daemon/"]),
    ("notify", &["daemon/source/watch.rs"]),
    ("clap", &["cli/", "main.rs"]),
    ("clap_complete", &["cli/"]),
    ("clap_mangen", &["cli/man.rs"]),
    ("toml", &["cli/config/file.rs"]),
    ("strsim", &["cli/config/file.rs"]),
    ("std::fs", &["daemon/source/", "daemon/pause.rs", "cli/", "registry/"]),
    ("ureq", &["registry/client.rs", "cli/"]),
    ("tar", &["registry/archive.rs"]),
    ("flate2", &["registry/archive.rs"]),
    ("tempfile", &["registry/archive.rs", "cli/"]),
];

/// Lines of code in a file, tests at its end not counted.
pub(crate) const LINES_MAX: usize = 400;
/// Lines of a whole file. Tests are data more than code.
pub(crate) const FILE_MAX: usize = 500;
