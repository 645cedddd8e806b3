//! The floor of durable sending: one thread inserts what is queued, commits with fsync, and only then are the ack and the room's frames
//! written, joined by a writer task for each connection. The database is opened as the product opens it; statements are prepared once.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use diesel::backend::Backend;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment};
use rialto::storage::{Conn, Target, kept};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::mpsc;

use super::{Said, WELCOME, ack, event, handshake, listen, next_frame};

diesel::table! {
    said (room, seq) { room -> BigInt, seq -> BigInt, author -> BigInt, body -> Text, }
}

/// Rows of one commit, as many as the product's.
const GROUP: usize = 1_024;

/// A statement that is nothing but its text. The types below are the names under which statements are kept.
struct Text(&'static str);
struct Begin;
struct Insert;
struct Commit;

impl<DB: Backend> QueryFragment<DB> for Text {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(self.0);
        Ok(())
    }
}

struct Row {
    connection: usize,
    room: u64,
    reference: String,
    body: String,
    seq: u64,
}

/// The writer's thread: group commit without a timer.
fn write(data: &Path, rows: &crossbeam_channel::Receiver<Row>, committed: &mpsc::UnboundedSender<Vec<Row>>) {
    let Ok(Conn::Sqlite(mut conn)) = Target::Sqlite(data.join("floor.db")).writer() else { panic!("a database") };
    let table = "CREATE TABLE said (room INTEGER, seq INTEGER, author INTEGER, body TEXT, PRIMARY KEY (room, seq)) WITHOUT ROWID";
    conn.batch_execute(table).expect("a table");
    let mut heads: HashMap<u64, u64> = HashMap::new();
    while let Ok(first) = rows.recv() {
        let (mut group, mut next) = (vec![first], 0);
        kept::<Begin, _>(Text("BEGIN IMMEDIATE")).execute(&mut conn).expect("a transaction");
        while next < group.len() {
            let row = &mut group[next];
            let head = heads.entry(row.room).or_default();
            *head += 1;
            row.seq = *head;
            let values = (said::room.eq(row.room as i64), said::seq.eq(row.seq as i64), said::author.eq(1), said::body.eq(&row.body));
            kept::<Insert, _>(diesel::insert_into(said::table).values(values)).execute(&mut conn).expect("a row");
            next += 1;
            if next == group.len() && group.len() < GROUP {
                group.extend(rows.try_recv());
            }
        }
        kept::<Commit, _>(Text("COMMIT")).execute(&mut conn).expect("a commit");
        if committed.send(group).is_err() {
            return;
        }
    }
}

type Queue = mpsc::UnboundedSender<Bytes>;

#[derive(Default)]
struct Hearers {
    all: Vec<Queue>,
    by_room: HashMap<u64, Vec<usize>>,
}

/// Serves until it is killed.
pub async fn serve(data: &Path) {
    let (rows, inbox) = crossbeam_channel::unbounded();
    let (outlet, mut committed) = mpsc::unbounded_channel::<Vec<Row>>();
    let data = data.to_owned();
    std::thread::spawn(move || write(&data, &inbox, &outlet));
    let hearers = Rc::new(RefCell::new(Hearers::default()));
    let told = Rc::clone(&hearers);
    tokio::task::spawn_local(async move {
        while let Some(group) = committed.recv().await {
            let hearers = told.borrow();
            for row in group {
                let frame = event(row.room, row.seq, 1, &row.body);
                let _ = hearers.all[row.connection].send(ack(&row.reference, row.seq));
                for one in hearers.by_room.get(&row.room).map_or(&[][..], Vec::as_slice) {
                    let _ = hearers.all[*one].send(frame.clone());
                }
            }
        }
    });
    let listener = listen();
    while let Ok((stream, _)) = listener.accept().await {
        tokio::task::spawn_local(connection(stream, Rc::clone(&hearers), rows.clone()));
    }
}

async fn connection(stream: TcpStream, hearers: Rc<RefCell<Hearers>>, rows: crossbeam_channel::Sender<Row>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let (mut read, write) = stream.into_split();
    let (queue, out) = mpsc::unbounded_channel();
    tokio::task::spawn_local(write_joined(write, out));
    let (mut bytes, mut place) = (BytesMut::with_capacity(8_192), None);
    while read.read_buf(&mut bytes).await.ok()? > 0 {
        if place.is_none() {
            let Some(room) = handshake(&mut bytes) else { continue };
            let mut hearers = hearers.borrow_mut();
            let _ = queue.send(Bytes::from_static(WELCOME));
            hearers.all.push(queue.clone());
            let own = hearers.all.len() - 1;
            hearers.by_room.entry(room).or_default().push(own);
            place = Some((own, room));
        }
        while let (Some((connection, room)), Some(payload)) = (place, next_frame(&mut bytes)) {
            let Ok(said) = serde_json::from_slice::<Said<'_>>(&payload) else { continue };
            let row = Row { connection, room, reference: said.r#ref.to_owned(), body: said.body.into_owned(), seq: 0 };
            rows.send(row).ok()?;
        }
    }
    None
}

async fn write_joined(mut write: OwnedWriteHalf, mut queue: mpsc::UnboundedReceiver<Bytes>) {
    let mut joined = BytesMut::new();
    while let Some(first) = queue.recv().await {
        joined.clear();
        joined.extend_from_slice(&first);
        while let Ok(next) = queue.try_recv() {
            joined.extend_from_slice(&next);
        }
        if write.write_all(&joined).await.is_err() {
            return;
        }
    }
}
