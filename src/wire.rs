//! The socket's vocabulary put together: whose log holds which events, and which slice knows which command.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use utoipa::OpenApi;

use crate::access::{Allow, Credential, Ground, Query, RateClass, Routes};
use crate::automod::{self, Automod};
use crate::billing::{self, Billing, Entitlements};
use crate::calls::{self, Calls};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{MemberId, RoomId};
use crate::live::{self, Ack, Caller, CatchUp, Commands, ConnectionLimits, Effect, LocalHub, LogId, Logged, Page, Seq, Source, Standing};
use crate::members::{self, Account, Members, Profile, SeeMe};
use crate::storage::{Conn, LogRow, all_heads, epoch, head, member_rows, room_rows};
use crate::{chat, http, social};

/// Commands that the hub itself understands, with who may say them.
pub const HUB_COMMANDS: &[(&str, &str)] = &[("sync", "SeeMe"), ("presence.watch", "SeeMe"), ("ping", "SeeMe")];
/// Most events of one answer.
const EVENTS: i64 = 500;

/// The rows behind the logs, and the commands of all slices.
#[derive(Clone, Debug)]
pub struct Wire {
    ground: Arc<Ground>,
    billing: Billing,
    calls: Calls,
    automod: Automod,
    members: Members,
}

impl Wire {
    /// Over this ground.
    #[must_use]
    pub const fn new(ground: Arc<Ground>, billing: Billing, calls: Calls, automod: Automod, members: Members) -> Self {
        Self { ground, billing, calls, automod, members }
    }
}

/// Rows of a member's own log as events.
fn render_member_log(conn: &mut Conn, member: MemberId, rows: Vec<LogRow>, now: Millis) -> Result<Vec<chat::Rendered>> {
    let mut rendered = Vec::with_capacity(rows.len());
    for row in rows {
        let event = match chat::render_member_rows(&row) {
            Some(event) => event.to_owned(),
            None => members::render(conn, member, &row, now)?,
        };
        rendered.push(chat::Rendered { seq: row.seq, at: row.at, event, instead: Vec::new() });
    }
    Ok(rendered)
}

fn page(conn: &mut Conn, log: LogId, reader: Option<MemberId>, after: Seq, limit: i64, now: Millis) -> Result<Page> {
    let rendered = match log {
        LogId::Room(room) => {
            // The connection of one who was removed may not know it yet.
            if let Some(member) = reader {
                match chat::heard_from(conn, member, room)? {
                    None => return Ok(Page::Gone),
                    Some(floor) if after < floor => return Ok(Page::Reset),
                    Some(_) => {}
                }
            }
            let rows = room_rows(conn, room, after, limit)?;
            chat::render_room_rows(conn, room, rows, reader)?
        }
        LogId::Member(member) => {
            let rows = member_rows(conn, member, after, limit)?;
            render_member_log(conn, member, rows, now)?
        }
    };
    let logged = |chat::Rendered { seq, at, event, instead }: chat::Rendered| Logged {
        log,
        seq,
        at,
        effect: effect_of(log, &event),
        event: Arc::from(event),
        instead,
    };
    Ok(Page::Events(rendered.into_iter().map(logged).collect()))
}

/// What an event does to connections, read back from the event: needed when a gap is filled from the log.
fn effect_of(log: LogId, event: &str) -> Effect {
    #[derive(Deserialize)]
    #[serde(tag = "kind", rename_all = "snake_case")]
    enum Acting {
        RoomJoined {
            room: RoomId,
            head: Seq,
        },
        RoomLeft {
            room: RoomId,
        },
        SessionEnded {
            session: crate::ids::SessionId,
        },
        #[serde(other)]
        Other,
    }
    if matches!(log, LogId::Room(_)) {
        return Effect::None;
    }
    match serde_json::from_str(event) {
        Ok(Acting::RoomJoined { room, head }) => Effect::Join { room, head },
        Ok(Acting::RoomLeft { room }) => Effect::Leave(room),
        Ok(Acting::SessionEnded { session }) => Effect::EndSession(session),
        Ok(Acting::Other) | Err(_) => Effect::None,
    }
}

/// Me, as a connection is greeted.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Me {
    #[serde(flatten)]
    me: Profile,
    /// All that I am entitled to.
    entitlements: Entitlements,
}

fn catch_up_me(conn: &mut Conn, member: MemberId, after: Seq) -> Result<CatchUp> {
    let Some(head) = head(conn, LogId::Member(member))? else { return Ok(CatchUp::Gone) };
    Ok(CatchUp::from(after, (head.first_seq, head.seq), 0))
}

