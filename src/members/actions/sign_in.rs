//! Signing in and out.

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::accounts::Arrival;
use super::appeals::ban_in_force;
use super::hashing::Verdict;
use super::sessions::{address_text, end_one, make_session};
use super::{Members, moderation, store};
use crate::access::{Actor, Credential, Ground, RateClass, Scopes, Token, Visitor, address_key};
use crate::error::{Error, Result};
use crate::ids::{MemberId, SanctionId};
use crate::members::model::{LinkPurpose, MemberRow, MemberState, Password, SessionKind, device_name};
use crate::storage::{Conn, Tx};

/// A visitor who has an account.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
pub struct SignIn {
    /// Username or mail address.
    pub username: String,
    /// Password.
    pub password: String,
}

/// What a sign-in is checked against.
#[derive(Clone)]
struct Known {
    row: MemberRow,
    /// Have they a session from the visitor's address?
    is_home: bool,
}

fn wrong() -> Error {
    Error::forbidden("members.sign_in_wrong")
}

pub(super) fn find(conn: &mut Conn, name: &str) -> Result<Option<MemberRow>> {
    if name.contains('@') { store::members::by_email(conn, name) } else { store::members::by_username(conn, name) }
}

/// A name or mail address as it is looked for, and as tries are counted, however it is spelled.
pub(super) fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

/// The key under which tries by a name or a mail address are counted, whether somebody has it or not. What is refused for them says nothing of
/// whose it is: were they counted by account, the limit of a name would show at the mail address of the same one.
pub(super) fn name_key(folded: &str) -> u128 {
    key_of(format!("name {folded}").as_bytes())
}

/// The key under which tries at an account are counted, by whichever name.
pub(super) fn account_key(member: MemberId) -> u128 {
    key_of(format!("member {member}").as_bytes())
}

/// 128 bits that stand for these.
pub(super) fn key_of(bytes: &[u8]) -> u128 {
    Sha256::digest(bytes).iter().take(16).fold(0, |key, byte| (key << 8) | u128::from(*byte))
}

/// Tries at a password by one address.
pub(super) struct Tries {
    /// What was typed.
    name: u128,
    /// The same as this address tries it: strangers use up their own tries, not the member's.
    here: u128,
    /// The account as this address tries it. Strangers elsewhere have no part in it, or they could keep its member out and nobody would say so.
    account: u128,
}

impl Tries {
    pub(super) fn of(folded: &str, member: Option<MemberId>, visitor: &Visitor) -> Self {
        let name = name_key(folded);
        let here = |key: u128| key_of(&[key.to_be_bytes(), address_key(visitor.address).to_be_bytes()].concat());
        Self { name, here: here(name), account: here(member.map_or(name, account_key)) }
    }

    /// Counts one more, and says whether the account may be opened by it. Where it may not, the answer is that of a wrong password: only who
    /// tries one account by both of its names comes to that, and is not told that both are one's.
    fn count(&self, ground: &Ground) -> Result<bool> {
        let now = ground.clock.now();
        // What the address has to wait for is not counted against the name.
        ground.rates.try_secret(RateClass::SignInGuess, self.here, now)?;
        ground.rates.try_secret(RateClass::SignInName, self.name, now)?;
        Ok(ground.rates.try_secret(RateClass::SignInAccount, self.account, now).is_ok())
    }

    /// Somebody has shown that the account is theirs.
    pub(super) fn forgive(&self, ground: &Ground) {
        ground.rates.forgive(RateClass::SignInGuess, self.here);
        ground.rates.forgive(RateClass::SignInName, self.name);
        ground.rates.forgive(RateClass::SignInAccount, self.account);
    }
}

/// Somebody who knew the password.
struct Shown {
    member: MemberId,
    /// The hash with which it was compared.
    stored: Option<String>,
    verdict: Verdict,
}

/// Checks a password, with as many tries as there are for it.
async fn check(ground: &Ground, visitor: &Visitor, members: &Members, form: &SignIn) -> Result<Shown> {
    ground.rates.count(RateClass::SignInAddress, address_key(visitor.address))?;
    let name = folded(&form.username);
    let (wanted, address) = (name.clone(), address_text(visitor.address));
    let known = ground
        .db
        .read(move |conn| {
            let Some(row) = find(conn, &wanted)? else { return Ok(None) };
            let is_home = !address.is_empty() && store::sessions::knows_address(conn, row.id, &address)?;
            Ok(Some(Known { row, is_home }))
        })
        .await?;
    // Others may use a name's tries up; that must not keep its member out where they already are.
    let tries = Tries::of(&name, known.as_ref().map(|known| known.row.id), visitor);
    let may_open = known.as_ref().is_some_and(|known| known.is_home) || tries.count(ground)?;
    let stored = known.as_ref().and_then(|known| known.row.password.clone());
    let verdict = members.hasher.check(Password::tried(&form.password), stored.clone()).await?;
    let Some(known) = known.filter(|_| verdict.is_right && may_open) else { return Err(wrong()) };
    tries.forgive(ground);
    Ok(Shown { member: known.row.id, stored, verdict })
}

