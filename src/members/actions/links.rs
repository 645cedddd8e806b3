//! Links that work once: another password, the demo's doors, the set-up.

use super::sessions::{EVERY_KIND, end_all};
use super::sign_in::{Tries, account_key, find, folded, name_key};
use super::{Addressee, Letters, Members, addressed, site_address, store, trace, write_letter};
use crate::access::{Actor, Ground, RateClass, Token, Visitor, address_key, hash_token};
use crate::clock::Millis;
use crate::error::{Error, Found, RefusalKind, Result};
use crate::ids::MemberId;
use crate::mail::forget_letter;
use crate::members::model::{LinkPurpose, MemberState, Password};
use crate::members::policy::ManageMember;
use crate::storage::{Conn, Tx};

const MINUTE: Millis = 60_000;
/// How long a reset link of a letter works.
const BY_LETTER: Millis = 30 * MINUTE;
/// How long a reset link works that an administrator hands over.
const BY_HAND: Millis = 24 * 60 * MINUTE;

fn over() -> Error {
    Error::refused(RefusalKind::Gone, "members.link_over")
}

/// Ends every one-time link of a database that was put back from a copy: those used since then would work once more.
///
/// # Errors
/// When the database refuses.
pub fn end_restored_links(conn: &mut Conn) -> Result<usize> {
    store::links::delete_all(conn)
}

/// Makes a link that works once within `life` milliseconds; the token is its secret.
///
/// # Errors
/// When the database refuses.
pub fn make_link(tx: &mut Tx<'_>, purpose: LinkPurpose, member: Option<MemberId>, by: Option<MemberId>, life: Millis) -> Result<Token> {
    let token = Token::random()?;
    let expires_at = tx.now() + life;
    let row = store::links::NewRow { purpose, member, token_hash: &token.hash(), created_by: by, expires_at };
    store::links::insert(tx, &row)?;
    Ok(token)
}

/// Uses a link up and says for whom it was.
///
/// # Errors
/// 410 `members.link_over` when it was used, has ended or never was.
pub fn use_link(tx: &mut Tx<'_>, purpose: LinkPurpose, code: &str) -> Result<Option<MemberId>> {
    let (hash, now) = (hash_token(code), tx.now());
    let member = store::links::open(tx, purpose, &hash, now)?.ok_or_else(over)?;
    if store::links::spend(tx, &hash)? { Ok(member) } else { Err(over()) }
}

/// Would the link work? Looking does not use it up: mail scanners look.
///
/// # Errors
/// As [`use_link`].
pub fn check_link(conn: &mut Conn, purpose: LinkPurpose, code: &str, now: Millis) -> Result<Option<MemberId>> {
    store::links::open(conn, purpose, &hash_token(code), now)?.ok_or_else(over)
}

/// Somebody forgot a password: a letter goes out when there is such a member with a mail address. The answer is the same either way, and so
/// is the work, and with it the time.
///
/// # Errors
/// 429 when one asks too often.
pub async fn ask_for_reset(ground: &Ground, visitor: &Visitor, username_or_email: &str) -> Result<()> {
    ground.rates.count(RateClass::Letter, address_key(visitor.address))?;
    let name = folded(username_or_email);
    ground.rates.count(RateClass::Letter, name_key(&name))?;
    let row = ground.db.read(move |conn| find(conn, &name)).await?;
    // Whoever has had their letters by one name is sent none by the other, and is not told so: it would say that both are one's.
    let may_send = row.as_ref().is_none_or(|row| ground.rates.count(RateClass::Letter, account_key(row.id)).is_ok());
    let to = row.filter(|row| may_send && row.state() == MemberState::Active).and_then(addressed);
    let inside = ground.clone();
    ground
        .db
        .write(move |tx| {
            let (is_nobody, to) = (to.is_none(), to.unwrap_or_else(nobody));
            let token = make_link(tx, LinkPurpose::Reset, to.member, None, BY_LETTER)?;
            let url = format!("{}/reset/{}", site_address(&inside.config), token.reveal());
            let letter = write_letter(tx, &inside, Letters::Reset, &to, &url)?;
            if is_nobody {
                store::links::delete(tx, &token.hash())?;
                forget_letter(tx, letter)?;
            }
            Ok(())
        })
        .await
}

/// To whom the letter goes that is taken back in the transaction that writes it.
fn nobody() -> Addressee {
    let (email, name) = ("nobody@nowhere.invalid".to_owned(), "Nobody in particular".to_owned());
    Addressee { member: None, email, name, language: String::new(), time_zone: String::new() }
}

/// An administrator makes a reset link to hand over; the answer is its address.
///
/// # Errors
/// When the database refuses.
pub fn reset_link(tx: &mut Tx<'_>, may: &ManageMember, actor: &Actor, site: &str) -> Result<String> {
    let token = make_link(tx, LinkPurpose::Reset, Some(may.member()), Some(may.by()), BY_HAND)?;
    trace(tx, actor, "members.reset_link", may.member(), None, None)?;
    Ok(format!("{site}/reset/{}", token.reveal()))
}

/// Sets another password by a reset link; every session and every other link of the member is over then, and wrong guesses at the old
/// password are forgotten.
///
/// # Errors
/// 410 `members.link_over`, or the problems of [`Password::parse`].
pub async fn reset_password(ground: &Ground, visitor: &Visitor, members: &Members, code: String, password: &str) -> Result<()> {
    let now = ground.clock.now();
    let shown = code.clone();
    let row = ground
        .db
        .read(move |conn| {
            let member = check_link(conn, LinkPurpose::Reset, &shown, now)?.ok_or_else(over)?;
            store::members::by_id(conn, member)?.found()
        })
        .await?;
    let password = Password::parse(password, &row.username, "password")?;
    let hash = members.hasher.make(password).await?;
    ground.db.write(move |tx| finish_reset(tx, &code, &hash)).await?;
    for name in [Some(row.username), row.email].into_iter().flatten() {
        Tries::of(&name, Some(row.id), visitor).forgive(ground);
    }
    Ok(())
}

/// The part of a reset that happens in one transaction.
pub(in crate::members) fn finish_reset(tx: &mut Tx<'_>, code: &str, hash: &str) -> Result<()> {
    let member = use_link(tx, LinkPurpose::Reset, code)?.ok_or_else(over)?;
    let row = store::members::by_id(tx, member)?.ok_or_else(over)?;
    if row.state() == MemberState::Deleted {
        return Err(over());
    }
    store::members::set_password(tx, member, hash)?;
    store::links::spend_of(tx, member)?;
    end_all(tx, member, Some(member), None, &EVERY_KIND)?;
    Ok(())
}
