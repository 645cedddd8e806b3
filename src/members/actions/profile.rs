//! What members change about themselves.

use super::confirm::{Confirmed, confirm, my_row};
use super::sessions::end_all;
use super::sign_in::enter;
use super::{Members, announce_look, store};
use crate::access::{Actor, Credential, Ground, Token, Visitor};
use crate::clock::Millis;
use crate::error::{Error, Found, Problem, Result};
use crate::ids::MemberId;
use crate::members::model::{Account, AccountChange, DisplayName, Email, Line, MemberRow, Password, SessionKind, zone_named};
use crate::members::notices::Notices;
use crate::members::policy::ChangeMe;
use crate::storage::{Conn, NameKeys, Tx};
use crate::text::clean_paragraphs;

/// The member as they see themselves.
///
/// # Errors
/// [`Error::NotFound`] when there is no such member.
pub fn account(conn: &mut Conn, member: MemberId, now: Millis) -> Result<Account> {
    let row = store::members::by_id(conn, member)?.found()?;
    let roles = store::roles::ids_of(conn, &[member])?.remove(&member).unwrap_or_default();
    let badge = store::badges::of(conn, &[member])?.remove(&member);
    let mut account = Account::of(row, roles, now);
    account.profile.badge = badge;
    Ok(account)
}

/// Puts the changes into the row; every problem is told at once.
fn apply(row: &mut MemberRow, change: AccountChange, now: Millis) -> Result<()> {
    let mut problems: Vec<Problem> = Vec::new();
    let mut keep = |result: Result<()>| {
        if let Err(Error::Invalid(more)) = result {
            problems.extend(more);
        }
    };
    if let Some(name) = change.display_name {
        keep(DisplayName::parse(&name).map(|name| name.as_str().clone_into(&mut row.display_name)));
    }
    if let Some(text) = change.pronouns {
        keep(Line::parse(&text, 32, "pronouns", "members.pronouns_shape").map(|line| row.pronouns = line.into_string()));
    }
    if let Some(text) = change.bio {
        keep(clean_paragraphs(&text, 0, 500, "bio", "members.bio_shape").map(|text| row.bio = text));
    }
    if let Some(status) = change.status {
        let checked = status.map(|status| status.checked(now)).transpose().map(Option::flatten);
        keep(checked.map(|status| {
            let status = status.unwrap_or_default();
            (row.status_emoji, row.status_text, row.status_until) = (status.emoji, status.text, status.until);
        }));
    }
    if let Some(language) = change.language {
        let fits = ["", "en", "fr"].contains(&language.as_str());
        keep(fits.then(|| row.language = language).ok_or_else(|| Error::invalid("language", "members.language_unknown")));
    }
    if let Some(zone) = change.time_zone {
        keep(zone_named(&zone).map(|zone| row.time_zone = zone));
    }
    if let Some(theme) = change.theme {
        theme.name().clone_into(&mut row.theme);
    }
    if let Some(hue) = change.hue {
        let fits = (0..12).contains(&hue);
        keep(fits.then(|| row.hue = hue).ok_or_else(|| Error::invalid("hue", "members.hue_range")));
    }
    if let Some(email) = change.email {
        let written = email.filter(|text| !text.trim().is_empty());
        keep(written.map(|text| Email::parse(&text)).transpose().map(|email| row.email = email.map(|email| email.as_str().to_owned())));
    }
    row.welcomed = change.welcomed.unwrap_or(row.welcomed);
    if problems.is_empty() { Ok(()) } else { Err(Error::Invalid(problems)) }
}

/// Changes the member's own account. Another mail address needs the password, because letters to it open the account.
///
/// # Errors
/// Problems of the fields, `members.password_wrong`, `members.email_taken`.
pub async fn change_account(ground: &Ground, visitor: &Visitor, members: &Members, change: AccountChange) -> Result<Account> {
    let row = my_row(ground, visitor).await?;
    let wanted = change.email.as_ref().map(|email| email.as_deref().map(|text| text.trim().to_lowercase()).filter(|text| !text.is_empty()));
    let confirmed = if wanted.is_some_and(|email| email != row.email) {
        confirm(ground, visitor, members, &row, change.password.as_deref().unwrap_or_default(), "password").await?
    } else {
        Confirmed { member: row.id, stored: row.password }
    };
    let (inside, notices, visitor) = (ground.clone(), members.notices.clone(), visitor.clone());
    ground
        .db
        .write(move |tx| {
            let (_, may) = confirmed.again(tx, &inside, &visitor, "password")?;
            store_account(tx, &may, &notices, change)
        })
        .await
}

/// The part of a change that happens in one transaction.
pub(in crate::members) fn store_account(tx: &mut Tx<'_>, may: &ChangeMe, notices: &Notices, change: AccountChange) -> Result<Account> {
    let mut row = store::members::by_id(tx, may.member())?.found()?;
    let (before, now) = (row.clone(), tx.now());
    apply(&mut row, change, now)?;
    if row.email != before.email {
        if let Some(email) = &row.email
            && store::members::by_email(tx, email)?.is_some()
        {
            return Err(Error::invalid("email", "members.email_taken"));
        }
        store::links::spend_of(tx, may.member())?;
    }
    store::members::save_account(tx, &row)?;
    let look = |row: &MemberRow| {
        let status = (row.status_emoji.clone(), row.status_text.clone(), row.status_until);
        (row.display_name.clone(), row.pronouns.clone(), row.bio.clone(), row.hue, status)
    };
    if look(&row) != look(&before) {
        announce_look(tx, notices, may.member(), Some(may.member()))?;
    }
    account(tx, may.member(), now)
}

/// Changes the member's own password; their other browsers and programs are signed out. A browser that asks gets another session, whose
/// secret is the answer: whoever has a copy of its cookie is out too.
///
/// # Errors
/// `members.password_wrong` on `current`, and the problems of [`Password::parse`] on `new`.
pub async fn change_password(ground: &Ground, visitor: &Visitor, members: &Members, current: &str, new: &str) -> Result<Option<Token>> {
    let row = my_row(ground, visitor).await?;
    let confirmed = confirm(ground, visitor, members, &row, current, "current").await?;
    let hash = members.hasher.make(Password::parse(new, &row.username, "new")?).await?;
    let (inside, visitor) = (ground.clone(), visitor.clone());
    ground
        .db
        .write(move |tx| {
            let (actor, may) = confirmed.again(tx, &inside, &visitor, "current")?;
            store_password(tx, &may, &actor, &visitor, &hash)
        })
        .await
}

/// The part of a change of password that happens in one transaction.
fn store_password(tx: &mut Tx<'_>, may: &ChangeMe, actor: &Actor, visitor: &Visitor, hash: &str) -> Result<Option<Token>> {
    store::members::set_password(tx, may.member(), hash)?;
    store::links::spend_of(tx, may.member())?;
    let is_cookie = matches!(visitor.credential, Some(Credential::Cookie(_)));
    let spared = actor.session.filter(|_| !is_cookie);
    end_all(tx, may.member(), Some(may.member()), spared, &[SessionKind::Browser, SessionKind::Bearer])?;
    is_cookie.then(|| enter(tx, visitor, may.member())).transpose()
}

/// The keys by which members are found and put in order.
pub const NAME_KEYS: NameKeys<MemberId> =
    NameKeys { before: MemberId(0), after: store::members::names_after, set: store::members::set_name_key };
