//! A plain TCP connection that can be written to beside its HTTP dispatcher, while nothing of the dispatcher's is left unwritten.
//!
//! What the dispatcher writes costs a wake-up, a turn of its state machine and a copy for each connection and message. Where a message goes
//! to many, the sockets themselves should be all that it costs.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::AsRawFd;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The connection as the dispatcher has it.
#[derive(Debug)]
pub struct PlainStream {
    shared: Rc<Shared>,
}

#[derive(Debug)]
struct Shared {
    stream: RefCell<TcpStream>,
    stage: Cell<Stage>,
}

/// Who may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// HTTP: the dispatcher alone.
    Http,
    /// A WebSocket, and the dispatcher holds bytes that it was given.
    Held,
    /// A WebSocket, and all that the dispatcher was given is with the kernel.
    Free,
}

impl PlainStream {
    /// Takes the connection.
    #[must_use]
    pub fn new(stream: TcpStream) -> Self {
        Self { shared: Rc::new(Shared { stream: RefCell::new(stream), stage: Cell::new(Stage::Http) }) }
    }

    /// Its line, which does not keep it open.
    #[must_use]
    pub fn line(&self) -> Line {
        Line(Rc::downgrade(&self.shared))
    }

    /// Its descriptor, which is its own while it lives.
    #[must_use]
    pub fn descriptor(&self) -> i32 {
        self.shared.stream.borrow().as_raw_fd()
    }

    fn poll<T>(&self, with: impl FnOnce(Pin<&mut TcpStream>) -> T) -> T {
        with(Pin::new(&mut self.shared.stream.borrow_mut()))
    }
}

impl AsyncRead for PlainStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.poll(|stream| stream.poll_read(cx, buffer))
    }
}

impl AsyncWrite for PlainStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll(|stream| stream.poll_write(cx, bytes))
    }

    /// The dispatcher flushes when the stream has taken all that it had to write.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.shared.stage.get() == Stage::Held {
            self.shared.stage.set(Stage::Free);
        }
        self.poll(|stream| stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.shared.stage.set(Stage::Http);
        self.poll(|stream| stream.poll_shutdown(cx))
    }
}

/// The way past the dispatcher; with TLS, and once the connection is over, there is none.
#[derive(Clone, Debug, Default)]
pub struct Line(Weak<Shared>);

impl Line {
    /// The dispatcher was given something to write: it writes alone until that is with the kernel. The first time it was given the answer
    /// to the handshake.
    pub(super) fn hold(&self) {
        if let Some(shared) = self.0.upgrade() {
            shared.stage.set(Stage::Held);
        }
    }

    /// The WebSocket is over: what the stream carries from now on is the dispatcher's alone.
    pub(super) fn release(&self) {
        if let Some(shared) = self.0.upgrade() {
            shared.stage.set(Stage::Http);
        }
    }

    /// Is it our turn?
    pub(super) fn is_free(&self) -> bool {
        self.0.upgrade().is_some_and(|shared| shared.stage.get() == Stage::Free)
    }

    /// Writes as much as the kernel takes now: the number of bytes, 0 when it is not our turn or the kernel takes nothing.
    pub(super) fn write(&self, bytes: &[u8]) -> usize {
        let Some(shared) = self.0.upgrade().filter(|shared| shared.stage.get() == Stage::Free) else { return 0 };
        // An error is found again by the dispatcher, which ends the connection.
        let written = shared.stream.borrow().try_write(bytes);
        written.unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    use super::*;

    async fn pair() -> (PlainStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let client = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("a connection");
        let stream = listener.accept().await.expect("a connection").0;
        stream.writable().await.expect("writable");
        (PlainStream::new(stream), client)
    }

    async fn write(stream: &mut PlainStream, bytes: &[u8]) {
        poll_fn(|cx| Pin::new(&mut *stream).poll_write(cx, bytes)).await.expect("written");
    }

    async fn flush(stream: &mut PlainStream) {
        poll_fn(|cx| Pin::new(&mut *stream).poll_flush(cx)).await.expect("flushed");
    }

    #[tokio::test]
    async fn nothing_passes_what_the_dispatcher_holds() {
        let (mut stream, mut client) = pair().await;
        let line = stream.line();
        flush(&mut stream).await;
        assert_eq!(line.write(b"no"), 0, "HTTP is not ours");
        line.hold();
        assert_eq!(line.write(b"no"), 0, "the head is not written yet");
        write(&mut stream, b"head ").await;
        assert_eq!(line.write(b"no"), 0, "the dispatcher has not said that this was all");
        flush(&mut stream).await;
        assert_eq!(line.write(b"one "), 4);
        line.hold();
        assert_eq!(line.write(b"no"), 0);
        write(&mut stream, b"two ").await;
        flush(&mut stream).await;
        assert_eq!(line.write(b"three"), 5);
        line.release();
        flush(&mut stream).await;
        assert_eq!(line.write(b"no"), 0, "HTTP again");
        drop(stream);
        assert_eq!(line.write(b"no"), 0, "the connection is over");
        let mut all = String::new();
        client.read_to_string(&mut all).await.expect("read");
        assert_eq!(all, "head one two three");
    }

    #[tokio::test]
    async fn a_client_that_does_not_read_takes_no_more_than_the_kernel_holds() {
        let (mut stream, _client) = pair().await;
        let line = stream.line();
        line.hold();
        flush(&mut stream).await;
        let chunk = vec![b'x'; 1 << 20];
        let full = (0..100).find(|_| line.write(&chunk) == 0);
        assert!(full.is_some(), "it never filled");
    }
}
