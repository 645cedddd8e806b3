//! Members as other slices show them, and the member's log read back.

use serde::Serialize;

use super::store;
use super::store::members::Filter;
use crate::access::Permissions;
use crate::access::{Actor, Visitor};
use crate::clock::Millis;
use crate::error::{Error, Found, Result};
use crate::http::{Heard, Looker};
use crate::ids::MemberId;
use crate::live::LogId;
use crate::members::events::{ME_CHANGED, MemberEvent};
use crate::members::model::{MemberRow, MemberState, Profile, Sanction, SanctionRow, Session, SessionKind};
use crate::members::policy::{SeeAccount, SeeMember};
use crate::storage::{Conn, LogRow, fact, head};

pub use super::store::members::Filter as MemberFilter;

/// Most sanctions of one member that are shown.
pub(super) const MOST_SANCTIONS: i64 = 100;

/// The member objects of these ids, as they are at `now`; unknown ids are left out.
///
/// # Errors
/// When the database cannot be read.
pub fn profiles(conn: &mut Conn, ids: &[MemberId], now: Millis) -> Result<Vec<Profile>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = store::members::by_ids(conn, ids)?;
    store::members::with_roles(conn, rows, now)
}

/// The member with this username, in whatever state: for the operator.
///
/// # Errors
/// When the database cannot be read.
pub fn member_named(conn: &mut Conn, username: &str) -> Result<Option<MemberRow>> {
    store::members::by_username(conn, username)
}

/// A row of this slice in a member's log as an event: `me_changed` shows the member as they are now.
///
/// # Errors
/// When the database cannot be read, or the row has lost its words.
pub fn render(conn: &mut Conn, member: MemberId, row: &LogRow, now: Millis) -> Result<String> {
    match &row.data {
        Some(event) => Ok(event.clone()),
        None if row.kind == ME_CHANGED => {
            let me = profiles(conn, &[member], now)?.pop().ok_or_else(|| Error::broken("a log without a member"))?;
            Ok(serde_json::to_string(&MemberEvent::MeChanged { me })?)
        }
        None => Err(Error::broken("an event without words")),
    }
}

/// The member that the permit is about.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub fn member(conn: &mut Conn, may: &SeeMember, now: Millis) -> Result<Profile> {
    profiles(conn, &[may.member()], now)?.pop().found()
}

/// Active members as the filter asks for them, in order of name, with the cursor of the next page.
///
/// # Errors
/// When the database cannot be read.
pub fn find_members(conn: &mut Conn, filter: MemberFilter, now: Millis) -> Result<(Vec<Profile>, Option<MemberId>)> {
    let limit = filter.limit;
    let filter = MemberFilter { state: Some(MemberState::Active), limit: limit + 1, ..filter };
    let (rows, next) = page(store::members::list(conn, &filter)?, limit);
    Ok((store::members::with_roles(conn, rows, now)?, next))
}

/// Members by id, in whatever state but waiting.
///
/// # Errors
/// When the database cannot be read.
pub fn members_by_ids(conn: &mut Conn, ids: &[MemberId], now: Millis) -> Result<Vec<Profile>> {
    let mut found = profiles(conn, ids, now)?;
    found.retain(|profile| profile.state != MemberState::Pending);
    Ok(found)
}

/// Cuts what was read one too far; the last one left is the cursor.
fn page(mut rows: Vec<MemberRow>, limit: i64) -> (Vec<MemberRow>, Option<MemberId>) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().map(|row| row.id).filter(|_| has_more);
    (rows, next)
}

/// A member in the dashboard.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct AdminMember {
    /// What everybody sees.
    #[serde(flatten)]
    pub profile: Profile,
    /// Everything that the roles allow.
    pub permissions: Permissions,
    /// Until when they may not write, milliseconds UTC.
    pub muted_until: Option<Millis>,
    /// When the account was made, milliseconds UTC.
    pub created_at: Millis,
    /// When they were last there, to the minute.
    pub last_seen_at: Millis,
}

