//! What the board decided, kept as rows in the order in which it happened; and what is found when the program starts.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::known_of;
use super::listing::tell_entry;
use crate::access::Ground;
use crate::calls::board::{NewCall, Parted, Record};
use crate::calls::events::CallEvent;
use crate::calls::exchange::Calls;
use crate::calls::model::{CallKind, CallRole, Cause, Fate, Parting};
use crate::calls::store::{self, CallRow, PersonRow};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{CallId, MemberId, StayId};
use crate::live::LogId;
use crate::storage::Tx;

/// How often something that the database does not take now is tried again at once.
const TRIES: u32 = 5;
/// Ends that could not be kept are tried again this often, for as long as the program runs.
const AGAIN: Duration = Duration::from_secs(5);
/// A row whose call is not on the board is that of one that begins, for so long; after that its end could not be kept.
const BEGINS_WITHIN: Millis = 10_000;

/// Keeps records, takes in what the media server says and lets time pass, until the program stops. Runs on a thread of its own.
pub async fn run(calls: Calls, ground: Ground) {
    let Some(mut records) = calls.take_records() else { return };
    let keeping = async {
        let (mut owed, mut pay_at) = (VecDeque::new(), Instant::now());
        loop {
            tokio::select! {
                record = records.recv() => {
                    let Some(record) = record else { return };
                    if !is_kept(&ground, &record).await && must_be_kept(&record) {
                        pay_at = if owed.is_empty() { Instant::now() + AGAIN } else { pay_at };
                        owed.push_back(record);
                    }
                    calls.note_kept();
                }
                () = tokio::time::sleep_until(pay_at), if !owed.is_empty() => {
                    pay(&ground, &mut owed).await;
                    pay_at = Instant::now() + AGAIN;
                }
            }
        }
    };
    tokio::select! {
        () = keeping => {}
        () = calls.listen() => {}
        () = calls.tick() => {}
        () = resting(&calls, &ground) => {}
    }
}

/// What threads that write took for a crowd is given back when it has gone.
async fn resting(calls: &Calls, ground: &Ground) {
    loop {
        calls.rested().await;
        ground.db.settle().await;
    }
}

/// Without these a call would seem to go on for ever, and somebody to be in it.
const fn must_be_kept(record: &Record) -> bool {
    matches!(record, Record::Ended { .. } | Record::Parted(_))
}

/// Tries what is owed, up to the first that is not taken; that one goes behind the others.
async fn pay(ground: &Ground, owed: &mut VecDeque<Record>) {
    while let Some(record) = owed.pop_front() {
        if !is_kept(ground, &record).await {
            return owed.push_back(record);
        }
    }
}

async fn is_kept(ground: &Ground, record: &Record) -> bool {
    let kept = keep_patiently(ground, record).await;
    if let Err(error) = &kept {
        tracing::error!(%error, "something of a call could not be kept");
    }
    kept.is_ok()
}

async fn keep_patiently(ground: &Ground, record: &Record) -> Result<()> {
    for tried in 1.. {
        let again = record.clone();
        match ground.db.write(move |tx| keep(tx, &again)).await {
            Err(Error::Busy { retry_after_ms }) if tried < TRIES => tokio::time::sleep(Duration::from_millis(retry_after_ms)).await,
            other => return other,
        }
    }
    Ok(())
}

/// Does this row say that a call goes on which does not? Its end could not be kept.
pub fn is_lost(calls: &Calls, row: &CallRow, now: Millis) -> bool {
    row.ended_at.is_none() && row.started_at + BEGINS_WITHIN <= now && calls.look(|board| board.call(row.id).is_none())
}

/// Ends the row of a call that does not go on any more.
///
/// # Errors
/// When the database refuses.
pub fn end_lost(tx: &mut Tx<'_>, row: &CallRow) -> Result<()> {
    let now = tx.now();
    end_stays(tx, row)?;
    end(tx, row.id, Cause::Interrupted, now)
}

/// Keeps one thing.
///
/// # Errors
/// When the database refuses.
pub fn keep(tx: &mut Tx<'_>, record: &Record) -> Result<()> {
    match *record {
        Record::Joined { stay, call, member, role, at } => {
            store::put_person(tx, call, member, false, true, role)?;
            store::set_role(tx, call, member, role)?;
            store::begin_stay(tx, stay, call, member, at)
        }
        Record::Parted(ref parted) => store::end_stay(tx, parted),
        Record::Answered { call, at } => store::answer(tx, call, at),
        Record::Voices { call } => store::set_voices(tx, call),
        Record::Fate { call, member, fate } => settle(tx, call, member, fate),
        Record::Role { call, member, role } => store::set_role(tx, call, member, role),
        Record::Ended { call, cause, at } => end(tx, call, cause, at),
    }
}

/// So it ended for a member; it stands in their list from now on.
fn settle(tx: &mut Tx<'_>, call: CallId, member: MemberId, fate: Fate) -> Result<()> {
    let Some(row) = store::call(tx, call)? else { return Ok(()) };
    let people = store::people(tx, call)?;
    match people.iter().find(|person| person.member == member) {
        Some(person) => settle_one(tx, (&row, person), &people, fate),
        None => Ok(()),
    }
}

fn settle_one(tx: &mut Tx<'_>, (row, person): (&CallRow, &PersonRow), people: &[PersonRow], fate: Fate) -> Result<()> {
    if !store::set_fate(tx, row.id, person.member, fate)? {
        return Ok(());
    }
    let Some(person) = store::person(tx, row.id, person.member)? else { return Ok(()) };
    tell_entry(tx, row, &person, people)
}

