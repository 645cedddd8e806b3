//! How I stand to somebody: contact, follow, block, mute, the lists of always and never, my note.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::OpenApi;

use super::{Needs, limits, no_content};
use crate::access::{Allow, Body, Ground, RateClass, Routes};
use crate::error::Result;
use crate::ids::MemberId;
use crate::social::actions;
use crate::social::model::{ContactState, FollowState, Note, NoteChange};
use crate::social::policy::{Approach, RelateTo};

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(
    add_contact,
    remove_contact,
    change_note,
    follow,
    unfollow,
    remove_follower,
    block,
    unblock,
    mute,
    unmute,
    add_always,
    remove_always,
    add_never,
    remove_never,
    put_away_yes
))]
pub struct Api;

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes
        .put("/api/v1/contacts/{member}", add_contact)
        .patch("/api/v1/contacts/{member}", change_note)
        .delete("/api/v1/contacts/{member}", remove_contact)
        .put("/api/v1/follows/{member}", follow)
        .delete("/api/v1/follows/{member}", unfollow)
        .delete("/api/v1/followers/{member}", remove_follower)
        .put("/api/v1/blocks/{member}", block)
        .delete("/api/v1/blocks/{member}", unblock)
        .put("/api/v1/mutes/{member}", mute)
        .delete("/api/v1/mutes/{member}", unmute)
        .put("/api/v1/me/always/{member}", add_always)
        .delete("/api/v1/me/always/{member}", remove_always)
        .put("/api/v1/me/never/{member}", add_never)
        .delete("/api/v1/me/never/{member}", remove_never)
        .delete("/api/v1/me/may-call/{member}", put_away_yes);
}

/// Where we stand with our address books.
#[derive(Serialize, utoipa::ToSchema)]
struct Contact {
    /// `asked` or `contact`; `none` after a removal.
    state: ContactState,
}

/// Where I stand with following.
#[derive(Serialize, utoipa::ToSchema)]
struct Follow {
    /// `following` or `asked`; `none` after the end.
    state: FollowState,
}

/// Asks somebody to be a contact, or says yes to somebody who asked.
#[utoipa::path(put, path = "/api/v1/contacts/{member}", params(("member" = MemberId, Path)), responses((status = 200, body = Contact)))]
async fn add_contact(gate: Allow<Approach>, social: Needs) -> Result<HttpResponse> {
    let (ground, limits) = (gate.ground().clone(), limits(gate.ground()));
    let state = gate
        .write(move |tx, may, _| {
            count(&ground, may.relation().member())?;
            actions::ask_contact(tx, may, limits, &social)
        })
        .await?;
    Ok(HttpResponse::Ok().json(Contact { state }))
}

/// Changes my own name for somebody and my note; what is missing stays, and `null` takes away what was there.
#[utoipa::path(patch, path = "/api/v1/contacts/{member}", params(("member" = MemberId, Path)), request_body = NoteChange, responses((status = 200, body = Note)))]
async fn change_note(gate: Allow<RelateTo>, body: Body<NoteChange>) -> Result<HttpResponse> {
    let most = limits(gate.ground()).people;
    let note = gate.write(move |tx, may, _| actions::change_note(tx, may, &body.value, most)).await?;
    Ok(HttpResponse::Ok().json(note))
}

/// Takes somebody out of my contacts, takes my request back, or leaves theirs unanswered.
#[utoipa::path(delete, path = "/api/v1/contacts/{member}", params(("member" = MemberId, Path)), responses((status = 200, body = Contact)))]
async fn remove_contact(gate: Allow<RelateTo>) -> Result<HttpResponse> {
    let ground = gate.ground().clone();
    let state = gate
        .write(move |tx, may, _| {
            count(&ground, may.member())?;
            actions::remove_contact(tx, may)
        })
        .await?;
    Ok(HttpResponse::Ok().json(Contact { state }))
}

/// Follows somebody, or asks to.
#[utoipa::path(put, path = "/api/v1/follows/{member}", params(("member" = MemberId, Path)), responses((status = 200, body = Follow)))]
async fn follow(gate: Allow<Approach>, social: Needs) -> Result<HttpResponse> {
    let (ground, limits) = (gate.ground().clone(), limits(gate.ground()));
    let state = gate
        .write(move |tx, may, _| {
            count(&ground, may.relation().member())?;
            actions::follow(tx, may, &ground.settings.get(), limits, &social)
        })
        .await?;
    Ok(HttpResponse::Ok().json(Follow { state }))
}

