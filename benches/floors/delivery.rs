//! The floor of fan-out: one thread, one shared frame for each message, and either a writer task for each connection that joins what is
//! queued into one write, or a write to every socket at once.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::ErrorKind;
use std::rc::Rc;

use bytes::{Buf, Bytes, BytesMut};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::{Said, WELCOME, ack, event, handshake, listen, next_frame};

/// How bytes reach the sockets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A queue and a writer task for each connection.
    Writer,
    /// The room writes to every socket itself.
    Direct,
}

/// Frames that may wait for one connection.
const QUEUE: usize = 256;
/// Frames joined into one write.
const JOINED: usize = 64;

#[derive(Default)]
struct Room {
    seq: u64,
    hearers: Vec<Rc<Hearer>>,
}

struct Hearer {
    stream: TcpStream,
    queue: Option<mpsc::Sender<Bytes>>,
    /// What the socket did not take.
    rest: RefCell<BytesMut>,
}

type Rooms = Rc<RefCell<HashMap<u64, Rc<RefCell<Room>>>>>;

impl Hearer {
    fn hear(self: &Rc<Self>, frame: &Bytes) {
        match &self.queue {
            Some(queue) => {
                let _ = queue.try_send(frame.clone());
            }
            None => self.write_now(frame),
        }
    }

    fn write_now(self: &Rc<Self>, mut frame: &[u8]) {
        let mut rest = self.rest.borrow_mut();
        if !rest.is_empty() {
            rest.extend_from_slice(frame);
            return;
        }
        while !frame.is_empty() {
            match self.stream.try_write(frame) {
                Ok(count) => frame = &frame[count..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    rest.extend_from_slice(frame);
                    tokio::task::spawn_local(Rc::clone(self).write_rest());
                    return;
                }
                Err(_) => return,
            }
        }
    }

    async fn write_rest(self: Rc<Self>) {
        while self.stream.writable().await.is_ok() {
            let mut rest = self.rest.borrow_mut();
            match self.stream.try_write(&rest) {
                Ok(count) => rest.advance(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                Err(_) => return,
            }
            if rest.is_empty() {
                return;
            }
        }
    }
}

/// Serves until it is killed.
pub async fn serve(way: Way) {
    let listener = listen();
    let rooms = Rooms::default();
    while let Ok((stream, _)) = listener.accept().await {
        tokio::task::spawn_local(connection(stream, Rc::clone(&rooms), way));
    }
}

async fn connection(stream: TcpStream, rooms: Rooms, way: Way) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let (sender, receiver) = mpsc::channel(QUEUE);
    let hearer = Rc::new(Hearer { stream, queue: (way == Way::Writer).then_some(sender), rest: RefCell::default() });
    if way == Way::Writer {
        tokio::task::spawn_local(write_joined(Rc::clone(&hearer), receiver));
    }
    let (mut bytes, mut room, mut place) = (BytesMut::with_capacity(8_192), None, 0);
    loop {
        hearer.stream.readable().await.ok()?;
        match hearer.stream.try_read_buf(&mut bytes) {
            Ok(0) => return None,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
            Err(_) => return None,
        }
        if room.is_none() {
            let Some(number) = handshake(&mut bytes) else { continue };
            hearer.hear(&Bytes::from_static(WELCOME));
            let own = Rc::clone(rooms.borrow_mut().entry(number).or_default());
            own.borrow_mut().hearers.push(Rc::clone(&hearer));
            (room, place) = (Some(own), number);
        }
        while let (Some(room), Some(payload)) = (&room, next_frame(&mut bytes)) {
            let Ok(said) = serde_json::from_slice::<Said<'_>>(&payload) else { continue };
            let mut room = room.borrow_mut();
            room.seq += 1;
            let frame = event(place, room.seq, 1, &said.body);
            room.hearers.iter().for_each(|one| one.hear(&frame));
            hearer.hear(&ack(said.r#ref, room.seq));
        }
    }
}

async fn write_joined(hearer: Rc<Hearer>, mut queue: mpsc::Receiver<Bytes>) {
    let mut joined = BytesMut::new();
    while let Some(first) = queue.recv().await {
        joined.clear();
        joined.extend_from_slice(&first);
        for _ in 1..JOINED {
            let Ok(next) = queue.try_recv() else { break };
            joined.extend_from_slice(&next);
        }
        while !joined.is_empty() {
            match hearer.stream.try_write(&joined) {
                Ok(count) => joined.advance(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock && hearer.stream.writable().await.is_ok() => {}
                Err(_) => return,
            }
        }
    }
}