/// It is over: everybody who knows of it learns how it ended for them, and its room how it ended at all.
fn end(tx: &mut Tx<'_>, call: CallId, cause: Cause, at: Millis) -> Result<()> {
    if !store::end(tx, call, cause, at)? {
        return Ok(());
    }
    let Some(row) = store::call(tx, call)? else { return Ok(()) };
    let (people, were_in) = (store::people(tx, call)?, store::were_in(tx, call)?);
    // Who is told that the other said no, or took it back, finds that in their list as well.
    let unanswered = match cause {
        Cause::Declined => Fate::Declined,
        Cause::Cancelled => Fate::Cancelled,
        _ => Fate::Unanswered,
    };
    for person in people.iter().filter(|person| person.listed || person.rung) {
        let was_in = were_in.contains(&person.member);
        let is_starter = person.member == row.starter;
        let fate = match (was_in, is_starter) {
            // Somebody accepted, and they never heard each other.
            (true, _) if cause == Cause::Failed => {
                if is_starter {
                    Fate::Unanswered
                } else {
                    Fate::Missed
                }
            }
            (true, true) if row.members < 2 && row.kind != CallKind::Room.number() => unanswered,
            (true, _) => Fate::Taken,
            (false, true) => unanswered,
            // A call in which no two met went on for nobody.
            (false, false) if row.members < 2 => Fate::Missed,
            (false, false) => Fate::Passed,
        };
        // Whoever missed the ring, or said no, and came all the same was in it.
        if was_in && person.fate.is_some() {
            store::clear_fate(tx, call, person.member)?;
        }
        settle_one(tx, (&row, person), &people, fate)?;
    }
    if let Some(room) = row.room {
        let is_met = row.kind == CallKind::Room.number() || row.members > 1;
        let seconds = if is_met { (at - row.answered_at.unwrap_or(row.started_at)).max(0) / 1_000 } else { 0 };
        let CallRow { starter, video, started_at, members, .. } = row;
        let event = CallEvent::CallEnded { call, actor: starter, video, cause, started_at, seconds, members };
        tx.announce(LogId::Room(room), event.announcement()?)?;
    }
    Ok(())
}

/// Calls that went on when the program stopped: what rang is over, the others wait for their people.
///
/// # Errors
/// When the database refuses.
pub async fn resume_all(calls: &Calls, ground: &Ground) -> Result<()> {
    let kept = ground
        .db
        .write(|tx| {
            let mut kept = Vec::new();
            for row in store::live(tx)? {
                let people = store::people(tx, row.id)?;
                let awaited = end_stays(tx, &row)?;
                if row.answered_at.is_none() {
                    missed(tx, &row, &people)?;
                }
                if row.answered_at.is_none() && row.kind == CallKind::Direct.number() {
                    let now = tx.now();
                    end(tx, row.id, Cause::Interrupted, now)?;
                } else {
                    let were_in = store::were_in(tx, row.id)?;
                    kept.push((row, people, awaited, were_in));
                }
            }
            Ok(kept)
        })
        .await?;
    calls.with(|board, now, out| {
        for (row, people, awaited, were_in) in kept {
            let known = people.iter().map(|person| {
                let role = CallRole::from_number(person.role).unwrap_or(CallRole::Speaker);
                let role = were_in.contains(&person.member).then_some(role);
                (person.member, known_of(role, person.held, person.removed, awaited.contains(&person.member)))
            });
            let known = known
                .filter(|(member, known)| known.awaited || known.removed || people.iter().any(|one| one.member == *member && one.listed));
            board.resume(call_of(&row), known.collect(), now, out);
        }
    });
    Ok(())
}

fn call_of(row: &CallRow) -> NewCall {
    NewCall {
        id: row.id,
        kind: CallKind::from_number(row.kind).unwrap_or(CallKind::Group),
        room: row.room,
        video: row.video,
        pictures: row.pictures,
        starter: row.starter,
        connection: None,
        started_at: row.started_at,
        ends_at: row.ends_at,
        most: row.group_size.and_then(|size| u32::try_from(size).ok()).unwrap_or(u32::MAX),
        locked: row.locked,
    }
}

/// Closes what was open when the program stopped; whose that was.
fn end_stays(tx: &mut Tx<'_>, row: &CallRow) -> Result<Vec<MemberId>> {
    let now = tx.now();
    let open = store::open_stays(tx, row.id)?;
    for (stay, member, joined_at) in &open {
        let parted = Parted {
            stay: StayId(*stay),
            call: row.id,
            member: *member,
            at: now,
            parting: Parting::Lost,
            lasted: now - joined_at,
            connected_ms: None,
            route: "",
            kbps_in: 0,
            kbps_out: 0,
            loss_permille: 0,
            trouble: "",
            quality: None,
        };
        store::end_stay(tx, &parted)?;
    }
    Ok(open.into_iter().map(|(_, member, _)| member).collect())
}

/// What rang when the program stopped was missed.
fn missed(tx: &mut Tx<'_>, row: &CallRow, people: &[PersonRow]) -> Result<()> {
    for person in people.iter().filter(|person| person.rung && person.member != row.starter) {
        settle_one(tx, (row, person), people, Fate::Missed)?;
    }
    Ok(())
}
