//! GetAuthorizationToken: the way into ECR's registry.

use aws_sdk_ecr::Client;

use super::{
    calls::{Call, Calls},
    op::Op,
};
use crate::engine::{
    failure::{Class, Failure},
    work::Priority,
};

/// What a registry asks for. It holds for twelve hours.
#[derive(Clone)]
pub struct Login {
    /// The account's own registry, as `https://123456789012.dkr.ecr.eu-central-1.amazonaws.com`.
    pub url: String,
    /// The header `Authorization`. It is a secret.
    pub authorization: String,
}

impl Login {
    /// The registry's host, as it stands in references to images.
    pub fn host(&self) -> &str {
        host(&self.url)
    }
}

/// The host of a registry's URL, with its port.
pub fn host(url: &str) -> &str {
    let host = url.split_once("://").map_or(url, |(_, host)| host);
    host.trim_end_matches('/')
}

/// Asks ECR for what its registry wants of those who push or pull.
pub async fn login(ecr: &Client, calls: &Calls) -> Result<Login, Failure> {
    let call = Call::plain(Op::GetAuthorizationToken, Priority::Write);
    let (answer, _) = calls.run(call, ecr.get_authorization_token().send()).await?;
    let data = answer.authorization_data.unwrap_or_default().into_iter().next();
    let login = data.and_then(|it| {
        let authorization = format!("Basic {}", it.authorization_token?);
        Some(Login { url: it.proxy_endpoint?, authorization })
    });
    let missing = || Op::GetAuthorizationToken.failure(Class::Unclear, "the answer holds no token");
    login.ok_or_else(missing)
}
