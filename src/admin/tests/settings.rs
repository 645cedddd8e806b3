//! Settings: in force at once, with a trace of what changed.

use std::task::Poll;

use super::*;
use crate::error::Error;

#[actix_web::test]
async fn a_change_of_settings_is_in_force_and_leaves_a_trace_of_what_changed() {
    let harbour = harbour(|_| {}).await;
    let (owner, token) = harbour.person("marta", RoleKind::Owner, &[]).await;
    let change = json!({ "community_name": "  The   Harbour Club ", "sign_up_mode": "open", "message_bytes": 16_384 });
    let answer = harbour.ask(Method::PATCH, "/api/v1/admin/settings", &token, Some(change)).await;
    assert_eq!((answer.status, answer.json()["community_name"].as_str()), (200, Some("The Harbour Club")), "{}", answer.body);
    assert_eq!(harbour.ground.settings.get().sign_up_mode, SignUpMode::Open);
    assert_eq!(harbour.get("/api/v1/admin/settings", &token).await.json()["sign_up_mode"], "open");

    let row = harbour.get("/api/v1/admin/audit?act=settings.", &token).await.json()["items"][0].clone();
    assert_eq!((row["act"].as_str(), row["actor"].as_str()), (Some("settings.change"), Some(owner.to_string().as_str())));
    assert_eq!(row["before"], json!({ "community_name": "Rialto", "sign_up_mode": "invite" }), "only what changed");
    assert_eq!(row["after"], json!({ "community_name": "The Harbour Club", "sign_up_mode": "open" }));

    let again = harbour.ask(Method::PATCH, "/api/v1/admin/settings", &token, Some(json!({ "sign_up_mode": "open" }))).await;
    assert_eq!(again.status, 200);
    let rows = harbour.get("/api/v1/admin/audit?act=settings.", &token).await.json();
    assert_eq!(rows["items"].as_array().map(Vec::len), Some(1), "what changes nothing leaves no trace");
}

#[actix_web::test]
async fn a_setting_that_does_not_fit_changes_nothing() {
    let harbour = harbour(|_| {}).await;
    let (_, token) = harbour.person("marta", RoleKind::Owner, &[]).await;
    for (change, field, code) in [
        (json!({ "sign_up_moode": "open" }), "sign_up_moode", "settings.unknown"),
        (json!({ "community_name": "Quay", "sign_up_mode": "ajar" }), "sign_up_mode", "settings.value"),
        (json!({ "sign_up_mode": "open", "group_members": 2 }), "group_members", "settings.group_members"),
        (json!({ "community_name": "\u{200b} " }), "community_name", "settings.community_name"),
    ] {
        let answer = harbour.ask(Method::PATCH, "/api/v1/admin/settings", &token, Some(change.clone())).await;
        assert_eq!((answer.status, answer.fields()), (422, vec![(field.to_owned(), code.to_owned())]), "{change}");
    }
    assert_eq!(*harbour.ground.settings.get(), Settings::default());
    assert_eq!(harbour.get("/api/v1/admin/audit", &token).await.json()["items"], json!([]));
}

#[actix_web::test]
async fn a_reload_waits_for_a_change_that_is_under_way() {
    let harbour = harbour(|_| {}).await;
    let ground = &harbour.ground;
    let turn = ground.settings.in_order().await;
    let mut reload = std::pin::pin!(ground.settings.reload(&ground.db));
    let mut waits = async || std::future::poll_fn(|cx| Poll::Ready(reload.as_mut().poll(cx).is_pending())).await;
    assert!(waits().await);
    let change = ground.db.write(|tx| {
        let changed = Settings { requests_per_day: 3, ..Settings::load(tx)? };
        changed.store(tx, None)?;
        Ok(changed)
    });
    let changed = change.await.expect("stored");
    assert!(waits().await, "what it would have read before is not in force after the change");
    ground.settings.put(changed);
    drop(turn);
    reload.await.expect("read");
    assert_eq!(ground.settings.get().requests_per_day, 3);
}

#[actix_web::test]
async fn a_change_is_in_force_with_its_commit_and_not_without_it() {
    let harbour = harbour(|_| {}).await;
    let ground = &harbour.ground;
    let before = ground.settings.get().requests_per_day;
    let change = async |fails: bool| {
        let (cell, turn) = (ground.settings.clone(), ground.settings.in_order().await);
        let write = ground.db.write(move |tx| {
            let changed = Settings { requests_per_day: before + 1, ..Settings::load(tx)? };
            cell.put_with(tx, &changed, turn);
            assert_eq!(cell.get().requests_per_day, before, "not before the commit");
            if fails { Err(Error::NotFound) } else { Ok(()) }
        });
        write.await
    };
    change(true).await.expect_err("rolled back");
    assert_eq!(ground.settings.get().requests_per_day, before);
    change(false).await.expect("committed");
    assert_eq!(ground.settings.get().requests_per_day, before + 1);
}

#[actix_web::test]
async fn a_change_whose_request_is_dropped_keeps_its_turn_until_it_is_in_force() {
    let harbour = harbour(|_| {}).await;
    let ground = &harbour.ground;
    let (go, waits) = std::sync::mpsc::channel::<()>();
    let (cell, turn) = (ground.settings.clone(), ground.settings.in_order().await);
    let write = ground.db.write(move |tx| {
        waits.recv().expect("the test lets it go on");
        let changed = Settings { requests_per_day: 3, ..Settings::load(tx)? };
        changed.store(tx, None)?;
        cell.put_with(tx, &changed, turn);
        Ok(())
    });
    // Whoever asked for it has closed the page.
    drop(write);
    let mut next = std::pin::pin!(ground.settings.in_order());
    let is_pending = std::future::poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx).is_pending())).await;
    assert!(is_pending, "the next change waits for it");
    go.send(()).expect("it waits");
    drop(next.await);
    assert_eq!(ground.settings.get().requests_per_day, 3);
}
