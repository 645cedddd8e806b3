//! The slice's pages for members: what they were told, and the appeal that is open to those who are banned too. They only read.

use actix_web::HttpResponse;
use serde::Serialize;

use super::actions;
use super::model::MyNotices;
use super::routes::Code;
use crate::access::{Allow, Public, Routes};
use crate::chat;
use crate::clock::Millis;
use crate::error::Result;
use crate::http::Site;
use crate::members::{self, APPEAL_CHARACTERS, SeeMe, ToldSanction};

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes.get("/settings/notices", notices).get("/appeal/{code}", appeal);
}

/// What `moderation/notices.html` sees.
#[derive(Serialize)]
struct NoticesPage {
    notices: MyNotices,
    /// When it was read: what comes later is not seen with it.
    now: Millis,
    most: usize,
}

/// `GET /settings/notices`.
async fn notices(gate: Allow<SeeMe>, site: Site) -> Result<HttpResponse> {
    let visitor = gate.visitor().clone();
    let asked = visitor.clone();
    let read = gate.read(move |conn, may, actor| {
        let page = NoticesPage { notices: actions::notices(conn, may.member(), actor.now)?, now: actor.now, most: APPEAL_CHARACTERS };
        Ok((members::looker(conn, actor, &asked)?, page))
    });
    let (looker, page) = read.await?;
    site.page(&looker, &visitor, "moderation/notices.html", page)
}

/// What `moderation/appeal.html` sees.
#[derive(Serialize)]
struct AppealPage {
    code: String,
    /// What was done; none where the code is none of ours, or its member is gone.
    told: Option<ToldSanction>,
    room_name: Option<String>,
    most: usize,
}

/// `GET /appeal/{code}`.
async fn appeal(gate: Public, code: Code, site: Site) -> Result<HttpResponse> {
    let visitor = gate.visitor().clone();
    let (asked, found) = (visitor.clone(), code.sanction(gate.ground()).ok());
    let read = gate.read(move |conn, actor| {
        let told = found.map(|id| members::told_sanction(conn, id, actor.now)).transpose()?.flatten();
        let room_name = told.as_ref().and_then(|told| told.room).map(|room| chat::room_name(conn, room)).transpose()?.flatten();
        Ok((members::looker(conn, actor, &asked)?, told, room_name))
    });
    let (looker, told, room_name) = read.await?;
    site.page(&looker, &visitor, "moderation/appeal.html", AppealPage { code: code.into_text(), told, room_name, most: APPEAL_CHARACTERS })
}