/// A member in the dashboard, with what led there.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct AdminMemberDetail {
    /// As in the list.
    #[serde(flatten)]
    pub member: AdminMember,
    /// Mail address; `null` also for those who may not see it.
    pub email: Option<String>,
    /// Sessions and tokens, last used first; empty for those who may not see them.
    pub sessions: Vec<Session>,
    /// What was done to them, newest first, at most 100.
    pub sanctions: Vec<Sanction>,
}

fn admin_members(conn: &mut Conn, rows: Vec<MemberRow>, now: Millis) -> Result<Vec<AdminMember>> {
    let facts: Vec<_> = rows.iter().map(|row| (row.permissions(), row.muted_until, row.created_at, row.last_seen_at)).collect();
    let profiles = store::members::with_roles(conn, rows, now)?;
    let all = profiles.into_iter().zip(facts).map(|(profile, (permissions, muted_until, created_at, last_seen_at))| AdminMember {
        profile,
        permissions,
        muted_until: muted_until.filter(|until| *until > now),
        created_at,
        last_seen_at,
    });
    Ok(all.collect())
}

/// Accounts for the dashboard, in order of name, with the cursor of the next page.
///
/// # Errors
/// When the database cannot be read.
pub fn accounts(conn: &mut Conn, mut filter: Filter, now: Millis) -> Result<(Vec<AdminMember>, Option<MemberId>)> {
    let limit = filter.limit;
    filter.limit = limit + 1;
    let (rows, next) = page(store::members::list(conn, &filter)?, limit);
    Ok((admin_members(conn, rows, now)?, next))
}

/// How many wait for an administrator.
///
/// # Errors
/// When the database cannot be read.
pub fn count_waiting(conn: &mut Conn) -> Result<i64> {
    store::members::count_in(conn, MemberState::Pending)
}

/// One account for the dashboard.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub fn account_detail(conn: &mut Conn, may: &SeeAccount, now: Millis) -> Result<AdminMemberDetail> {
    let row = store::members::by_id(conn, may.member())?.found()?;
    let email = row.email.clone().filter(|_| may.sees_private());
    let member = admin_members(conn, vec![row], now)?.pop().found()?;
    let sessions = if may.sees_private() { store::sessions::of_member(conn, may.member(), now)? } else { Vec::new() };
    let is_live = |kind, seen| SessionKind::from_number(kind) == SessionKind::Token || super::sessions::is_fresh(seen, now);
    let sessions = sessions.into_iter().filter(|row| is_live(row.kind, row.last_seen_at)).map(|row| row.session(None)).collect();
    let shown = |row: SanctionRow| if may.is_own() { row.sanction().for_its_member() } else { row.sanction() };
    let sanctions = store::sanctions::of_member(conn, may.member(), MOST_SANCTIONS)?.into_iter().map(shown).collect();
    Ok(AdminMemberDetail { member, email, sessions, sanctions })
}

/// Who looks at a page: the member with their language and theme, or a stranger with their browser's language.
///
/// # Errors
/// When the database cannot be read.
pub fn looker(conn: &mut Conn, actor: &Actor, visitor: &Visitor) -> Result<Looker> {
    let Some(member) = actor.member else { return Ok(Looker::stranger(visitor.language)) };
    let row = store::members::by_id(conn, member)?.ok_or(Error::SignIn)?;
    let language = if row.language.is_empty() { visitor.language.to_owned() } else { row.language.clone() };
    let theme = if row.theme.is_empty() { "system".to_owned() } else { row.theme.clone() };
    let me = profiles(conn, &[member], actor.now)?.pop().ok_or(Error::SignIn)?;
    let seq = head(conn, LogId::Member(member))?.map_or(0, |head| head.seq);
    let heard = fact(conn, "epoch")?.map(|epoch| Heard { epoch, seq, signals: visitor.signals });
    Ok(Looker { me: Some(serde_json::to_value(me)?), permissions: actor.permissions, language, theme, heard })
}
