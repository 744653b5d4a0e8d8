//! The HTTP client of every call to AWS: which certificates it trusts, and by which proxy it goes.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_smithy_http_client::{
    Builder, Connector,
    proxy::ProxyConfig,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    runtime_components::RuntimeComponents,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};

use super::proxies::Proxies;

/// Why there is no HTTP client.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file of certificates holds none.
    #[error("the file of certificates holds none that can be used; it should be in PEM")]
    NoCertificates,
    /// The SDK refuses them.
    #[error("the TLS set-up cannot be used")]
    Context(#[source] Box<dyn std::error::Error + Send + Sync>),
}

const PROVIDER: Provider = Provider::Rustls(CryptoMode::Ring);

/// Makes an HTTP client that trusts Mozilla's roots, which are compiled in, so that a container image needs no files
/// besides the binary, and those of `extra_roots` (PEM). It goes by the proxies of the environment.
pub(super) fn http_client(extra_roots: Option<&[u8]>) -> Result<SharedHttpClient, TlsError> {
    let tls = tls(extra_roots)?;
    let direct = Builder::new().tls_provider(PROVIDER).tls_context(tls.clone()).build_https();
    Ok(SharedHttpClient::new(ProxyClient {
        direct,
        tls,
        proxies: Arc::new(Proxies::from_env()),
        connectors: Mutex::default(),
    }))
}

/// The certificates of a file in PEM that can be trusted. A bundle may hold some that are not understood here, as every
/// system's does; `None` if nothing in it is.
pub fn certificates(pem: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut store = RootCertStore::empty();
    let all = CertificateDer::pem_slice_iter(pem).filter_map(Result::ok);
    let good = all.filter(|it| store.add(it.clone()).is_ok()).map(|it| it.to_vec());
    let good: Vec<_> = good.collect();
    (!good.is_empty()).then_some(good)
}

fn tls(extra_roots: Option<&[u8]>) -> Result<TlsContext, TlsError> {
    let mut store = TrustStore::empty();
    for root in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        store.add_pem_certificate(pem(root));
    }
    let extra = extra_roots.map(|it| certificates(it).ok_or(TlsError::NoCertificates));
    for root in extra.transpose()?.into_iter().flatten() {
        store.add_pem_certificate(pem(&root));
    }
    let context = TlsContext::builder().with_trust_store(store).build();
    context.map_err(|error| TlsError::Context(error.into()))
}

fn pem(der: &[u8]) -> Vec<u8> {
    let body = STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n").into_bytes()
}

/// Calls each URL directly or by its proxy.
#[derive(Debug)]
struct ProxyClient {
    direct: SharedHttpClient,
    tls: TlsContext,
    proxies: Arc<Proxies>,
    /// Those that go by proxies, by what they were asked to be like: each has connections of its own.
    connectors: Mutex<Vec<(Timeouts, SharedHttpConnector)>>,
}

/// How long connecting and reading may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Timeouts {
    connect: Option<Duration>,
    read: Option<Duration>,
}

impl ProxyClient {
    fn proxied(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let timeouts =
            Timeouts { connect: settings.connect_timeout(), read: settings.read_timeout() };
        let mut all = self.connectors.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, found)) = all.iter().find(|(it, _)| *it == timeouts) {
            return found.clone();
        }
        let mut builder = Connector::builder().connector_settings(settings.clone());
        builder.set_sleep_impl(components.sleep_impl());
        let builder = builder.tls_provider(PROVIDER).tls_context(self.tls.clone());
        let made = builder.proxy_config(ProxyConfig::from_env()).build();
        let made = SharedHttpConnector::new(made);
        all.push((timeouts, made.clone()));
        made
    }
}

impl HttpClient for ProxyClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(ProxyConnector {
            direct: self.direct.http_connector(settings, components),
            proxied: self.proxied(settings, components),
            proxies: Arc::clone(&self.proxies),
        })
    }
}

#[derive(Debug)]
struct ProxyConnector {
    direct: SharedHttpConnector,
    proxied: SharedHttpConnector,
    proxies: Arc<Proxies>,
}

impl HttpConnector for ProxyConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let by_proxy = self.proxies.covers(request.uri());
        if by_proxy { self.proxied.call(request) } else { self.direct.call(request) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_roots_make_a_client() {
        assert!(http_client(None).is_ok());
    }

    #[test]
    fn a_bundle_without_a_good_certificate_is_refused_and_a_bad_one_passed_over() {
        let good = pem(webpki_root_certs::TLS_SERVER_ROOT_CERTS.first().unwrap());
        let bad = pem(b"no certificate");
        for nothing in [&b""[..], b"words", &bad] {
            assert!(matches!(http_client(Some(nothing)), Err(TlsError::NoCertificates)));
        }
        let both = [bad, good].concat();
        assert_eq!(certificates(&both).map(|it| it.len()), Some(1));
        assert!(http_client(Some(&both)).is_ok());
    }
}
