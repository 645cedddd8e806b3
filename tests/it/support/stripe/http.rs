//! The double's own HTTP server: one request a connection, on loopback, which can also fail in every way that a real one does.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, `POST` or `DELETE`.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// Without the question mark.
    pub query: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// As it was sent.
    pub body: String,
}

impl Request {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(each, _)| each == name).map(|(_, value)| value.as_str())
    }
}

/// What goes back.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Status, type and text.
    Text(u16, &'static str, String),
    /// The head of an answer and half of its text, then the end of the connection.
    Cut(String),
    /// A good answer, once it is let go.
    Held(Arc<Held>, String),
    /// Nothing, and who waits for it hears that it has come.
    Caught(Arc<Held>),
    /// The end of the connection at once.
    Hangup,
    /// Nothing, for as long as the other end waits.
    Silence,
}

/// An answer that waits.
#[derive(Debug, Default)]
pub struct Held {
    came: Notify,
    go: Notify,
}

impl Held {
    /// Waits until what it answers has come.
    pub async fn came(&self) {
        self.came.notified().await;
    }

    /// Lets it go.
    pub fn release(&self) {
        self.go.notify_one();
    }
}

/// Serves until the handle is aborted.
pub async fn serve(answer: Arc<dyn Fn(Request) -> Reply + Send + Sync>) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = Arc::clone(&answer);
            tokio::spawn(async move {
                // A client that goes away is its own affair.
                let _ = one(stream, answer).await;
            });
        }
    });
    (address, task)
}

async fn one(mut stream: TcpStream, answer: Arc<dyn Fn(Request) -> Reply + Send + Sync>) -> std::io::Result<()> {
    let Some(request) = read(&mut stream).await? else { return Ok(()) };
    match answer(request) {
        Reply::Text(status, kind, text) => stream.write_all(message(status, kind, &text, text.len()).as_bytes()).await?,
        Reply::Cut(text) => stream.write_all(message(200, "application/json", &text[..text.len() / 2], text.len()).as_bytes()).await?,
        Reply::Held(held, text) => {
            held.came.notify_one();
            held.go.notified().await;
            stream.write_all(message(200, "application/json", &text, text.len()).as_bytes()).await?;
        }
        Reply::Caught(held) => {
            held.came.notify_one();
            while stream.read(&mut [0; 64]).await? > 0 {}
        }
        Reply::Hangup => {}
        Reply::Silence => while stream.read(&mut [0; 64]).await? > 0 {},
    }
    stream.shutdown().await
}

fn message(status: u16, kind: &str, text: &str, length: usize) -> String {
    format!("HTTP/1.1 {status} -\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{text}")
}

async fn read(stream: &mut TcpStream) -> std::io::Result<Option<Request>> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (first.next().unwrap_or_default().to_owned(), first.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (path, query) = (path.to_owned(), query.to_owned());
    let headers: Vec<(String, String)> =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok()).unwrap_or(0_usize);
    while bytes.len() < head_end + 4 + length {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
    let body = String::from_utf8_lossy(&bytes[head_end + 4..head_end + 4 + length]).into_owned();
    Ok(Some(Request { method, path, query, headers, body }))
}
