//! Members as members see each other.

use actix_web::HttpResponse;
use serde::Deserialize;
use utoipa::OpenApi;

use super::limit;
use crate::access::{Allow, PAGE_MOST, Page, Query, Routes};
use crate::error::{Error, Result};
use crate::ids::{MemberId, RoleId};
use crate::members::actions::{self, MemberFilter};
use crate::members::model::Profile;
use crate::members::policy::{SeeMember, SeeMembers};

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(list, show))]
pub struct Api;

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes.get("/api/v1/members", list).get("/api/v1/members/{member}", show);
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Find {
    /// Part of a name or username, or `@` with the beginning of a username.
    q: Option<String>,
    /// Only with this role.
    role: Option<RoleId>,
    /// Only those with the verified badge?
    verified: Option<bool>,
    /// These members instead, at most 200 ids with commas between; also those who are banned or deleted.
    ids: Option<String>,
    /// Where the page begins.
    after: Option<MemberId>,
    /// 1–200.
    limit: Option<i64>,
}

fn parse_ids(text: &str) -> Result<Vec<MemberId>> {
    let wrong = || Error::invalid("ids", "error.query");
    let ids: Vec<MemberId> = text.split(',').filter(|id| !id.is_empty()).map(str::parse).collect::<Result<_, _>>().map_err(|_| wrong())?;
    if i64::try_from(ids.len()).unwrap_or(i64::MAX) > PAGE_MOST { Err(wrong()) } else { Ok(ids) }
}

/// Active members in order of name, or those named by id.
#[utoipa::path(get, path = "/api/v1/members", params(Find), responses((status = 200, body = Page<Profile>)))]
async fn list(gate: Allow<SeeMembers>, query: Query<Find>) -> Result<HttpResponse> {
    let Find { q, role, verified, ids, after, limit: asked } = query.0;
    let limit = limit(asked)?;
    let ids = ids.as_deref().map(parse_ids).transpose()?;
    let page = gate
        .read(move |conn, _, actor| match ids {
            Some(ids) => Ok(Page::whole(actions::members_by_ids(conn, &ids, actor.now)?)),
            None => {
                let (q, verified) = (q.unwrap_or_default(), verified.unwrap_or(false));
                let filter = MemberFilter { q, role, verified, after, limit, ..MemberFilter::default() };
                let (items, next) = actions::find_members(conn, filter, actor.now)?;
                Ok(Page { items, next: next.map(|id| id.to_string()) })
            }
        })
        .await?;
    Ok(HttpResponse::Ok().json(page))
}

/// One member.
#[utoipa::path(get, path = "/api/v1/members/{member}", params(("member" = MemberId, Path)), responses((status = 200, body = Profile)))]
async fn show(gate: Allow<SeeMember>) -> Result<HttpResponse> {
    let member = gate.read(|conn, may, actor| actions::member(conn, may, actor.now)).await?;
    Ok(HttpResponse::Ok().json(member))
}
