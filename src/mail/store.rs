//! The table `letters`.

use diesel::prelude::*;

use super::Letter;
use crate::clock::Millis;
use crate::error::{Found, Result};
use crate::ids::{Ids, LetterId, MemberId};
use crate::storage::schema::letters;
use crate::storage::{Conn, Tx};

/// Longest error that is kept, in bytes.
const LONGEST_ERROR: usize = 1_000;

/// A letter in the outbox, without its text.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct LetterHead {
    /// Its id.
    pub id: LetterId,
    /// What sort of letter, `slice.thing`.
    pub kind: String,
    /// One mail address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// When it was written.
    pub at: Millis,
    /// When the server took it; `None` while it has not.
    pub sent_at: Option<Millis>,
    /// Why the last attempt failed; `None` after success.
    pub last_error: Option<String>,
}

/// A letter in the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct StoredLetter {
    /// All but its text.
    pub head: LetterHead,
    /// Plain text.
    pub text: String,
    /// HTML, or empty.
    pub html: String,
}

type Head = (letters::id, letters::kind, letters::recipient, letters::subject, letters::at, letters::sent_at, letters::last_error);

const HEAD: Head = (letters::id, letters::kind, letters::recipient, letters::subject, letters::at, letters::sent_at, letters::last_error);

pub(super) fn insert(tx: &mut Tx<'_>, letter: &Letter, to: &str, subject: &str) -> Result<LetterId> {
    let id: LetterId = tx.new_id();
    let row = (
        letters::id.eq(id),
        letters::kind.eq(letter.kind),
        letters::member.eq(letter.member),
        letters::recipient.eq(to),
        letters::subject.eq(subject),
        letters::body_text.eq(&letter.text),
        letters::body_html.eq(&letter.html),
        letters::at.eq(tx.now()),
    );
    diesel::insert_into(letters::table).values(row).execute(&mut **tx)?;
    Ok(id)
}

pub(super) fn mark_sent(tx: &mut Tx<'_>, id: LetterId) -> Result<()> {
    let now = tx.now();
    diesel::update(letters::table.find(id)).set((letters::sent_at.eq(now), letters::last_error.eq(None::<&str>))).execute(&mut **tx)?;
    Ok(())
}

pub(super) fn mark_failed(tx: &mut Tx<'_>, id: LetterId, error: &str) -> Result<()> {
    let error = &error[..error.floor_char_boundary(LONGEST_ERROR)];
    diesel::update(letters::table.find(id)).set(letters::last_error.eq(error)).execute(&mut **tx)?;
    Ok(())
}

/// Of the letters from `since` on that were tried: whether the newest few were taken, the newest first, and how many were not.
///
/// # Errors
/// When the database cannot be read.
pub fn outcomes(conn: &mut Conn, since: Millis, few: usize) -> Result<(Vec<bool>, i64)> {
    let from: LetterId = Ids::at(since, 0);
    let tried = letters::table
        .filter(letters::id.ge(from))
        .filter(letters::sent_at.is_not_null().or(letters::last_error.is_not_null()))
        .order(letters::id.desc())
        .limit(i64::try_from(few).unwrap_or(i64::MAX))
        .select(letters::sent_at)
        .load::<Option<Millis>>(conn)?;
    let failing = letters::table
        .filter(letters::id.ge(from))
        .filter(letters::sent_at.is_null())
        .filter(letters::last_error.is_not_null())
        .count()
        .get_result(conn)?;
    Ok((tried.iter().map(Option::is_some).collect(), failing))
}

/// At most `limit` letters below `before`, newest first.
///
/// # Errors
/// When the database cannot be read.
pub fn outbox(conn: &mut Conn, before: Option<LetterId>, limit: i64) -> Result<Vec<LetterHead>> {
    Ok(letters::table
        .filter(letters::id.lt(before.unwrap_or(LetterId(i64::MAX))))
        .order(letters::id.desc())
        .limit(limit)
        .select(HEAD)
        .load(conn)?)
}

/// One letter.
///
/// # Errors
/// [`Error::NotFound`](crate::error::Error::NotFound) when there is none, or the database cannot be read.
pub fn letter(conn: &mut Conn, id: LetterId) -> Result<StoredLetter> {
    letters::table.find(id).select((HEAD, letters::body_text, letters::body_html)).first(conn).optional()?.found()
}

/// Forgets one letter; it is not sent any more.
///
/// # Errors
/// When the database refuses.
pub fn forget_letter(tx: &mut Tx<'_>, id: LetterId) -> Result<()> {
    diesel::delete(letters::table.find(id)).execute(&mut **tx)?;
    Ok(())
}

/// Forgets every letter to a member, sent or not, to whatever address they had then: they are gone.
///
/// # Errors
/// When the database refuses.
pub fn forget_letters_to(tx: &mut Tx<'_>, member: MemberId) -> Result<()> {
    diesel::delete(letters::table.filter(letters::member.eq(member))).execute(&mut **tx)?;
    Ok(())
}
