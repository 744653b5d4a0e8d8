//! What `run` serves, and to whom.

use clap::{Args, ValueEnum};

use crate::daemon::{exposition::MetricsDetail, http::host::HostName};

/// The heading of the flags of the HTTP server.
const HTTP: &str = "HTTP options";

/// Where `run` serves what, and who may ask it for reads.
#[derive(Debug, Args)]
pub struct ListenArgs {
    /// Where metrics, probes and status are served. Everybody who can reach it can read it.
    #[arg(long, help_heading = HTTP, env = "EVENKEEL_LISTEN", default_value = "127.0.0.1:9809", value_name = "ADDRESS")]
    pub(in crate::cli) listen: String,
    /// Which series there are: sums alone, a dozen for each document, or those for each of its parts too.
    #[arg(
        long,
        help_heading = HTTP,
        env = "EVENKEEL_METRICS_DETAIL",
        default_value = "documents",
        value_name = "DETAIL"
    )]
    pub(in crate::cli) metrics_detail: DetailArg,
    /// Let reads be asked for (`evenkeel refresh`, POST /api/v1/refresh) also where --listen is not loopback: then by
    /// everybody who can reach it.
    #[arg(long, help_heading = HTTP, env = "EVENKEEL_ALLOW_REFRESH")]
    pub(in crate::cli) allow_refresh: bool,
    /// A host by which reads may be asked for, besides localhost, loopback addresses and the address that is listened
    /// on: a name or an address without a port. May be given several times; in the environment, with commas between.
    #[arg(long, help_heading = HTTP, env = "EVENKEEL_ALLOWED_HOST", value_name = "NAME", value_delimiter = ',')]
    pub(in crate::cli) allowed_host: Vec<HostName>,
}

/// `--metrics-detail`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum DetailArg {
    /// No series of single objects: for large fleets and small servers.
    Aggregate,
    /// Series for each document.
    Documents,
    /// Series for each document, and for each URL, release, event source and other part of it besides.
    Full,
}

impl From<DetailArg> for MetricsDetail {
    fn from(detail: DetailArg) -> Self {
        match detail {
            DetailArg::Aggregate => Self::Aggregate,
            DetailArg::Documents => Self::Documents,
            DetailArg::Full => Self::Full,
        }
    }
}
