//! What a function sees of the API, by requests as it writes them.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

/// A function's side: it asks, and we hear what it sends.
struct Function {
    address: std::net::SocketAddr,
    desk: Arc<Desk>,
    messages: mpsc::Receiver<RuntimeMessage>,
    _api: JoinSet<()>,
}

impl Function {
    async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (say, messages) = mpsc::channel(16);
        let desk = Arc::new(Desk::new(say));
        let mut api = JoinSet::new();
        api.spawn(serve(listener, Arc::clone(&desk)));
        Self { address, desk, messages, _api: api }
    }

    fn lay(&self, id: &str) {
        self.desk.lay(Job::new(id, ("arn", Duration::from_secs(1)), Bytes::from_static(b"{}")));
    }

    /// The status of an answer.
    async fn ask(&self, request: &str, body: &str) -> u16 {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let (base, length) = (BASE, body.len());
        let (method, path) = request.split_once(' ').unwrap();
        let text = format!(
            "{method} {base}{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }

    async fn next(&mut self) {
        assert_eq!(self.ask("GET /invocation/next", "").await, 200);
        assert!(matches!(self.messages.recv().await, Some(RuntimeMessage::Ready)));
    }

    fn silent(&mut self) -> bool {
        self.messages.try_recv().is_err()
    }
}

#[tokio::test]
async fn an_event_is_answered_once() {
    let mut function = Function::start().await;
    function.lay("one");
    function.next().await;
    assert_eq!(function.ask("POST /invocation/other/response", "1").await, 400);
    assert_eq!(function.ask("POST /invocation/one/response", "1").await, 202);
    assert!(
        matches!(function.messages.recv().await, Some(RuntimeMessage::Response(body)) if body == "1")
    );
    assert_eq!(function.ask("POST /invocation/one/response", "2").await, 400);
    assert_eq!(function.ask("POST /invocation/one/error", "2").await, 400);
    assert_eq!(function.ask("POST /invocation/one/else", "2").await, 404);
    assert!(function.silent());
}

#[tokio::test]
async fn a_late_answer_does_not_count_for_the_next_event() {
    let mut function = Function::start().await;
    function.lay("one");
    function.next().await;
    function.lay("two");
    assert_eq!(function.ask("POST /invocation/one/response", "1").await, 400);
    assert_eq!(function.ask("POST /invocation/two/response", "1").await, 400);
    function.next().await;
    assert_eq!(function.ask("POST /invocation/one/error", "1").await, 400);
    assert_eq!(function.ask("POST /invocation/two/error", "2").await, 202);
    assert!(
        matches!(function.messages.recv().await, Some(RuntimeMessage::Error(None, body)) if body == "2")
    );
}

#[tokio::test]
async fn a_function_that_has_started_cannot_fail_to_start() {
    let mut function = Function::start().await;
    assert_eq!(function.ask("POST /init/error", "why").await, 202);
    assert!(
        matches!(function.messages.recv().await, Some(RuntimeMessage::InitError(None, body)) if body == "why")
    );
    function.lay("one");
    function.next().await;
    assert_eq!(function.ask("POST /init/error", "why").await, 403);
    assert!(function.silent());
    assert_eq!(function.ask("POST /invocation/one/response", "1").await, 202);
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_told_at_once() {
    let mut function = Function::start().await;
    function.lay("one");
    function.next().await;
    let large = "x".repeat(BODY_MAX + 1);
    assert_eq!(function.ask("POST /invocation/other/response", &large).await, 400);
    assert!(function.silent());
    assert_eq!(function.ask("POST /invocation/one/response", &large).await, 413);
    assert!(matches!(function.messages.recv().await, Some(RuntimeMessage::TooLarge)));
    // It is answered.
    assert_eq!(function.ask("POST /invocation/one/response", "1").await, 400);
}