/// Checks a password and opens the door.
///
/// # Errors
/// `members.sign_in_wrong`, `members.pending`, `members.banned`; 429 after too many tries or when too many come at once.
pub async fn sign_in(ground: &Ground, visitor: &Visitor, members: &Members, form: SignIn) -> Result<Arrival> {
    let Shown { member, stored, verdict } = check(ground, visitor, members, &form).await?;
    let (ground, visitor, members) = (ground.clone(), visitor.clone(), members.clone());
    let db = ground.db.clone();
    db.write(move |tx| {
        admit(tx, &members, member, stored.as_deref())?;
        if let Some(again) = &verdict.again {
            store::members::set_password(tx, member, again)?;
        }
        let token = open_door(tx, &ground, &visitor, member)?;
        Arrival::of(tx, member, &visitor, Some(token))
    })
    .await
}

/// Checks a password at the door of somebody who is shut out, and says by which ban. Tries count like those at a sign-in.
///
/// # Errors
/// `members.sign_in_wrong`, 409 `members.not_banned`; 429 as [`sign_in`].
pub async fn banned_at_the_door(ground: &Ground, visitor: &Visitor, members: &Members, form: SignIn) -> Result<SanctionId> {
    let member = check(ground, visitor, members, &form).await?.member;
    let now = ground.clock.now();
    let ban = ground.db.read(move |conn| ban_in_force(conn, member, now)).await?;
    ban.map(|ban| ban.id).ok_or_else(|| Error::conflict("members.not_banned"))
}

/// Is the account still what was checked, and in use? A ban that has ended is lifted here.
pub(in crate::members) fn admit(tx: &mut Tx<'_>, members: &Members, member: MemberId, checked: Option<&str>) -> Result<()> {
    let row = store::members::by_id(tx, member)?.ok_or_else(wrong)?;
    if row.password.as_deref() != checked {
        return Err(wrong());
    }
    match row.state() {
        MemberState::Active => Ok(()),
        MemberState::Pending => Err(Error::forbidden("members.pending")),
        MemberState::Banned if moderation::end_ban_if_over(tx, members, member)? => Ok(()),
        MemberState::Banned => Err(Error::forbidden("members.banned")),
        MemberState::Deleted => Err(wrong()),
    }
}

/// Starts the visitor's session and ends the one that their browser had.
pub(super) fn open_door(tx: &mut Tx<'_>, ground: &Ground, visitor: &Visitor, member: MemberId) -> Result<Token> {
    let now = tx.now();
    let before = ground.authenticator.actor(tx, visitor, now)?;
    if let (Some(Credential::Cookie(_)), Some(old), Some(session)) = (&visitor.credential, before.member, before.session) {
        end_one(tx, old, session)?;
    }
    enter(tx, visitor, member)
}

/// Starts a session of the sort that fits the visitor.
///
/// # Errors
/// When the database refuses.
pub fn enter(tx: &mut Tx<'_>, visitor: &Visitor, member: MemberId) -> Result<Token> {
    let kind = if visitor.is_browser { SessionKind::Browser } else { SessionKind::Bearer };
    let (_, token) = make_session(tx, member, kind, Scopes::ALL, &device_name(&visitor.user_agent), visitor.address)?;
    Ok(token)
}

/// Ends the session that asks; a stranger has none.
///
/// # Errors
/// When the database refuses.
pub fn sign_out(tx: &mut Tx<'_>, actor: &Actor) -> Result<()> {
    match (actor.member, actor.session) {
        (Some(member), Some(session)) => end_one(tx, member, session),
        _ => Ok(()),
    }
}

/// Opens the door of somebody in the demo with a link that works once.
///
/// # Errors
/// 404 outside of the demo, 410 `members.link_over`.
pub async fn enter_demo(ground: &Ground, visitor: &Visitor, code: String) -> Result<Arrival> {
    if !ground.is_demo {
        return Err(Error::NotFound);
    }
    let (inside, visitor) = (ground.clone(), visitor.clone());
    let entered = ground.db.write(move |tx| {
        let member = super::links::use_link(tx, LinkPurpose::SignIn, &code)?.ok_or(Error::NotFound)?;
        let token = open_door(tx, &inside, &visitor, member)?;
        Arrival::of(tx, member, &visitor, Some(token))
    });
    entered.await
}
