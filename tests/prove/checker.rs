//! The checker: what was said and acknowledged, what is stored, what every device shows; and the rules that bind them.
//!
//! (a) what was acknowledged is stored; (b) no key is stored, or answered, twice; (c) places are dense; (d) every device applied each event
//! once and in order; (e) nothing was ever applied or shown that is not stored; (f) who was acknowledged before another was said stands before it;
//! (g) all devices show the same in the end; (h) words are stored and shown as they were said, byte for byte.

use std::collections::{BTreeMap, HashMap, HashSet};

use diesel::prelude::*;
use rialto::storage::schema::{messages, reactions, room_heads, room_log};
use rialto::storage::{Conn, Target};

use crate::journal::{Heard, Journal, Violation};
use crate::view::{RoomView, Shown};

/// A message as it is stored.
#[derive(Clone, Debug)]
struct Row {
    id: String,
    room: String,
    seq: i64,
    author: String,
    key: String,
    body: String,
    is_deleted: bool,
}

/// All that is stored about some rooms.
pub struct Stored {
    rows: Vec<Row>,
    reactions: HashSet<(String, String, String)>,
    heads: HashMap<String, i64>,
    places: HashMap<String, Vec<i64>>,
    /// Kind and subject of each place of each log.
    log: HashMap<(String, i64), (i16, String)>,
}

/// The numbers under which kinds of events are stored that the devices cause; they are never used again for anything else.
const KINDS: &[(&str, i16)] =
    &[("message_sent", 1), ("message_edited", 2), ("message_deleted", 3), ("reaction_added", 6), ("reaction_removed", 7)];

impl Stored {
    /// Reads it from the database; what stands in other rooms was there before the devices.
    pub fn read(target: &Target, rooms: &[String]) -> Result<Self, String> {
        let mut conn = target.reader().map_err(|error| error.to_string())?;
        let mut stored = read(&mut conn).map_err(|error| error.to_string())?;
        stored.rows.retain(|row| rooms.contains(&row.room));
        Ok(stored)
    }

    /// The head of a room's log.
    pub fn head(&self, room: &str) -> i64 {
        self.heads.get(room).copied().unwrap_or(0)
    }

    /// How many messages there are.
    pub const fn messages(&self) -> usize {
        self.rows.len()
    }
}

fn read(conn: &mut Conn) -> QueryResult<Stored> {
    type Raw = (i64, i64, i64, i64, String, String, Option<i64>);
    let columns =
        (messages::id, messages::room, messages::seq, messages::author, messages::client_key, messages::body, messages::deleted_at);
    let rows = messages::table.select(columns).load::<Raw>(conn)?;
    let rows = rows.into_iter().map(|(id, room, seq, author, key, body, deleted)| Row {
        id: id.to_string(),
        room: room.to_string(),
        seq,
        author: author.to_string(),
        key,
        body,
        is_deleted: deleted.is_some(),
    });
    let reactions = reactions::table.select((reactions::message, reactions::emoji, reactions::member)).load::<(i64, String, i64)>(conn)?;
    let heads = room_heads::table.select((room_heads::room, room_heads::seq)).load::<(i64, i64)>(conn)?;
    let columns = (room_log::room, room_log::seq, room_log::kind, room_log::subject);
    let events = room_log::table.select(columns).order((room_log::room, room_log::seq));
    let mut places: HashMap<String, Vec<i64>> = HashMap::new();
    let mut log = HashMap::new();
    for (room, seq, kind, subject) in events.load::<(i64, i64, i16, Option<i64>)>(conn)? {
        places.entry(room.to_string()).or_default().push(seq);
        log.insert((room.to_string(), seq), (kind, subject.map(|id| id.to_string()).unwrap_or_default()));
    }
    Ok(Stored {
        rows: rows.collect(),
        reactions: reactions.into_iter().map(|(id, emoji, member)| (id.to_string(), emoji, member.to_string())).collect(),
        heads: heads.into_iter().map(|(room, seq)| (room.to_string(), seq)).collect(),
        places,
        log,
    })
}

/// Every fault in this run; none when all rules held.
pub fn check(journal: &Journal, stored: &Stored, devices: &[(String, HashMap<String, RoomView>)]) -> Vec<Violation> {
    let mut found = journal.violations();
    let by_key: HashMap<(&str, &str), &Row> = stored.rows.iter().map(|row| ((row.author.as_str(), row.key.as_str()), row)).collect();
    acked_is_stored(journal, &by_key, stored, &mut found);
    keys_are_unique(stored, &mut found);
    places_are_dense(stored, &mut found);
    heard_is_stored(journal, stored, &mut found);
    shown_is_stored(stored, devices, &mut found);
    earlier_stands_before(journal, &mut found);
    all_show_the_same(stored, devices, &mut found);
    words_are_as_said(journal, stored, &mut found);
    found
}

fn acked_is_stored(journal: &Journal, by_key: &HashMap<(&str, &str), &Row>, stored: &Stored, found: &mut Vec<Violation>) {
    for (key, sent) in journal.sends() {
        let Some(acked) = sent.acked else { continue };
        match by_key.get(&(sent.author.as_str(), key.as_str())) {
            Some(row) if row.id == acked.id && row.seq == acked.seq && row.room == sent.room => {}
            Some(row) => found.push(('a', format!("{key} was acknowledged as {}/{}, but is {}/{}", acked.id, acked.seq, row.id, row.seq))),
            None => found.push(('a', format!("{key} was acknowledged at {} in room {} and is lost", acked.seq, sent.room))),
        }
    }
    for (reaction, must_be) in journal.reactions() {
        if stored.reactions.contains(&reaction) != must_be {
            let (id, emoji, member) = reaction;
            found.push(('a', format!("the reaction {emoji} of {member} to {id} should be there: {must_be}")));
        }
    }
}

