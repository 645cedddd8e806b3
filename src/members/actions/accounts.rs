//! New accounts: sign-up under the community's mode, and members made by the operator.

use serde::{Deserialize, Serialize};

use super::sign_in::open_door;
use super::{Members, store};
use crate::access::{Ground, Permission, RateClass, Token, Visitor, address_key};
use crate::error::{Error, Found, Problem, RefusalKind, Result};
use crate::ids::{InviteId, MemberId, RoleId};
use crate::live::LogId;
use crate::members::model::{DisplayName, Email, MemberState, NewMember, Password, Profile, RoleKind, Username, zone_named};
use crate::members::notices::Notice;
use crate::members::policy;
use crate::settings::SignUpMode;
use crate::storage::{Conn, Tx, hold_roles, start_log};

/// A visitor who wants an account.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
pub struct SignUp {
    /// `[a-z0-9][a-z0-9_.-]{1,31}`; capitals become small.
    pub username: String,
    /// 10–256 characters.
    pub password: String,
    /// 1–64 characters; missing: the username.
    #[serde(default)]
    pub display_name: Option<String>,
    /// Mail address.
    #[serde(default)]
    pub email: Option<String>,
    /// Time zone by its IANA name; missing or empty: UTC until another is chosen.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// Code of an invite.
    #[serde(default)]
    pub invite: Option<String>,
}

/// The answer to a sign-up or sign-in.
#[derive(Clone, Serialize, utoipa::ToSchema)]
pub struct SignedIn {
    /// The member; `state` is `pending` for somebody who waits.
    pub member: Profile,
    /// Bearer token; `null` for browsers, which get a cookie, and for somebody who waits.
    pub token: Option<String>,
    /// Does a browser bring this member in for the first time? Then the page leads to the welcome; `false` for everything else.
    pub first: bool,
}

impl std::fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignedIn").field("member", &self.member.id).field("first", &self.first).finish_non_exhaustive()
    }
}

/// Somebody who came in, or waits.
#[derive(Debug)]
pub struct Arrival {
    /// What the API answers.
    pub answer: SignedIn,
    /// The secret of their new session; none for somebody who waits.
    pub token: Option<Token>,
}

impl Arrival {
    pub(super) fn of(tx: &mut Tx<'_>, member: MemberId, visitor: &Visitor, token: Option<Token>) -> Result<Self> {
        let row = store::members::by_id(tx, member)?.found()?;
        let now = tx.now();
        let member = store::members::with_roles(tx, vec![row], now)?.pop().found()?;
        let shown = token.as_ref().filter(|_| !visitor.is_browser).map(|token| token.reveal().to_owned());
        let first = token.is_some() && visitor.is_browser && store::members::welcome(tx, member.id)?;
        Ok(Self { answer: SignedIn { member, token: shown, first }, token })
    }
}

/// Does anybody own this community?
///
/// # Errors
/// When the database cannot be read.
pub fn community_has_owner(conn: &mut Conn) -> Result<bool> {
    store::roles::has_owner(conn)
}

/// Is this member an owner?
///
/// # Errors
/// When the database cannot be read.
pub fn owns_community(conn: &mut Conn, member: MemberId) -> Result<bool> {
    Ok(owners(conn)?.contains(&member))
}

/// Everyone who has the owners' role.
///
/// # Errors
/// When the database cannot be read.
pub fn owners(conn: &mut Conn) -> Result<Vec<MemberId>> {
    match store::roles::built_in(conn, RoleKind::Owner)? {
        Some(role) => store::roles::holders(conn, role.id),
        None => Ok(Vec::new()),
    }
}

/// Is nobody called so, and has nobody this mail address?
///
/// # Errors
/// `members.username_taken` or `members.email_taken`.
pub fn check_free(conn: &mut Conn, new: &NewMember) -> Result<()> {
    if store::members::by_username(conn, new.username.as_str())?.is_some() {
        return Err(Error::invalid("username", "members.username_taken"));
    }
    if let Some(email) = &new.email
        && store::members::by_email(conn, email.as_str())?.is_some()
    {
        return Err(Error::invalid("email", "members.email_taken"));
    }
    Ok(())
}

/// Makes a member: the row, the log, the role of every member and those asked for.
///
/// # Errors
/// `members.username_taken` or `members.email_taken`.
pub fn create_member(tx: &mut Tx<'_>, new: &NewMember) -> Result<MemberId> {
    check_free(tx, new)?;
    let (id, made) = new.made.unwrap_or_else(|| (tx.new_id(), tx.now()));
    store::members::insert(tx, id, made, new)?;
    start_log(tx, LogId::Member(id), made)?;
    let everyone = store::roles::built_in(tx, RoleKind::Member)?.ok_or_else(|| Error::broken("no role of every member"))?;
    for role in new.roles.iter().copied().chain([everyone.id]) {
        store::roles::give(tx, id, role)?;
    }
    store::roles::rewrite_permissions(tx, &[id])?;
    Ok(id)
}

/// A sign-up whose fields are all right.
struct Checked {
    username: Username,
    display_name: DisplayName,
    email: Option<Email>,
    password: Password,
    time_zone: String,
}

