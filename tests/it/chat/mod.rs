//! Rooms and messages over the API and the socket: what is promised to those who talk.

mod ageing;
mod calling;
mod making;
mod newcomers;
mod open_sockets;
mod owners;
mod posting;
mod reads;
mod retention;
mod rooms;
mod slow;
mod storage_faults;

use rialto::ids::RoomId;

/// The address of a room's messages.
fn messages(room: RoomId) -> String {
    format!("/api/v1/rooms/{room}/messages")
}

/// The address of one message.
fn message(room: RoomId, id: &str) -> String {
    format!("/api/v1/rooms/{room}/messages/{id}")
}