/// Follows no longer.
#[utoipa::path(delete, path = "/api/v1/follows/{member}", params(("member" = MemberId, Path)), responses((status = 200, body = Follow)))]
async fn unfollow(gate: Allow<RelateTo>) -> Result<HttpResponse> {
    let ground = gate.ground().clone();
    let state = gate
        .write(move |tx, may, _| {
            count(&ground, may.member())?;
            actions::unfollow(tx, may)
        })
        .await?;
    Ok(HttpResponse::Ok().json(Follow { state }))
}

/// Counts what somebody else hears of.
fn count(ground: &Ground, member: MemberId) -> Result<()> {
    ground.rates.count(RateClass::Approach, u128::from(member.0.unsigned_abs()))
}

/// Lets somebody always reach me, in quiet hours too.
#[utoipa::path(put, path = "/api/v1/me/always/{member}", params(("member" = MemberId, Path)), responses((status = 204)))]
async fn add_always(gate: Allow<RelateTo>, social: Needs) -> Result<HttpResponse> {
    let most = limits(gate.ground()).people;
    gate.write(move |tx, may, _| actions::add_always(tx, may, &social, most)).await?;
    Ok(no_content())
}

macro_rules! turns {
    ($($(#[$doc:meta])* $name:ident $method:ident $path:literal, |$tx:ident, $may:ident, $social:ident| $act:expr;)+) => {$(
        $(#[$doc])*
        #[utoipa::path($method, path = $path, params(("member" = MemberId, Path)), responses((status = 204)))]
        async fn $name(gate: Allow<RelateTo>, social: Needs) -> Result<HttpResponse> {
            gate.write(move |$tx, $may, _| { let $social = &social; $act }).await?;
            Ok(no_content())
        }
    )+};
}

/// Takes a follower away.
#[utoipa::path(delete, path = "/api/v1/followers/{member}", params(("member" = MemberId, Path)), responses((status = 204)))]
async fn remove_follower(gate: Allow<RelateTo>) -> Result<HttpResponse> {
    gate.write(|tx, may, _| actions::remove_follower(tx, may)).await?;
    Ok(no_content())
}

/// Puts away that somebody said yes to my calls: it is not said any more, and lets me through as before.
#[utoipa::path(delete, path = "/api/v1/me/may-call/{member}", params(("member" = MemberId, Path)), responses((status = 204)))]
async fn put_away_yes(gate: Allow<RelateTo>) -> Result<HttpResponse> {
    gate.write(|tx, may, _| actions::put_away_yes(tx, may)).await?;
    Ok(no_content())
}

/// Wants no notices of what somebody writes.
#[utoipa::path(put, path = "/api/v1/mutes/{member}", params(("member" = MemberId, Path)), responses((status = 204)))]
async fn mute(gate: Allow<RelateTo>) -> Result<HttpResponse> {
    let most = limits(gate.ground()).people;
    gate.write(move |tx, may, _| actions::mute(tx, may, most)).await?;
    Ok(no_content())
}

/// Wants them again.
#[utoipa::path(delete, path = "/api/v1/mutes/{member}", params(("member" = MemberId, Path)), responses((status = 204)))]
async fn unmute(gate: Allow<RelateTo>) -> Result<HttpResponse> {
    gate.write(|tx, may, _| actions::unmute(tx, may)).await?;
    Ok(no_content())
}

turns! {
    /// Blocks somebody. What they see does not change.
    block put "/api/v1/blocks/{member}", |tx, may, social| actions::block(tx, may, social);
    /// Lifts a block.
    unblock delete "/api/v1/blocks/{member}", |tx, may, social| actions::unblock(tx, may, social);
    /// As anybody else.
    remove_always delete "/api/v1/me/always/{member}", |tx, may, social| actions::remove_always(tx, may, social);
    /// Lets somebody never reach me.
    add_never put "/api/v1/me/never/{member}", |tx, may, social| actions::set_never(tx, may, social, true);
    /// As anybody else.
    remove_never delete "/api/v1/me/never/{member}", |tx, may, social| actions::set_never(tx, may, social, false);
}
