//! The pages of chat: the app's shell with its first data, the community's front page for strangers, the first sign-in.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::OpenApi;

use super::actions::{room_for, room_object, rooms_of_mine};
use super::model::Room;
use super::policy::{ReadRoom, SeeOwnRooms};
use super::routes::{MessagePage, newest_page};
use super::store;
use crate::access::{Actor, Allow, Ground, Permissions, Permit, Public, Query, Routes, Target};
use crate::billing::{self, Billing, Entitlements, Owed};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::http::Site;
use crate::ids::{MemberId, RoleId, RoomId};
use crate::live::{LogId, Seq};
use crate::members::{self, Profile};
use crate::settings::{RoomsMayKeep, SignUpMode};
use crate::social;
use crate::storage::{Conn, epoch, head};

/// Open rooms shown to strangers and on the first sign-in.
const SHOWN_ROOMS: i64 = 50;

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(my_state))]
pub struct StateApi;

/// Registers the pages, and the state that they begin with.
pub fn mount_pages(routes: &mut Routes<'_>) {
    routes
        .get("/api/v1/me/state", my_state)
        .get("/", front)
        .get("/r/{room}", room)
        .get("/r/{room}/{seq}", room_at)
        .get("/welcome", welcome);
}

/// The community as clients see it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Community {
    /// Its name.
    pub name: String,
    /// Hue of its accent.
    pub hue: u16,
    /// What it is.
    pub sentence: String,
    /// Who may make an account.
    pub sign_up_mode: SignUpMode,
    /// Does making a room that is no conversation need a plan for it?
    pub rooms_need_plan: bool,
    /// For how many days rooms keep messages that have chosen nothing; 0: for ever.
    pub keep_messages_days: u16,
    /// Whether rooms may choose otherwise.
    pub rooms_may_keep: RoomsMayKeep,
    /// Ways of reaching others that are closed for everybody.
    #[cfg_attr(test, ts(type = "string[]"))]
    pub closed: Vec<social::Act>,
}

/// A role as members see it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RoleName {
    /// Its id.
    pub id: RoleId,
    /// Its name.
    pub name: String,
    /// Which of our own words stands for the name; null once the community gave it another.
    #[schema(value_type = Option<String>)]
    pub word: Option<&'static str>,
    /// What calls those who have it, behind an `@`; null when they cannot be called.
    pub handle: Option<String>,
}

/// Limits that a client shows before it runs into them.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Limits {
    /// Most bytes of a message.
    pub message_bytes: usize,
    /// Most members of a group conversation.
    pub group_members: usize,
    /// Rooms with more members show a count instead of who is there.
    pub presence_members: usize,
}

/// Everything that a client begins with.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct State {
    /// The lineage of the database.
    pub epoch: String,
    /// The head of my own log.
    pub seq: Seq,
    /// The number of the latest signal to everyone.
    pub signals: u64,
    /// Me.
    pub me: Profile,
    /// My session.
    pub session: Option<crate::ids::SessionId>,
    /// What my roles allow.
    #[cfg_attr(test, ts(type = "string[]"))]
    pub permissions: Permissions,
    /// All that I am entitled to.
    pub entitlements: Entitlements,
    /// What I owe.
    pub owed: Option<Owed>,
    /// Until when I may not write.
    pub muted_until: Option<Millis>,
    /// My rooms.
    #[cfg_attr(test, ts(type = "Array<MyRoom>"))]
    pub rooms: Vec<Room>,
    /// Me, and who is in my conversations.
    pub members: Vec<Profile>,
    /// Whom I block and mute, and how many requests wait.
    #[cfg_attr(test, ts(type = "People"))]
    pub people: social::Mine,
    /// What I call others, by their ids.
    #[cfg_attr(test, ts(type = "{ [id: string]: string }"))]
    #[schema(value_type = HashMap<String, String>)]
    pub own_names: social::OwnNames,
    /// The community's roles.
    pub roles: Vec<RoleName>,
    /// The community.
    pub community: Community,
    /// Limits.
    pub limits: Limits,
    /// Is this the demo?
    pub demo: bool,
}