fn keys_are_unique(stored: &Stored, found: &mut Vec<Violation>) {
    let mut known = HashSet::new();
    for row in &stored.rows {
        if !known.insert((&row.author, &row.key)) {
            found.push(('b', format!("{} is stored twice", row.key)));
        }
    }
}

fn places_are_dense(stored: &Stored, found: &mut Vec<Violation>) {
    for (room, places) in &stored.places {
        let wanted = (1..).zip(places).find(|(wanted, place)| wanted != *place);
        if let Some((wanted, place)) = wanted {
            found.push(('c', format!("room {room} has no place {wanted}, but {place}")));
        }
        if places.last() != Some(&stored.head(room)) {
            found.push(('c', format!("room {room} ends at {:?}, and its head is {}", places.last(), stored.head(room))));
        }
    }
}

/// Weighs all that was ever applied, also what a device that loaded its room again shows no more.
fn heard_is_stored(journal: &Journal, stored: &Stored, found: &mut Vec<Violation>) {
    let keys: HashMap<(&str, i64), &str> = stored.rows.iter().map(|row| ((row.room.as_str(), row.seq), row.key.as_str())).collect();
    for (place, all) in journal.all_heard() {
        let there = stored.log.get(&place);
        let key = keys.get(&(place.0.as_str(), place.1)).copied().unwrap_or_default();
        let is_there = |heard: &Heard| {
            let kind = KINDS.iter().find(|(name, _)| *name == heard.kind).map(|(_, number)| *number);
            there.is_some_and(|(number, subject)| {
                kind.is_none_or(|kind| kind == *number) && (heard.id.is_empty() || heard.id == *subject) && heard.key == key
            })
        };
        for heard in all.iter().filter(|heard| !is_there(heard)) {
            let Heard { kind, id, key, by } = heard;
            found.push(('e', format!("{by} applied {kind} {id} {key} at {} of room {}, and {there:?} is stored", place.1, place.0)));
        }
    }
}

fn shown_is_stored(stored: &Stored, devices: &[(String, HashMap<String, RoomView>)], found: &mut Vec<Violation>) {
    let is_same = |row: &Row, shown: &Shown| row.id == shown.id && row.key == shown.key && row.author == shown.author;
    let rows: HashMap<(&str, i64), &Row> = stored.rows.iter().map(|row| ((row.room.as_str(), row.seq), row)).collect();
    for (name, views) in devices {
        for (room, view) in views {
            for (seq, shown) in &view.messages {
                let Some(row) = rows.get(&(room.as_str(), *seq)).filter(|row| is_same(row, shown)) else {
                    found.push(('e', format!("{name} shows {} at {seq} of room {room}, which is not stored", shown.key)));
                    continue;
                };
                let wanted = (!row.is_deleted).then_some(row.body.as_str());
                if shown.body.as_deref() != wanted {
                    found.push(('h', format!("{name} shows {:?} for {}, and {wanted:?} is stored", shown.body, row.key)));
                }
            }
        }
    }
}

fn earlier_stands_before(journal: &Journal, found: &mut Vec<Violation>) {
    let mut by_room: BTreeMap<String, Vec<(std::time::Duration, bool, i64, String)>> = BTreeMap::new();
    for (key, sent) in journal.sends() {
        let Some(acked) = sent.acked else { continue };
        let steps = by_room.entry(sent.room).or_default();
        steps.push((sent.issued, true, acked.seq, key.clone()));
        steps.push((acked.at, false, acked.seq, key));
    }
    for (room, mut steps) in by_room {
        steps.sort();
        let mut highest = 0;
        for (_, is_issue, seq, key) in steps {
            if is_issue && seq <= highest {
                found.push(('f', format!("{key} was said after {highest} of room {room} was acknowledged, but stands at {seq}")));
            } else if !is_issue {
                highest = highest.max(seq);
            }
        }
    }
}

fn all_show_the_same(stored: &Stored, devices: &[(String, HashMap<String, RoomView>)], found: &mut Vec<Violation>) {
    let Some((first, model)) = devices.last() else { return };
    for (room, view) in model {
        let wanted = view.picture();
        let count = stored.rows.iter().filter(|row| row.room == *room).count();
        if wanted.len() != count {
            found.push(('g', format!("{first} shows {} messages of room {room}, and {count} are stored", wanted.len())));
        }
        for (name, views) in devices {
            let picture = views.get(room).map(RoomView::picture).unwrap_or_default();
            if picture != wanted {
                let differs = picture.iter().zip(&wanted).find(|(a, b)| a != b);
                let (own, other) = differs.map_or(("a shorter or longer list", ""), |(a, b)| (a.as_str(), b.as_str()));
                found.push(('g', format!("{name} and {first} differ in room {room}: {own} | {other}")));
            }
        }
    }
}

fn words_are_as_said(journal: &Journal, stored: &Stored, found: &mut Vec<Violation>) {
    let (sends, edits) = (journal.sends(), journal.edits());
    for row in stored.rows.iter().filter(|row| !row.is_deleted) {
        let said = sends.get(&row.key).map(|sent| &sent.body);
        let Some(wanted) = edits.get(&row.id).or(said) else {
            found.push(('e', format!("{} is stored, and nobody said it", row.key)));
            continue;
        };
        if *wanted != row.body {
            found.push(('h', format!("{} should read {wanted:?} and reads {:?}", row.key, row.body)));
        }
    }
}
