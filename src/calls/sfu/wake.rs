//! Waiting for datagrams and inputs at once: a queue that wakes the thread which polls.

use std::net::UdpSocket;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};

/// Hands items to a media thread.
pub struct Bell<T> {
    items: Sender<T>,
    wake: Arc<EventFd>,
}

/// Where a media thread takes them.
pub struct Hatch<T> {
    items: Receiver<T>,
    wake: Arc<EventFd>,
}

/// A queue between any thread and a media thread.
///
/// # Errors
/// When the kernel has no descriptor left.
pub fn pair<T>() -> nix::Result<(Bell<T>, Hatch<T>)> {
    let wake = Arc::new(EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)?);
    let (sender, receiver) = crossbeam_channel::unbounded();
    Ok((Bell { items: sender, wake: Arc::clone(&wake) }, Hatch { items: receiver, wake }))
}

impl<T> Bell<T> {
    /// Hands in an item. It is lost only when the thread has ended.
    pub fn send(&self, item: T) {
        if self.items.send(item).is_ok() {
            let _ = self.wake.write(1);
        }
    }
}

impl<T> Hatch<T> {
    /// Waits until a datagram, something over TCP or an item is there, at most this many milliseconds. Says whether there are datagrams, and
    /// whether there is something over TCP.
    pub fn wait(&self, socket: &UdpSocket, lines: BorrowedFd<'_>, milliseconds: u16) -> (bool, bool) {
        let mut waiting = [socket.as_fd(), self.wake.as_fd(), lines].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
        if poll(&mut waiting, PollTimeout::from(milliseconds)).unwrap_or(0) == 0 {
            return (false, false);
        }
        if waiting[1].any().unwrap_or(false) {
            let _ = self.wake.read();
        }
        (waiting[0].any().unwrap_or(false), waiting[2].any().unwrap_or(false))
    }

    /// The next item, without waiting.
    pub fn next(&self) -> Option<T> {
        self.items.try_recv().ok()
    }
}
