//! Small servers on this machine: a proxy that leads everything to the stand-in, and one with answers of its own.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, KeyPair};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer},
};

/// Who vouches for the certificates that the proxy shows.
pub struct Authority {
    certificate: Certificate,
    key: KeyPair,
}

impl Authority {
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self { certificate: params.self_signed(&key).unwrap(), key }
    }

    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// Answers TLS as this host.
    fn acceptor(&self, host: &str) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.certificate, &self.key).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key);
        TlsAcceptor::from(Arc::new(config.unwrap()))
    }
}

/// A proxy for `http` and `https` that leads every host to the stand-in.
pub struct Gateway {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl Gateway {
    pub async fn start(end: SocketAddr, authority: Authority) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (seen, authority) = (Arc::clone(&heads), Arc::new(authority));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (seen, authority) = (Arc::clone(&seen), Arc::clone(&authority));
                connections.spawn(lead(stream, end, seen, authority));
            }
        });
        Self { address, heads, _tasks: tasks }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The heads of all requests so far: for `https` those that ask for a tunnel.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// The hosts to which tunnels were asked for, each once, in order.
    pub fn tunnels(&self) -> Vec<String> {
        let host =
            |head: &String| Some(head.strip_prefix("CONNECT ")?.split(':').next()?.to_owned());
        let mut hosts: Vec<String> = self.heads().iter().filter_map(host).collect();
        hosts.sort();
        hosts.dedup();
        hosts
    }
}

async fn lead(
    mut stream: TcpStream,
    end: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    authority: Arc<Authority>,
) {
    let Some(head) = head(&mut stream).await else { return };
    let host = head.strip_prefix("CONNECT ").and_then(|it| Some(it.split(':').next()?.to_owned()));
    seen.lock().unwrap().push(head.clone());
    let mut far = TcpStream::connect(end).await.unwrap();
    let Some(host) = host else {
        // A server takes the whole URL in the first line too.
        far.write_all(head.as_bytes()).await.unwrap();
        copy_bidirectional(&mut stream, &mut far).await.ok();
        return;
    };
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    // Whoever does not trust the authority goes away.
    if let Ok(mut inside) = authority.acceptor(&host).accept(stream).await {
        copy_bidirectional(&mut inside, &mut far).await.ok();
    }
}

/// The lines before the body, with the empty one at their end.
async fn head(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// What a server answers to a request, given as its head and body: a body of its own, or nothing, which is 503.
pub type Script = dyn Fn(&str, &str) -> Option<String> + Send + Sync;

/// A server with answers of its own.
pub struct Scripted {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl Scripted {
    pub async fn start(
        script: impl Fn(&str, &str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, script): (_, Arc<Script>) = (Arc::clone(&requests), Arc::new(script));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.spawn(answer(stream, Arc::clone(&seen), Arc::clone(&script)));
            }
        });
        Self { address, requests, _tasks: tasks }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The heads of all requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn answer(mut stream: TcpStream, seen: Arc<Mutex<Vec<String>>>, script: Arc<Script>) {
    let Some(head) = head(&mut stream).await else { return };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.unwrap();
    seen.lock().unwrap().push(head.clone());
    let answer = script(&head, &String::from_utf8_lossy(&body));
    let status = if answer.is_some() { "200 OK" } else { "503 Service Unavailable" };
    let answer = answer.unwrap_or_default();
    let text = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nx-aws-ec2-metadata-token-ttl-seconds: 600\r\nconnection: close\r\n\r\n{answer}",
        answer.len()
    );
    stream.write_all(text.as_bytes()).await.ok();
}
