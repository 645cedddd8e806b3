//! How people come in: the mode of sign-up, invites, and those who wait.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};

use super::{Person, RoleTag, given, href, qr, show};
use crate::access::{Allow, Permission, Query};
use crate::admin::actions;
use crate::admin::policy::SeeDoor;
use crate::error::Result;
use crate::http::Site;
use crate::ids::InviteId;
use crate::members::{self, Invite, MemberFilter, MemberState, Profile, Role, RoleKind, site_address};
use crate::settings::SignUpMode;

/// Invites of one page: each brings a drawing.
const INVITES: i64 = 20;
/// Most people who wait on the page; the list of members has the rest.
const WAITING: i64 = 50;

#[derive(Deserialize)]
pub struct Find {
    after: Option<String>,
    /// The invite that was just made: it is shown with its code.
    made: Option<String>,
}

/// An invite as the page shows it.
#[derive(Serialize)]
struct InviteLine {
    #[serde(flatten)]
    invite: Invite,
    by: Option<Profile>,
    tag: Option<RoleTag>,
    /// Drawing of the address; none for an invite that is over.
    qr: Option<String>,
    is_new: bool,
}

/// What `admin/invites.html` sees.
#[derive(Serialize)]
struct DoorPage {
    mode: SignUpMode,
    may_invite: bool,
    may_approve: bool,
    may_set: bool,
    waiting: Vec<Person>,
    invites: Vec<InviteLine>,
    /// Roles that an invite may give.
    roles: Vec<RoleTag>,
    /// Do others reach the address of an invite?
    reachable: bool,
    is_first: bool,
    next: Option<String>,
}

/// `GET /admin/invites`.
pub async fn door(gate: Allow<SeeDoor>, query: Query<Find>, site: Site) -> Result<HttpResponse> {
    let ground = gate.ground().clone();
    let language = gate.visitor().language;
    show(gate, site, "admin/invites.html", move |conn, _, actor| {
        let (after, made) = (given::<InviteId>(query.0.after.as_deref()), given::<InviteId>(query.0.made.as_deref()));
        let may = |permission| actor.permissions.has(permission);
        let roles = members::roles(conn)?;
        let address = site_address(&ground.config);
        let mut found = if may(Permission::Invite) {
            members::invites(conn, &ground.keys, &address, after, INVITES + 1, actor.now)?
        } else {
            Vec::new()
        };
        let has_more = found.len() > INVITES as usize;
        found.truncate(INVITES as usize);
        let next = found.last().filter(|_| has_more).map(|last| href("/admin/invites", &[("after", &last.id.to_string())]));
        let makers: Vec<_> = found.iter().map(|invite| invite.created_by).collect();
        let makers = members::profiles(conn, &makers, actor.now)?;
        let label = ground.words.t(language, "admin.invite_qr", &[]);
        let line = |invite: Invite| -> Result<InviteLine> {
            Ok(InviteLine {
                by: makers.iter().find(|one| one.id == invite.created_by).cloned(),
                tag: roles.iter().find(|role| Some(role.id) == invite.role).map(RoleTag::of),
                qr: if invite.open { Some(qr::svg(&invite.url, &label)?) } else { None },
                is_new: made == Some(invite.id),
                invite,
            })
        };
        let invites = found.into_iter().map(line).collect::<Result<_>>()?;
        let waiting = if may(Permission::Approve) {
            let filter = MemberFilter { state: Some(MemberState::Pending), limit: WAITING, ..MemberFilter::default() };
            members::accounts(conn, filter, actor.now)?.0
        } else {
            Vec::new()
        };
        let given_by_invite = |role: &&Role| {
            !matches!(role.kind, RoleKind::Member | RoleKind::Owner) && members::may_be_invited_to(actor.permissions, role.permissions)
        };
        Ok(DoorPage {
            mode: ground.settings.get().sign_up_mode,
            may_invite: may(Permission::Invite),
            may_approve: may(Permission::Approve),
            may_set: may(Permission::SettingsManage),
            waiting: waiting.into_iter().map(|member| Person::of(member, &roles)).collect(),
            invites,
            roles: roles.iter().filter(given_by_invite).map(RoleTag::of).collect(),
            reachable: actions::is_reachable(&address),
            is_first: after.is_none(),
            next,
        })
    })
    .await
}
