//! Connections for which something waits: written to together, once everyone who was woken for the same reason has said what they say.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use tokio::sync::Notify;

use super::connection::Connection;

/// Connections that are written to before the worker does something else.
const WRITTEN_AT_ONCE: usize = 128;

/// The connections of a worker for which something waits.
#[derive(Debug, Default)]
pub struct Unwritten {
    connections: RefCell<VecDeque<Rc<Connection>>>,
    /// Those with a close frame in, whose sockets nobody will shut yet.
    closing: RefCell<Vec<Rc<Connection>>>,
    bell: Notify,
}

impl Unwritten {
    /// Something waits for this connection, which is not in the list.
    pub(super) fn add(&self, connection: Rc<Connection>) {
        let mut connections = self.connections.borrow_mut();
        if connections.is_empty() {
            self.bell.notify_one();
        }
        connections.push_back(connection);
    }

    /// A close frame is in.
    pub(super) fn closes(&self, connection: Rc<Connection>) {
        self.closing.borrow_mut().push(connection);
    }

    /// Those for which [`Unwritten::closes`] was called since this was asked last.
    pub(super) fn take_closing(&self) -> Vec<Rc<Connection>> {
        self.closing.take()
    }

    /// Writes to each what waits for it, as far as it goes.
    pub(in crate::live) fn write(&self) {
        while self.write_some() {}
    }

    /// The same for some of them; whether there may be more.
    fn write_some(&self) -> bool {
        (0..WRITTEN_AT_ONCE).all(|_| {
            let next = self.connections.borrow_mut().pop_front();
            next.is_some_and(|connection| {
                connection.write();
                true
            })
        })
    }

    /// Writes whenever something waits. Its turn comes after those who were woken before: an answer and the events of the same commit are
    /// one write. Where there are many connections, what came in, answers and time have their turns between them.
    pub(in crate::live) async fn keep_writing(self: Rc<Self>) {
        loop {
            self.bell.notified().await;
            while self.write_some() {
                tokio::task::yield_now().await;
            }
        }
    }
}
