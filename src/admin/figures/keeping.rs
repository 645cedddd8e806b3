//! Keeps the figures: counts what came, a little at a time, and closes the days that are over.

use std::collections::BTreeMap;
use std::ops::Range;

use super::days::{DAY, FIRST_TIME, Figure, SPANS, day};
use super::store;
use crate::access::Ground;
use crate::clock::Millis;
use crate::error::Result;
use crate::http::WITHIN_MS;
use crate::ids::{Ids, MessageId};
use crate::storage::{Conn, Tx, database_bytes};

/// Messages that are counted at once.
const HANDFUL: i64 = 10_000;
/// An id that is older is followed by none that is younger: with several writers one may be given before another and be stored after it.
const SETTLED: Millis = 60_000;

/// Counts what came since the last time, and closes the days that are over.
///
/// # Errors
/// When the database cannot be used.
pub async fn keep(ground: &Ground) -> Result<()> {
    while count_handful(ground, HANDFUL).await? {}
    close_days(ground).await
}

/// Counts the answers that were given within each class of time.
///
/// # Errors
/// When the database refuses.
pub fn note_times(tx: &mut Tx<'_>, times: &[u64; WITHIN_MS.len()]) -> Result<()> {
    let today = day(tx.now());
    for (number, count) in (FIRST_TIME..).zip(times).filter(|(_, count)| **count > 0) {
        store::add(tx, today, number, i64::try_from(*count).unwrap_or(i64::MAX))?;
    }
    Ok(())
}

/// How many were sent on each day.
pub(super) fn by_day(sent: &[(i64, Millis)]) -> BTreeMap<i64, i64> {
    let mut days = BTreeMap::new();
    for (_, at) in sent {
        *days.entry(day(*at)).or_insert(0) += 1;
    }
    days
}

/// Counts some messages; are there more?
async fn count_handful(ground: &Ground, most: i64) -> Result<bool> {
    let settled: MessageId = Ids::at(ground.clock.now() - SETTLED, 0);
    let found = ground.db.read(move |conn| {
        let after = store::counted(conn)?;
        Ok((after, store::sent(conn, after, settled.0, most)?))
    });
    let (after, sent) = found.await?;
    let Some((newest, _)) = sent.last().copied() else { return Ok(false) };
    let is_full = i64::try_from(sent.len()).is_ok_and(|count| count >= most);
    let count = ground.db.write(move |tx| {
        // Only once, whoever else counts.
        if store::counted(tx)? == after {
            for (day, count) in by_day(&sent) {
                store::add(tx, day, Figure::Messages as i16, count)?;
            }
            store::set_counted(tx, newest)?;
        }
        Ok(())
    });
    count.await?;
    Ok(is_full)
}

/// What a day that is over comes to.
struct Closing {
    day: i64,
    /// None: it was closed before.
    members: Option<i64>,
    call_seconds: i64,
    /// Of the newest alone: how large it was before is not known.
    database_bytes: Option<i64>,
}

async fn close_days(ground: &Ground) -> Result<()> {
    let today = day(ground.clock.now());
    let closings = ground.db.read(move |conn| closings(conn, today)).await?;
    if closings.is_empty() {
        return Ok(());
    }
    let close = ground.db.write(move |tx| {
        for closing in closings {
            let of = [
                (Figure::Members, closing.members),
                (Figure::CallSeconds, Some(closing.call_seconds)),
                (Figure::DatabaseBytes, closing.database_bytes),
            ];
            for (figure, value) in of.into_iter().filter_map(|(figure, value)| Some((figure, value?))) {
                store::set(tx, closing.day, figure, value)?;
            }
        }
        Ok(())
    });
    close.await
}

/// The days that are over and not closed: as far back as a chart goes, and no farther than the community.
fn closings(conn: &mut Conn, today: i64) -> Result<Vec<Closing>> {
    let closed = store::last_closed(conn)?;
    if closed.is_some_and(|closed| closed + 1 >= today) {
        return Ok(Vec::new());
    }
    let joined = store::joined_by_day(conn)?;
    let Some(first) = joined.iter().map(|(day, _)| *day).min() else { return Ok(Vec::new()) };
    // The last day once more: a call that began on it may have gone on into the next.
    let from = closed.unwrap_or(first).max(today - SPANS[SPANS.len() - 1]);
    let mut found = Vec::new();
    for (day, members) in members_by_day(&joined, from..today) {
        let call_seconds = store::call_seconds(conn, day * DAY, (day + 1) * DAY)?;
        found.push(Closing { day, members: (closed != Some(day)).then_some(members), call_seconds, database_bytes: None });
    }
    if let Some(newest) = found.last_mut() {
        newest.database_bytes = Some(database_bytes(conn)?);
    }
    Ok(found)
}

/// How many of those who came by then there were at the end of each day.
fn members_by_day(joined: &[(i64, i64)], days: Range<i64>) -> Vec<(i64, i64)> {
    let by = |end: i64| -> i64 { joined.iter().filter(|(day, _)| *day <= end).map(|(_, count)| count).sum() };
    days.map(|day| (day, by(day))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_at_the_end_of_a_day_are_all_who_came_until_then() {
        let joined = [(5, 2), (3, 1), (7, 4)];
        assert_eq!(members_by_day(&joined, 2..8), [(2, 0), (3, 1), (4, 1), (5, 3), (6, 3), (7, 7)]);
        assert_eq!(members_by_day(&joined, 8..8), []);
    }

    #[test]
    fn messages_count_on_the_day_on_which_they_were_sent() {
        assert_eq!(by_day(&[(1, 0), (2, DAY - 1), (3, DAY), (9, 1)]), BTreeMap::from([(0, 3), (1, 1)]));
    }
}
