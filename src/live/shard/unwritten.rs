//! Connections for which something waits: written to together, once everyone who was woken for the same reason has said what they say.

use std::cell::RefCell;
use std::rc::Rc;

use tokio::sync::Notify;

use super::connection::Connection;

/// The connections of a worker for which something waits.
#[derive(Debug, Default)]
pub struct Unwritten {
    connections: RefCell<Vec<Rc<Connection>>>,
    bell: Notify,
}

impl Unwritten {
    /// Something waits for this connection, which is not in the list.
    pub(super) fn add(&self, connection: Rc<Connection>) {
        let mut connections = self.connections.borrow_mut();
        if connections.is_empty() {
            self.bell.notify_one();
        }
        connections.push(connection);
    }

    /// Writes to each what waits for it, as far as it goes.
    pub(in crate::live) fn write(&self) {
        let mut connections = std::mem::take(&mut *self.connections.borrow_mut());
        for connection in connections.drain(..) {
            connection.write();
        }
        let mut emptied = self.connections.borrow_mut();
        if emptied.is_empty() {
            *emptied = connections;
        }
    }

    /// Writes whenever something waits. Its turn comes after those who were woken before: an answer and the events of the same commit are
    /// one write.
    pub(in crate::live) async fn keep_writing(self: Rc<Self>) {
        loop {
            self.bell.notified().await;
            self.write();
        }
    }
}