/// Reads the state in one snapshot.
fn state(conn: &mut Conn, ground: &Ground, billing: &Billing, actor: &Actor, signals: u64) -> Result<State> {
    let member = actor.signed_in()?;
    let settings = ground.settings.get();
    let rooms = rooms_of_mine(conn, member, actor.now)?;
    let mut people: Vec<MemberId> = rooms.iter().filter_map(|room| room.mine.as_ref()?.members.clone()).flatten().collect();
    people.extend(rooms.iter().filter_map(|room| room.mine.as_ref()?.invited.clone()).flatten());
    people.push(member);
    let mine = social::mine(conn, member)?;
    people.extend(mine.may_call.keys());
    people.sort_unstable();
    people.dedup();
    let profiles = members::profiles(conn, &people, actor.now)?;
    let me = profiles.iter().find(|profile| profile.id == member).cloned().ok_or(Error::SignIn)?;
    let mut handles: HashMap<RoleId, String> = members::role_handles(conn)?.into_iter().collect();
    let named = |role: members::NamedRole| RoleName { id: role.id, name: role.name, word: role.word, handle: handles.remove(&role.id) };
    let roles = members::role_names(conn)?.into_iter().map(named).collect();
    Ok(State {
        epoch: epoch(conn)?,
        seq: head(conn, LogId::Member(member))?.map_or(0, |head| head.seq),
        signals,
        me,
        session: actor.session,
        permissions: actor.permissions,
        entitlements: billing.standings.entitlements_of(conn, member, actor.now)?,
        owed: billing::owed(conn, billing, member, actor.now)?,
        muted_until: actor.muted_until.filter(|until| *until > actor.now),
        rooms,
        members: profiles,
        people: mine,
        own_names: social::own_names(conn, member)?,
        roles,
        community: Community {
            name: settings.community_name.clone(),
            hue: settings.community_hue,
            sentence: settings.community_sentence.clone(),
            sign_up_mode: settings.sign_up_mode,
            rooms_need_plan: settings.rooms_need_plan,
            keep_messages_days: settings.keep_messages_days,
            rooms_may_keep: settings.rooms_may_keep,
            closed: social::closed_ways(&settings),
        },
        limits: Limits {
            message_bytes: settings.message_bytes,
            group_members: settings.group_members,
            presence_members: settings.presence_members,
        },
        demo: ground.is_demo,
    })
}

#[utoipa::path(get, path = "/api/v1/me/state", responses((status = 200, body = State)))]
async fn my_state(gate: Allow<SeeOwnRooms>, billing: Data<Billing>) -> Result<HttpResponse> {
    let (ground, signals) = (gate.ground().clone(), gate.visitor().signals);
    let state = gate.read(move |conn, _may, actor| state(conn, &ground, &billing, actor, signals)).await?;
    Ok(HttpResponse::Ok().json(state))
}

/// The first page of a room, beside its id.
#[derive(Serialize)]
struct RoomPage {
    id: RoomId,
    /// The room itself, for somebody who may read it and is not in it: the state does not hold it.
    about: Option<Room>,
    messages: MessagePage,
}

/// What the shell begins with.
#[derive(Serialize)]
struct Shell {
    state: State,
    room: Option<RoomPage>,
    /// Who said yes to my calls and can be called.
    yeses: Vec<MemberId>,
}

/// An open room as strangers see it.
#[derive(Clone, Debug, Serialize)]
pub struct OpenRoom {
    /// Its id.
    pub id: RoomId,
    /// Its name.
    pub name: Option<String>,
    /// What it is about.
    pub topic: String,
    /// How many members it has.
    pub member_count: i32,
}

/// What the front page shows to strangers.
#[derive(Serialize)]
struct FrontPage {
    rooms: Vec<OpenRoom>,
    sign_up_mode: SignUpMode,
    /// Has the community an owner?
    is_set_up: bool,
}

/// The open rooms, for strangers and for the first sign-in.
///
/// # Errors
/// When the database cannot be read.
pub fn browse_for_strangers(conn: &mut Conn) -> Result<Vec<OpenRoom>> {
    let rows = store::open_rooms(conn, "", None, SHOWN_ROOMS)?;
    let rooms = rows.into_iter().map(|(_, row)| room_object(row)).collect::<Result<Vec<_>>>()?;
    Ok(rooms
        .into_iter()
        .map(|room| OpenRoom { id: room.id, name: room.name, topic: room.topic, member_count: room.member_count })
        .collect())
}

