//! The set-up: a link that works once makes an owner, a community and its rooms.

use super::*;

#[actix_web::test]
async fn the_set_up_works_once() {
    let harbour = harbour(|_| {}).await;
    let (code, spare) = (harbour.setup_link().await, harbour.setup_link().await);
    assert_eq!(harbour.get(&format!("/setup/{code}"), "").await.status, 200);
    let mut form = set_up_form(&code);
    form["time_zone"] = json!("Europe/Atlantis"); // Not known here; that keeps nobody out.
    let made = harbour.ask(Method::POST, "/api/v1/setup", "", Some(form)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert!(
        made.headers
            .get("set-cookie")
            .is_some_and(|cookie| cookie.to_str().is_ok_and(|text| text.contains("HttpOnly") && text.contains("SameSite=Lax")))
    );
    let (answer, settings) = (made.json(), harbour.ground.settings.get());
    assert_eq!(
        (settings.community_name.as_str(), settings.community_hue, settings.sign_up_mode),
        ("The Harbour Club", 30, SignUpMode::Approval)
    );
    assert_eq!((answer["member"]["username"].as_str(), answer["reachable"].as_bool()), (Some("marta"), Some(false)));

    let token = answer["token"].as_str().expect("a bearer's token");
    let summary = harbour.get("/api/v1/admin/summary", token).await.json();
    assert_eq!((summary["rooms"].as_i64(), summary["members"]["active"].as_i64()), (Some(2), Some(1)), "{summary}");
    assert!(summary["database_bytes"].as_i64().is_some_and(|bytes| bytes > 0));
    let sign_in = json!({ "username": "marta", "password": "along the old quay" });
    assert_eq!(harbour.ask(Method::POST, "/api/v1/sign-in", "", Some(sign_in)).await.status, 200);

    for code in [&code, &spare] {
        let again = harbour.ask(Method::POST, "/api/v1/setup", "", Some(set_up_form(code))).await;
        assert_eq!((again.status, again.json()["code"].as_str()), (410, Some("setup.done")));
        assert_eq!(harbour.get(&format!("/setup/{code}"), "").await.status, 410);
    }
}

#[actix_web::test]
async fn ten_set_ups_at_once_make_one_owner() {
    let harbour = harbour(|_| {}).await;
    let code = harbour.setup_link().await;
    let tries = (0..10).map(|n| {
        let mut form = set_up_form(&code);
        form["username"] = json!(format!("owner{n}"));
        harbour.ask(Method::POST, "/api/v1/setup", "", Some(form))
    });
    let answers: Vec<u16> = futures_util::future::join_all(tries).await.into_iter().map(|answer| answer.status).collect();
    assert_eq!(answers.iter().filter(|status| **status == 201).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|status| [201, 410, 503].contains(status)), "{answers:?}");
    let owners = harbour.ground.db.read(crate::admin::store::member_counts).await.expect("counts");
    assert_eq!(owners.active, 1);
}

#[actix_web::test]
async fn every_wrong_field_of_the_set_up_is_told_and_the_link_stays_good() {
    let harbour = harbour(|_| {}).await;
    let code = harbour.setup_link().await;
    let mut form = set_up_form(&code);
    form["username"] = json!("x");
    form["password"] = json!("short");
    form["community_hue"] = json!(360);
    form["rooms"] =
        json!([{ "kind": "public", "name": "quay" }, { "kind": "public", "name": "QUAY" }, { "kind": "private", "name": "back room" }]);
    let answer = harbour.ask(Method::POST, "/api/v1/setup", "", Some(form)).await;
    assert_eq!(answer.status, 422);
    let told = answer.fields();
    for (field, code) in [
        ("username", "members.username_shape"),
        ("password", "members.password_short"),
        ("community_hue", "settings.community_hue"),
        ("rooms.1", "setup.room_twice"),
        ("rooms.2", "setup.room_not_open"),
    ] {
        assert!(told.contains(&(field.to_owned(), code.to_owned())), "{field} in {told:?}");
    }
    let wrong = harbour.ask(Method::POST, "/api/v1/setup", "", Some(set_up_form("no-such-code"))).await;
    assert_eq!((wrong.status, wrong.json()["code"].as_str()), (410, Some("members.link_over")));
    assert_eq!(harbour.ask(Method::POST, "/api/v1/setup", "", Some(set_up_form(&code))).await.status, 201);
}

#[actix_web::test]
async fn the_owner_is_checked_as_their_step_is_left_and_nothing_is_stored() {
    let harbour = harbour(|_| {}).await;
    let code = harbour.setup_link().await;
    harbour.person("taken", RoleKind::Member, &[]).await;
    let check = |username: &'static str, password: &'static str| {
        let body = json!({ "code": code, "username": username, "password": password });
        harbour.ask(Method::POST, "/api/v1/setup/check", "", Some(body))
    };
    for (username, password, field, problem) in [
        ("x", "along the old quay", "username", "members.username_shape"),
        ("admin", "along the old quay", "username", "members.username_reserved"),
        ("Taken", "along the old quay", "username", "members.username_taken"),
        ("marta", "short", "password", "members.password_short"),
    ] {
        let told = check(username, password).await;
        assert_eq!((told.status, told.fields()), (422, vec![(field.to_owned(), problem.to_owned())]), "{username}");
    }
    assert_eq!(check("marta", "along the old quay").await.status, 204);
    let strange = json!({ "code": "guess", "username": "marta", "password": "along the old quay" });
    assert_eq!(harbour.ask(Method::POST, "/api/v1/setup/check", "", Some(strange)).await.status, 410, "only for who has the link");
    let made = harbour.ask(Method::POST, "/api/v1/setup", "", Some(set_up_form(&code))).await;
    assert_eq!(made.status, 201, "the link is still good: {}", made.body);
    assert_eq!(check("another", "along the old quay").await.json()["code"], "setup.done");
}
