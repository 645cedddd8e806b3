//! The API of backups: URL, gate, action, JSON. No decisions.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, ContentEncoding};
use actix_web::web::Data;
use serde::Deserialize;
use utoipa::OpenApi;

use super::actions::{self, DownloadKey};
use super::model::{Backup, file_of, name_of};
use super::policy::{KeepBackup, ManageBackups, RehearseBackup};
use crate::access::{Allow, Body, PAGE_MOST, Page, Query, Routes, page_limit};
use crate::error::{Error, RefusalKind, Result};
use crate::http::pieces_of;
use crate::ids::BackupId;
use crate::members::{self, Members};

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(list, make, rehearse, unlock, download, delete))]
struct Api;

/// The description of these routes.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes
        .get("/api/v1/admin/backups", list)
        .post("/api/v1/admin/backups", make)
        .post("/api/v1/admin/backups/{backup}/rehearsal", rehearse)
        .post("/api/v1/admin/backups/{backup}/key", unlock)
        .get("/api/v1/admin/backups/{backup}/file", download)
        .delete("/api/v1/admin/backups/{backup}", delete);
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Find {
    /// Only those before this one.
    before: Option<BackupId>,
    /// 1–200.
    limit: Option<i64>,
}

/// The backups in the data folder, newest first.
#[utoipa::path(get, path = "/api/v1/admin/backups", params(Find), responses((status = 200, body = Page<Backup>)))]
async fn list(gate: Allow<ManageBackups>, query: Query<Find>) -> Result<HttpResponse> {
    let (before, limit) = (query.0.before, page_limit(query.0.limit, PAGE_MOST)?);
    Ok(HttpResponse::Ok().json(gate.read(move |conn, may, _| actions::page(conn, may, before, limit)).await?))
}

/// Nothing is said beside the wish.
#[derive(Deserialize, utoipa::ToSchema)]
struct Wish {}

/// Has a backup made. While one is being made that one is the answer: there are never two at once.
#[utoipa::path(post, path = "/api/v1/admin/backups", request_body = Wish, responses((status = 201, body = Backup)))]
async fn make(gate: Allow<ManageBackups>, body: Body<Wish>) -> Result<HttpResponse> {
    gate.create(body, |tx, may, actor, _| actions::make(tx, may, actor)).await
}

/// Has a backup put back in a folder that goes again: what is found stands in the list.
#[utoipa::path(post, path = "/api/v1/admin/backups/{backup}/rehearsal", params(("backup" = BackupId, Path)), request_body = Wish, responses((status = 201, body = Backup), (status = 409, description = "it was not made")))]
async fn rehearse(gate: Allow<RehearseBackup>, body: Body<Wish>) -> Result<HttpResponse> {
    gate.create(body, |tx, may, actor, _| actions::ask_rehearsal(tx, may, actor)).await
}

/// The password once more.
#[derive(Deserialize, utoipa::ToSchema)]
struct Again {
    /// Of the member who asks; who has none leaves it out.
    #[serde(default)]
    password: String,
}

/// Makes a key with which the same member may begin to download this backup within five minutes.
#[utoipa::path(post, path = "/api/v1/admin/backups/{backup}/key", params(("backup" = BackupId, Path)), request_body = Again, responses((status = 201, body = DownloadKey), (status = 409, description = "it was not made"), (status = 422, description = "the password is wrong")))]
async fn unlock(gate: Allow<KeepBackup>, first: Allow<KeepBackup>, body: Body<Again>, members: Data<Members>) -> Result<HttpResponse> {
    // Nobody tries a password here who may not have the backup.
    first.read(|_, _, _| Ok(())).await?;
    members::ask_again(gate.ground(), gate.visitor(), &members, &body.value.password).await?;
    let keys = gate.ground().keys.clone();
    let key = gate.write(move |tx, may, actor| actions::unlock(tx, may, actor, &keys)).await?;
    Ok(HttpResponse::Created().insert_header((CACHE_CONTROL, "no-store")).json(key))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct With {
    /// From the route that asks for the password.
    #[serde(default)]
    key: String,
}

/// The backup itself, a tar file: everything that everybody wrote, and every key.
#[utoipa::path(get, path = "/api/v1/admin/backups/{backup}/file", params(("backup" = BackupId, Path), With), responses((status = 200, body = String, content_type = "application/x-tar"), (status = 410, description = "the key is too old, or the file is gone")))]
async fn download(gate: Allow<KeepBackup>, query: Query<With>) -> Result<HttpResponse> {
    let (ground, key) = (gate.ground().clone(), query.0.key);
    let keys = ground.keys.clone();
    let backup = gate.read(move |_, may, actor| {
        actions::check_key(may, &keys, &key, actor.now)?;
        Ok(may.backup().clone())
    });
    let backup = backup.await?;
    let gone = |_| Error::refused(RefusalKind::Gone, "backups.gone");
    let file = tokio::fs::File::open(file_of(&ground.config.data, backup.id, backup.begun_at)).await.map_err(gone)?;
    let bytes = file.metadata().await.map_err(gone)?.len();
    let name = name_of(backup.begun_at);
    Ok(HttpResponse::Ok()
        .content_type("application/x-tar")
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.tar\"")))
        .insert_header((CACHE_CONTROL, "no-store"))
        // Packed on the way it would have no length, and whoever waits would not know for how long.
        .insert_header(ContentEncoding::Identity)
        .body(pieces_of(file, bytes)))
}

/// Deletes a backup and its file.
#[utoipa::path(delete, path = "/api/v1/admin/backups/{backup}", params(("backup" = BackupId, Path)), request_body = Again, responses((status = 204), (status = 409, description = "it is being made"), (status = 422, description = "the password is wrong")))]
async fn delete(gate: Allow<KeepBackup>, first: Allow<KeepBackup>, body: Body<Again>, members: Data<Members>) -> Result<HttpResponse> {
    let ground = gate.ground().clone();
    first.read(|_, may, _| actions::expect_still(may.backup())).await?;
    members::ask_again(&ground, gate.visitor(), &members, &body.value.password).await?;
    // First the wish, with the permit and the trace: who may not, or leaves none, deletes nothing.
    let backup = gate.write(actions::delete).await?;
    actions::remove(&ground.db, &ground.config.data, &backup).await?;
    Ok(HttpResponse::NoContent().finish())
}