impl Source for Wire {
    fn standing(&self, caller: Caller) -> BoxFuture<'static, Result<Standing>> {
        let now = self.ground.clock.now();
        let (ground, billing, calls) = (Arc::clone(&self.ground), self.billing.clone(), self.calls.clone());
        let read = self.ground.db.read(move |conn| {
            ground.authenticator.actor_of_session(conn, caller.session, caller.address, now)?.signed_in()?;
            let me = members::profiles(conn, &[caller.member], now)?.pop().ok_or(Error::SignIn)?;
            let entitlements = billing.standings.entitlements_of(conn, caller.member, now)?;
            let rooms = chat::standing_rooms(conn, caller.member)?;
            let ids: Vec<RoomId> = rooms.iter().map(|(room, _)| *room).collect();
            Ok(Standing {
                epoch: epoch(conn)?,
                me: serde_json::to_value(Me { me, entitlements })?,
                calls: serde_json::to_value(calls::greeting(&calls, caller.member, &ids))?,
                me_head: head(conn, LogId::Member(caller.member))?.map_or(0, |head| head.seq),
                rooms,
            })
        });
        read.boxed()
    }

    fn page(&self, log: LogId, reader: Option<MemberId>, after: Seq, limit: i64) -> BoxFuture<'static, Result<Page>> {
        let now = self.ground.clock.now();
        self.ground.db.read(move |conn| page(conn, log, reader, after, limit, now)).boxed()
    }

    fn catch_up(&self, caller: Caller, cursors: Vec<(LogId, Seq)>) -> BoxFuture<'static, Result<Vec<(LogId, CatchUp)>>> {
        let ground = Arc::clone(&self.ground);
        let read = self.ground.db.read(move |conn| {
            let actor = ground.authenticator.actor_of_session(conn, caller.session, caller.address, ground.clock.now())?;
            let member = actor.signed_in()?;
            let mut answers = Vec::with_capacity(cursors.len());
            for (log, after) in cursors {
                let answer = match log {
                    LogId::Room(room) => chat::catch_up(conn, member, room, after)?,
                    LogId::Member(_) => catch_up_me(conn, member, after)?,
                };
                answers.push((log, answer));
            }
            Ok(answers)
        });
        read.boxed()
    }

    fn heads(&self) -> BoxFuture<'static, Result<Vec<(LogId, Seq)>>> {
        self.ground.db.read(all_heads).boxed()
    }
}

impl Commands for Wire {
    fn run(&self, caller: Caller, name: &str, frame: &str) -> Option<BoxFuture<'static, Result<Option<Ack>>>> {
        chat::run_command(&self.ground, &self.billing, (&self.automod, &self.members), caller, name, frame)
            .or_else(|| calls::run_command(&self.ground, &self.billing, &self.calls, caller, name, frame))
    }

    fn left(&self, caller: Caller) {
        self.calls.connection_left(caller);
    }

    fn may_be_long(&self, name: &str) -> bool {
        name == calls::LONG_COMMAND
    }

    fn admit(&self, caller: Caller) -> Result<()> {
        self.ground.rates.count(RateClass::Request, u128::from(caller.member.0.unsigned_abs()))
    }

    fn shows_presence(&self) -> bool {
        self.ground.settings.get().show_presence
    }

    fn sentence(&self, language: &str, code: &str) -> String {
        self.ground.words.t(language, code, &[])
    }
}

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(me, my_events, live_socket, openapi))]
pub struct Api;

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes.get("/live", live_socket).get("/api/v1/me", me).get("/api/v1/me/events", my_events).get("/api/openapi.json", openapi);
}