fn shell(
    conn: &mut Conn,
    ground: &Ground,
    billing: &Billing,
    actor: &Actor,
    signals: u64,
    room: Option<(RoomId, Option<Seq>)>,
) -> Result<Shell> {
    let member = actor.signed_in()?;
    let room = match room {
        None => None,
        Some((id, around)) => {
            let may = ReadRoom::check(conn, actor, id)?;
            let about = Some(room_for(conn, may.row().clone(), member, actor.now)?).filter(|room| room.mine.is_none());
            Some(RoomPage { id, about, messages: newest_page(conn, &may, around, actor.now)? })
        }
    };
    let state = state(conn, ground, billing, actor, signals)?;
    let yeses = social::to_call(&state.people.may_call, &state.members, &ground.settings.get());
    Ok(Shell { state, room, yeses })
}

async fn front(gate: Public, site: Site, billing: Data<Billing>) -> Result<HttpResponse> {
    let (ground, visitor) = (gate.ground().clone(), gate.visitor().clone());
    let mode = ground.settings.get().sign_up_mode;
    let asked = visitor.clone();
    let (looker, stranger, shell) = gate
        .read(move |conn, actor| {
            let looker = members::looker(conn, actor, &asked)?;
            if actor.member.is_none() {
                return Ok((looker, Some((browse_for_strangers(conn)?, members::community_has_owner(conn)?)), None));
            }
            Ok((looker, None, Some(shell(conn, &ground, &billing, actor, asked.signals, None)?)))
        })
        .await?;
    match (stranger, shell) {
        (_, Some(shell)) => site.page(&looker, &visitor, "chat/app.html", shell),
        (found, None) => {
            let (rooms, is_set_up) = found.unwrap_or_default();
            let page = FrontPage { rooms, sign_up_mode: mode, is_set_up };
            site.page(&looker, &visitor, "chat/front.html", page)
        }
    }
}

async fn room(gate: Allow<ReadRoom>, site: Site, billing: Data<Billing>) -> Result<HttpResponse> {
    show_room(gate, site, billing, None).await
}

/// The place in the path of a link to a message.
#[derive(Debug)]
struct AtSeq(Seq);

impl std::str::FromStr for AtSeq {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl crate::access::PathId for AtSeq {
    const NAME: &'static str = "seq";
}

impl actix_web::FromRequest for AtSeq {
    type Error = Error;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(request: &actix_web::HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        std::future::ready(<Self as Target>::from_path(request))
    }
}

async fn room_at(gate: Allow<ReadRoom>, seq: AtSeq, site: Site, billing: Data<Billing>) -> Result<HttpResponse> {
    show_room(gate, site, billing, Some(seq.0)).await
}

async fn show_room(gate: Allow<ReadRoom>, site: Site, billing: Data<Billing>, around: Option<Seq>) -> Result<HttpResponse> {
    let (ground, visitor) = (gate.ground().clone(), gate.visitor().clone());
    let asked = visitor.clone();
    let (looker, shell) = gate
        .read(move |conn, may, actor| {
            let shell = shell(conn, &ground, &billing, actor, asked.signals, Some((may.room(), around)))?;
            Ok((members::looker(conn, actor, &asked)?, shell))
        })
        .await?;
    site.page(&looker, &visitor, "chat/app.html", shell)
}

/// What the first sign-in shows.
#[derive(Serialize)]
struct WelcomePage {
    /// Where to go afterwards.
    next: String,
    rooms: Vec<OpenRoom>,
    joined: Vec<RoomId>,
}

#[derive(Deserialize)]
struct Next {
    next: Option<String>,
}

async fn welcome(gate: Allow<SeeOwnRooms>, query: Query<Next>, site: Site) -> Result<HttpResponse> {
    let next = members::own_path(query.0.next);
    let visitor = gate.visitor().clone();
    let asked = visitor.clone();
    let (looker, page) = gate
        .read(move |conn, may, actor| {
            let page = WelcomePage { next, rooms: browse_for_strangers(conn)?, joined: store::room_ids_of(conn, may.member())? };
            Ok((members::looker(conn, actor, &asked)?, page))
        })
        .await?;
    site.page(&looker, &visitor, "chat/welcome.html", page)
}