fn check(form: &SignUp) -> Result<Checked> {
    let mut problems: Vec<Problem> = Vec::new();
    let mut keep = |error: Error| match error {
        Error::Invalid(more) => problems.extend(more),
        _ => problems.push(Problem { field: "".into(), code: "error.invalid" }),
    };
    let username = Username::parse(&form.username).map_err(&mut keep).ok();
    let shown = form.display_name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let display_name = DisplayName::parse(shown.unwrap_or(form.username.trim())).map_err(&mut keep).ok();
    let written = form.email.as_deref().map(str::trim).filter(|email| !email.is_empty());
    let email = written.map(Email::parse).transpose().map_err(&mut keep).unwrap_or_default();
    let known_as = form.username.trim().to_lowercase();
    let password = Password::parse(&form.password, &known_as, "password").map_err(&mut keep).ok();
    // The browser says it, not a field: one that this server does not know is none, until one is chosen.
    let time_zone = zone_named(form.time_zone.as_deref().unwrap_or_default()).unwrap_or_default();
    match (username, display_name, password) {
        (Some(username), Some(display_name), Some(password)) if problems.is_empty() => {
            Ok(Checked { username, display_name, email, password, time_zone })
        }
        _ => Err(Error::Invalid(problems)),
    }
}

/// What the mode says about somebody with or without an invite.
fn admit(mode: SignUpMode, has_invite: bool) -> Result<MemberState> {
    match (mode, has_invite) {
        (SignUpMode::Closed, _) => Err(Error::forbidden("members.sign_up_closed")),
        (SignUpMode::Invite, false) => Err(Error::forbidden("members.invite_needed")),
        (SignUpMode::Approval, false) => Ok(MemberState::Pending),
        _ => Ok(MemberState::Active),
    }
}

/// Counts a use of an invite and says which role it gives. An invite is worth no more than its maker is today.
fn take_invite(tx: &mut Tx<'_>, id: InviteId) -> Result<Option<RoleId>> {
    let over = || Error::refused(RefusalKind::Gone, "members.invite_over");
    let invite = store::invites::by_id(tx, id)?.ok_or_else(over)?;
    let maker = store::members::by_id(tx, invite.created_by)?.found()?;
    let may_invite = maker.state() == MemberState::Active && maker.permissions().has(Permission::Invite);
    if !may_invite || !store::invites::count_use(tx, id)? {
        return Err(over());
    }
    let Some(role) = invite.role else { return Ok(None) };
    let row = store::roles::by_id(tx, role)?;
    Ok(row.filter(|row| policy::may_be_invited_to(maker.permissions(), row.permissions())).map(|row| row.id))
}

/// The invite that a code stands for. A code that is not ours counts as a guess; neighbours who guess do not keep out who has one.
fn invite_of(ground: &Ground, code: &str, from: u128) -> Result<InviteId> {
    if let Some(id) = ground.keys.id_of_code("invite", code) {
        return Ok(InviteId(id));
    }
    ground.rates.count(RateClass::InviteGuess, from)?;
    Err(Error::refused(RefusalKind::Gone, "members.invite_over"))
}

/// Makes an account for a visitor and opens the door, or lets them wait.
///
/// Only what passes the check of its fields counts against the address: a form with a slip in it is no attempt.
///
/// # Errors
/// Problems of the fields; `members.sign_up_closed`, `members.invite_needed`, `members.invite_over`; 429 when too many come.
pub async fn sign_up(ground: &Ground, visitor: &Visitor, members: &Members, form: SignUp) -> Result<Arrival> {
    let from = address_key(visitor.address);
    let code = form.invite.as_deref().map(str::trim).filter(|code| !code.is_empty());
    let invite = code.map(|code| invite_of(ground, code, from)).transpose()?;
    admit(ground.settings.get().sign_up_mode, invite.is_some())?;
    let Checked { username, display_name, email, password, time_zone } = check(&form)?;
    ground.rates.count(if invite.is_some() { RateClass::SignUpInvited } else { RateClass::SignUp }, from)?;
    let wanted = username.as_str().to_owned();
    let is_taken = ground.db.read(move |conn| Ok(store::members::by_username(conn, &wanted)?.is_some())).await?;
    if is_taken {
        return Err(Error::invalid("username", "members.username_taken"));
    }
    let password = Some(members.hasher.make(password).await?);
    let language = visitor.language.to_owned();
    let new = NewMember { email, password, language, time_zone, ..NewMember::named(username, display_name) };
    let (ground, visitor, members) = (ground.clone(), visitor.clone(), members.clone());
    let db = ground.db.clone();
    db.write(move |tx| {
        let (member, state) = join(tx, &members, ground.settings.get().sign_up_mode, invite, new)?;
        let token = if state == MemberState::Active { Some(open_door(tx, &ground, &visitor, member)?) } else { None };
        Arrival::of(tx, member, &visitor, token)
    })
    .await
}

/// The part of a sign-up that happens in one transaction.
pub(in crate::members) fn join(
    tx: &mut Tx<'_>,
    members: &Members,
    mode: SignUpMode,
    invite: Option<InviteId>,
    mut new: NewMember,
) -> Result<(MemberId, MemberState)> {
    new.state = admit(mode, invite.is_some())?;
    // Before the invite is held: whoever deletes a role takes it from invites within the same turn.
    hold_roles(tx)?;
    if let Some(invite) = invite {
        new.roles.extend(take_invite(tx, invite)?);
    }
    let state = new.state;
    let member = create_member(tx, &new)?;
    if state == MemberState::Active {
        members.notices.tell(tx, Notice::MemberJoined { member })?;
    }
    Ok((member, state))
}