#[utoipa::path(get, path = "/live", responses((status = 101, description = "the live protocol, docs/protocol.md")))]
async fn live_socket(gate: Allow<SeeMe>, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse> {
    let visitor = gate.visitor().clone();
    // Said to everybody, before who they are is asked: a probe learns by it whether what stands in front passes handshakes on.
    if !live::is_handshake(&request) {
        return Err(Error::invalid("", "live.handshake"));
    }
    let (language, address) = (visitor.language, visitor.address);
    let is_cookie = matches!(visitor.credential, Some(Credential::Cookie(_)));
    if is_cookie && !http::origin_is_ours(&request, gate.ground()) {
        return Err(Error::forbidden("access.foreign_origin"));
    }
    let ground = gate.ground().clone();
    let local = request.app_data::<LocalHub>().cloned().ok_or_else(|| Error::broken("a worker without a hub"))?;
    let shard = local.number;
    let caller = gate
        .read(move |_, may, actor| {
            let session = actor.session.ok_or(Error::SignIn)?;
            Ok(Caller { member: may.member(), session, address, language, shard, connection: 0 })
        })
        .await?;
    let limits = connection_limits(&ground);
    // Only who is signed in takes a turn: nobody else can keep members out.
    live::open(&request, payload, caller, &local, limits)
}

fn connection_limits(ground: &Ground) -> ConnectionLimits {
    if ground.config.raised_limits {
        return ConnectionLimits { per_member: usize::MAX, per_second: u32::MAX };
    }
    let settings = ground.settings.get();
    ConnectionLimits { per_member: settings.connections_per_member, per_second: settings.handshakes_per_second }
}

/// The live connections of a member. Scripts of a page see no answer to their handshake; this tells them why it was refused.
#[derive(Serialize, utoipa::ToSchema)]
struct Connections {
    /// As many there are by now.
    open: u32,
    /// As many there may be; null: no limit.
    most: Option<usize>,
}

/// A member as they see themselves, with all that they are entitled to.
#[derive(Serialize, utoipa::ToSchema)]
struct MyAccount {
    #[serde(flatten)]
    account: Account,
    /// By plans, and by what is open to everyone.
    entitlements: Entitlements,
    /// Of all their tabs and devices together.
    connections: Connections,
}

/// The member as they see themselves.
#[utoipa::path(get, path = "/api/v1/me", responses((status = 200, body = MyAccount)))]
async fn me(gate: Allow<SeeMe>, request: HttpRequest, billing: web::Data<Billing>) -> Result<HttpResponse> {
    let local = request.app_data::<LocalHub>().cloned().ok_or_else(|| Error::broken("a worker without a hub"))?;
    let most = connection_limits(gate.ground()).per_member.max(1);
    let most = (most != usize::MAX).then_some(most);
    let (account, entitlements) = gate
        .read(move |conn, may, actor| {
            let entitlements = billing.standings.entitlements_of(conn, may.member(), actor.now)?;
            Ok((members::account(conn, may.member(), actor.now)?, entitlements))
        })
        .await?;
    let connections = Connections { open: local.connections_of(account.profile.id), most };
    Ok(HttpResponse::Ok().json(MyAccount { account, entitlements, connections }))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ListEvents {
    /// Those above this place.
    after: Option<Seq>,
}

#[utoipa::path(get, path = "/api/v1/me/events", params(ListEvents), responses((status = 200, body = serde_json::Value)))]
async fn my_events(gate: Allow<SeeMe>, query: Query<ListEvents>) -> Result<HttpResponse> {
    let after = query.0.after.unwrap_or(0);
    let (seq, events) = gate
        .read(move |conn, may, actor| {
            let seq = head(conn, LogId::Member(may.member()))?.map_or(0, |head| head.seq);
            let rows = member_rows(conn, may.member(), after, EVENTS)?;
            Ok((seq, render_member_log(conn, may.member(), rows, actor.now)?))
        })
        .await?;
    Ok(HttpResponse::Ok().content_type("application/json").body(chat::event_list(seq, &events, EVENTS)))
}

/// The descriptions of all slices.
fn descriptions() -> [utoipa::openapi::OpenApi; 12] {
    [
        Api::openapi(),
        members::openapi(),
        billing::openapi(),
        social::openapi(),
        automod::openapi(),
        chat::openapi(),
        calls::openapi(),
        crate::moderation::openapi(),
        crate::backups::openapi(),
        crate::own_data::openapi(),
        crate::admin::openapi(),
        http::openapi(),
    ]
}

/// The whole description of the API.
#[must_use]
pub fn description() -> utoipa::openapi::OpenApi {
    let mut all = descriptions().into_iter().reduce(|all, part| all.merge_from(part)).unwrap_or_default();
    "Rialto".clone_into(&mut all.info.title);
    env!("CARGO_PKG_VERSION").clone_into(&mut all.info.version);
    all
}

#[utoipa::path(get, path = "/api/openapi.json", responses((status = 200, body = serde_json::Value)))]
async fn openapi(_gate: crate::access::Public) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(description()))
}

/// Every command of the live protocol with the name of its permit.
#[must_use]
pub fn commands() -> BTreeMap<&'static str, &'static str> {
    HUB_COMMANDS.iter().chain(chat::COMMANDS).chain(calls::COMMANDS).copied().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    #[test]
    fn no_two_slices_describe_different_things_under_one_name() {
        let (mut known, mut twice) = (HashMap::new(), Vec::new());
        for (name, schema) in super::descriptions().into_iter().filter_map(|part| part.components).flat_map(|all| all.schemas) {
            let schema = serde_json::to_value(schema).expect("JSON");
            if known.insert(name.clone(), schema.clone()).is_some_and(|before| before != schema) {
                twice.push(name);
            }
        }
        assert!(twice.is_empty(), "{twice:?}");
        assert!(known.len() > 100);
    }
}
