//! Who is in a room, with which role.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::OpenApi;

use super::limit;
use crate::access::{Allow, Body, Query, Routes};
use crate::billing::Billing;
use crate::chat::actions::{self, Reaching};
use crate::chat::model::{Room, RoomRole};
use crate::chat::policy::{AddToRoom, LeadRoom, ReadRoom, RemoveFromRoom};
use crate::chat::store;
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{MemberId, RoomId};
use crate::members::{self, Profile};

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(list_members, add, remove, set_role))]
pub struct Api;

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes
        .get("/api/v1/rooms/{room}/members", list_members)
        .put("/api/v1/rooms/{room}/members/{member}", add)
        .delete("/api/v1/rooms/{room}/members/{member}", remove)
        .put("/api/v1/rooms/{room}/members/{member}/role", set_role);
}

/// Joins, or invites somebody else, who is in it when they say yes.
#[utoipa::path(put, path = "/api/v1/rooms/{room}/members/{member}", params(("room" = RoomId, Path), ("member" = MemberId, Path)), responses((status = 200, body = Room)))]
async fn add(gate: Allow<AddToRoom>, billing: Data<Billing>) -> Result<HttpResponse> {
    let limit = gate.ground().settings.get().group_members;
    let reaching = Reaching::of(gate.ground(), &billing);
    let room = gate
        .write(move |tx, may, actor| {
            actions::add_member(tx, may, limit, &reaching)?;
            let row = store::room(tx, may.row().id)?.ok_or(Error::NotFound)?;
            actions::room_for(tx, row, may.actor(), actor.now)
        })
        .await?;
    Ok(HttpResponse::Ok().json(room))
}

/// Leaves, removes somebody, or takes an invitation back.
#[utoipa::path(delete, path = "/api/v1/rooms/{room}/members/{member}", params(("room" = RoomId, Path), ("member" = MemberId, Path)), responses((status = 204)))]
async fn remove(gate: Allow<RemoveFromRoom>) -> Result<HttpResponse> {
    gate.write(|tx, may, _| actions::remove_member(tx, may, None)).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Deserialize, utoipa::ToSchema)]
struct RoleInRoom {
    /// The role.
    role: RoomRole,
}

#[utoipa::path(put, path = "/api/v1/rooms/{room}/members/{member}/role", params(("room" = RoomId, Path), ("member" = MemberId, Path)), request_body = RoleInRoom, responses((status = 204)))]
async fn set_role(gate: Allow<LeadRoom>, body: Body<RoleInRoom>) -> Result<HttpResponse> {
    gate.write(move |tx, may, _| actions::set_room_role(tx, may, body.value.role)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Somebody in a room.
#[derive(Serialize, utoipa::ToSchema)]
struct InRoom {
    /// Who.
    member: Profile,
    /// Their role there.
    role: RoomRole,
    /// When they came.
    joined_at: Millis,
}

/// Somebody who is asked to come into a room.
#[derive(Serialize, utoipa::ToSchema)]
struct Invited {
    /// Who.
    member: Profile,
    /// Who asked them: they may take it back, beside those who lead the room.
    by: MemberId,
}

/// A page of those in a room, and who is asked to come.
#[derive(Serialize, utoipa::ToSchema)]
struct InRoomPage {
    /// In ascending id.
    items: Vec<InRoom>,
    /// Where the next page begins.
    next: Option<String>,
    /// Who is invited and has not come, at most 200: on the first page, and only for those who are in the room.
    invited: Vec<Invited>,
}

/// Most invited members that are listed.
const MOST_INVITED: i64 = 200;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ListMembers {
    /// Where the page begins.
    after: Option<MemberId>,
    /// 1–100.
    limit: Option<i64>,
}

#[utoipa::path(get, path = "/api/v1/rooms/{room}/members", params(("room" = RoomId, Path), ListMembers), responses((status = 200, body = InRoomPage)))]
async fn list_members(gate: Allow<ReadRoom>, query: Query<ListMembers>) -> Result<HttpResponse> {
    let limit = limit(query.0.limit)?;
    let page = gate
        .read(move |conn, may, actor| {
            let places = match may.row().two() {
                Some(two) => actions::places_of_two(may.row(), two, query.0.after),
                None => store::places_in(conn, may.room(), query.0.after, limit + 1)?,
            };
            let next = (places.len() as i64 > limit).then(|| places[limit as usize - 1].member.to_string());
            let ids: Vec<MemberId> = places.iter().take(limit as usize).map(|place| place.member).collect();
            let mut people = members::profiles(conn, &ids, actor.now)?;
            let mut items = Vec::with_capacity(ids.len());
            for place in places.into_iter().take(limit as usize) {
                if let Some(at) = people.iter().position(|person| person.id == place.member) {
                    let role = RoomRole::from_number(place.role)?;
                    items.push(InRoom { member: people.swap_remove(at), role, joined_at: place.joined_at });
                }
            }
            let shows_invited = query.0.after.is_none() && store::place(conn, may.room(), may.member())?.is_some();
            let invited = if shows_invited { store::invited_into(conn, may.room(), MOST_INVITED)? } else { Vec::new() };
            let ids: Vec<MemberId> = invited.iter().map(|(member, _)| *member).collect();
            let mut people = members::profiles(conn, &ids, actor.now)?;
            let entry = |(id, by): (MemberId, MemberId)| {
                let at = people.iter().position(|person| person.id == id)?;
                Some(Invited { member: people.swap_remove(at), by })
            };
            let invited = invited.into_iter().filter_map(entry).collect();
            Ok(InRoomPage { items, next, invited })
        })
        .await?;
    Ok(HttpResponse::Ok().json(page))
}
