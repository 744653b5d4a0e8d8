//! Daemons that do not start, do not get ready, or do not answer.

use std::{io, time::Duration};

/// Why there is nothing from a daemon.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    #[error("no Evenkeel answers at {url}")]
    NoAnswer { url: String, source: Box<ureq::Error> },
    /// What comes is no answer.
    #[error("{url}")]
    BadAnswer { url: String, source: Box<ureq::Error> },
    #[error("there is no object `{name}`")]
    NoObject { name: String },
    #[error(
        "there is no object `{name}`; `evenkeel status` lists what there is, and `evenkeel check` says what is wrong \
         with manifests"
    )]
    Inexplicable { name: String },
    /// It does not read what it is asked to.
    #[error("{url} refuses it: {why}")]
    RefreshRefused { url: String, status: u16, why: String },
    #[error(
        "the plan is another one by now, so nothing was written: its hash is {found}, and {expected} is expected; run \
         `evenkeel plan` again"
    )]
    OtherPlan { expected: String, found: String },
    #[error("no object has these labels")]
    NoSuchLabels,
    #[error("not everything could be looked at within {within:?}")]
    Late { within: Duration },
    /// Its metrics cannot be set up.
    #[error(transparent)]
    Metrics(Box<dyn std::error::Error + Send + Sync>),
    #[error("cannot listen on {address}")]
    Listen { address: String, source: io::Error },
    /// Signals cannot be heard.
    #[error("no signals")]
    Signals(#[source] io::Error),
    /// There are no threads.
    #[error("the runtime cannot start")]
    Runtime(#[source] io::Error),
}

impl DaemonError {
    pub(super) fn advice(&self) -> &'static str {
        match self {
            Self::Listen { source, .. } => match source.kind() {
                io::ErrorKind::AddrInUse => {
                    "; another program has this port, perhaps another Evenkeel (`ss -ltnp` shows it): stop it, or give \
                     another address with --listen HOST:PORT"
                }
                io::ErrorKind::AddrNotAvailable => {
                    "; no interface of this machine has this address"
                }
                io::ErrorKind::PermissionDenied => {
                    "; ports below 1024 need a privilege: take a higher one"
                }
                _ => "; --listen takes HOST:PORT, as 127.0.0.1:9809",
            },
            Self::NoAnswer { .. } => "; is it running, and is --url right?",
            Self::RefreshRefused { status: 404, .. } => {
                "; `evenkeel status` lists what there is, and `evenkeel check` says what is wrong with manifests"
            }
            Self::RefreshRefused { status: 429, .. } => {
                "; until then `evenkeel status NAME` says when each part is read next"
            }
            _ => "",
        }
    }
}
