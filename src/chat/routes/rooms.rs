//! Rooms: found, made, shown, changed, and how one wants to hear of them.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;
use utoipa::OpenApi;

use super::{Page, limit};
use crate::access::{Allow, Body, Query, Routes};
use crate::billing::Billing;
use crate::chat::actions::{self, NewRoom, Reaching, RoomChange, RoomLimits, WouldGo};
use crate::chat::model::{Level, Room};
use crate::chat::policy::{BeIn, ChangeRoom, MakeRoom, OverseeRooms, ReadRoom, SeeOwnRooms};
use crate::chat::retention::Keeping;
use crate::chat::store;
use crate::error::{Error, Result};
use crate::ids::RoomId;
use crate::members::{self, Members};
use crate::storage::Conn;

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(list_rooms, create, show, change, show_retention, set_own, oversee))]
pub struct Api;

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes
        .get("/api/v1/rooms", list_rooms)
        .post("/api/v1/rooms", create)
        .get("/api/v1/rooms/{room}", show)
        .patch("/api/v1/rooms/{room}", change)
        .get("/api/v1/rooms/{room}/retention", show_retention)
        .put("/api/v1/rooms/{room}/own", set_own)
        .get("/api/v1/admin/rooms", oversee);
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ListRooms {
    /// Open rooms that one may join, instead of one's own.
    browse: Option<bool>,
    /// Part of a name.
    q: Option<String>,
    /// Where the page begins.
    after: Option<String>,
    /// 1–100.
    limit: Option<i64>,
}

#[utoipa::path(get, path = "/api/v1/rooms", params(ListRooms), responses((status = 200, body = Page<Room>)))]
async fn list_rooms(gate: Allow<SeeOwnRooms>, query: Query<ListRooms>) -> Result<HttpResponse> {
    let asked = query.0;
    let limit = limit(asked.limit)?;
    let page = gate
        .read(move |conn, may, actor| {
            if !asked.browse.unwrap_or(false) {
                return Ok(Page { items: actions::rooms_of_mine(conn, may.member(), actor.now)?, next: None });
            }
            let contains = crate::text::name_key(asked.q.as_deref().unwrap_or(""));
            let rows = store::open_rooms(conn, &contains, asked.after.as_deref(), limit + 1)?;
            let next = (rows.len() as i64 > limit).then(|| rows[limit as usize - 1].0.clone());
            let rows = rows.into_iter().take(limit as usize);
            let items = rows.map(|(_, row)| actions::room_for(conn, row, may.member(), actor.now)).collect::<Result<_>>()?;
            Ok(Page { items, next })
        })
        .await?;
    Ok(HttpResponse::Ok().json(page))
}

#[utoipa::path(post, path = "/api/v1/rooms", request_body = NewRoom, responses((status = 201, body = Room)))]
async fn create(gate: Allow<MakeRoom>, body: Body<NewRoom>, billing: Data<Billing>) -> Result<HttpResponse> {
    let ground = gate.ground();
    let settings = ground.settings.get();
    let per_day = if ground.config.raised_limits { usize::MAX } else { settings.rooms_per_day };
    let reaching = Reaching::of(ground, &billing);
    gate.create(body, move |tx, may, actor, wish| {
        let has_plan = !settings.rooms_need_plan || billing.standings.of_within(tx, may.member(), actor.now)?.entitlements.rooms_create;
        let limits = RoomLimits { group_members: settings.group_members, per_day, has_plan };
        let room = actions::make_room(tx, may, &wish, limits, &reaching)?;
        let row = store::room(tx, room)?.ok_or(Error::NotFound)?;
        actions::room_for(tx, row, may.member(), actor.now)
    })
    .await
}

#[utoipa::path(get, path = "/api/v1/rooms/{room}", params(("room" = RoomId, Path)), responses((status = 200, body = Room)))]
async fn show(gate: Allow<ReadRoom>) -> Result<HttpResponse> {
    let room = gate.read(|conn, may, actor| actions::room_for(conn, may.row().clone(), may.member(), actor.now)).await?;
    Ok(HttpResponse::Ok().json(room))
}

/// Changes a room. Keeping messages for a shorter time than before deletes some: for that the password is asked.
#[utoipa::path(patch, path = "/api/v1/rooms/{room}", params(("room" = RoomId, Path)), request_body = RoomChange, responses((status = 200, body = Room), (status = 422, description = "a field does not fit, or the password is wrong")))]
async fn change(gate: Allow<ChangeRoom>, first: Allow<ChangeRoom>, body: Body<RoomChange>, members: Data<Members>) -> Result<HttpResponse> {
    let settings = gate.ground().settings.get();
    let community = Keeping { days: settings.keep_messages_days, rooms_may: settings.rooms_may_keep };
    let change = body.value.clone();
    if change.keep_days.is_some() && first.read(move |_, may, _| actions::is_shortened(may, &change, community)).await? {
        members::ask_again(gate.ground(), gate.visitor(), &members, &body.value.password).await?;
    }
    let room = gate
        .write(move |tx, may, actor| {
            actions::change_room(tx, may, &body.value, community)?;
            let row = store::room(tx, may.row().id)?.ok_or(Error::NotFound)?;
            actions::room_for(tx, row, may.member(), actor.now)
        })
        .await?;
    Ok(HttpResponse::Ok().json(room))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct AskRetention {
    /// For so many days, 1–3,650; 0: for ever. Without it, as the room is kept now.
    days: Option<i32>,
}

/// What would be deleted now if the room kept its messages for so many days.
#[utoipa::path(get, path = "/api/v1/rooms/{room}/retention", params(("room" = RoomId, Path), AskRetention), responses((status = 200, body = WouldGo)))]
async fn show_retention(gate: Allow<ChangeRoom>, query: Query<AskRetention>) -> Result<HttpResponse> {
    let community = gate.ground().settings.get().keep_messages_days;
    let going = gate.read(move |conn, may, actor| actions::would_go(conn, may, query.0.days, community, actor.now)).await?;
    Ok(HttpResponse::Ok().json(going))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct OwnChoice {
    /// What of the room is brought to my notice.
    level: Level,
}

#[utoipa::path(put, path = "/api/v1/rooms/{room}/own", params(("room" = RoomId, Path)), request_body = OwnChoice, responses((status = 204)))]
async fn set_own(gate: Allow<BeIn>, body: Body<OwnChoice>) -> Result<HttpResponse> {
    gate.write(move |tx, may, _| actions::set_level(tx, may, body.value.level)).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Oversee {
    /// Part of a name.
    q: Option<String>,
    /// Those made before this one.
    before: Option<RoomId>,
    /// 1–100.
    limit: Option<i64>,
}

#[utoipa::path(get, path = "/api/v1/admin/rooms", params(Oversee), responses((status = 200, body = Page<Room>)))]
async fn oversee(gate: Allow<OverseeRooms>, query: Query<Oversee>) -> Result<HttpResponse> {
    let limit = limit(query.0.limit)?;
    let page = gate.read(move |conn, may, _| overseen(conn, may, query.0.q.as_deref().unwrap_or(""), query.0.before, limit)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// Rooms for administrators.
fn overseen(conn: &mut Conn, _: &OverseeRooms, q: &str, before: Option<RoomId>, limit: i64) -> Result<Page<Room>> {
    let rows = store::all_rooms(conn, &crate::text::name_key(q), before, limit + 1)?;
    let next = (rows.len() as i64 > limit).then(|| rows[limit as usize - 1].id.to_string());
    let items = rows.into_iter().take(limit as usize).map(actions::room_object).collect::<Result<_>>()?;
    Ok(Page { items, next })
}
