//! The audit log as people read it: names and words instead of what is stored.

use super::*;
use crate::members::MemberState;

/// The log's table as text: without tags, every run of spaces one.
async fn log(harbour: &Harbour, token: &str) -> String {
    let page = harbour.get("/admin/audit", token).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let table = page.body.split("<tbody>").nth(1).and_then(|rest| rest.split("</tbody>").next()).expect("a table");
    let text: Vec<&str> = table.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect();
    text.join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[actix_web::test]
async fn the_log_speaks_of_names_and_choices_in_both_languages() {
    let harbour = harbour(|_| {}).await;
    let (_, token) = harbour.person("marta", RoleKind::Owner, &[]).await;
    let (idris, _) = harbour.person("idris", RoleKind::Own, &[Permission::Announce]).await;
    let moderators = harbour.ground.db.read(|conn| members::built_in_role(conn, RoleKind::Moderator)).await.expect("role");
    let wider = json!({ "permissions": ["rooms.create", "messages.direct", "messages.announce"] });
    let everyone = harbour.ground.db.read(|conn| members::built_in_role(conn, RoleKind::Member)).await.expect("role");
    for (method, path, body) in [
        (Method::PATCH, "/api/v1/me".to_owned(), json!({ "language": "en" })),
        (
            Method::PATCH,
            "/api/v1/admin/settings".to_owned(),
            json!({ "sign_up_mode": "open", "show_presence": false, "default_language": "fr" }),
        ),
        (Method::POST, "/api/v1/admin/invites".to_owned(), json!({ "role": moderators.to_string(), "max_uses": 3 })),
        (Method::PATCH, format!("/api/v1/admin/roles/{everyone}"), wider),
        (Method::PUT, format!("/api/v1/admin/members/{idris}/roles"), json!({ "roles": [moderators.to_string()] })),
        (Method::POST, format!("/api/v1/admin/members/{idris}/ban"), json!({ "until": 1_800_000_060_000_i64 })),
    ] {
        let done = harbour.ask(method, &path, &token, Some(body)).await;
        assert!((200..300).contains(&done.status), "{path}: {}", done.body);
    }
    let english = log(&harbour, &token).await;
    for said in [
        "Who may join With an invite → Anybody",
        "Show who is online on → off",
        "Language English → Français",
        "Role Moderator",
        "How often it works 3",
        "Permissions Make private rooms → Write in announcement rooms Member",
        "Roles idris → Moderator",
        "Until 2027-01-15 08:01 UTC",
    ] {
        assert!(english.contains(said), "{said:?} in {english}");
    }
    for raw in ["sign_up_mode", "show_presence", "true", "false", "rooms.create", "max_uses", &moderators.to_string(), "null", "["] {
        assert!(!english.contains(raw), "{raw:?} in {english}");
    }
    assert_eq!(harbour.ask(Method::PATCH, "/api/v1/me", &token, Some(json!({ "language": "fr" }))).await.status, 200);
    let french = log(&harbour, &token).await;
    for said in ["activé → désactivé", "Modérat", "Jusqu’au"] {
        assert!(french.contains(said), "{said:?} in {french}");
    }
    assert!(!french.contains("Make private rooms") && !french.contains("Moderator"), "{french}");
}

#[actix_web::test]
async fn what_the_program_did_and_what_is_gone_have_words_too() {
    let harbour = harbour(|_| {}).await;
    let (_, token) = harbour.person("marta", RoleKind::Owner, &[]).await;
    let (idris, _) = harbour.person("idris", RoleKind::Member, &[]).await;
    let crew = harbour.ask(Method::POST, "/api/v1/admin/roles", &token, Some(json!({ "name": "Crew", "permissions": [] }))).await.json();
    let crew = crew["id"].as_str().expect("id").to_owned();
    let invite = harbour.ask(Method::POST, "/api/v1/admin/invites", &token, Some(json!({ "role": crew }))).await;
    assert_eq!(invite.status, 201, "{}", invite.body);
    assert_eq!(harbour.ask(Method::DELETE, &format!("/api/v1/admin/roles/{crew}"), &token, None).await.status, 204);
    let ban = json!({ "until": 1_800_000_000_001_i64 });
    assert_eq!(harbour.ask(Method::POST, &format!("/api/v1/admin/members/{idris}/ban"), &token, Some(ban)).await.status, 204);
    harbour.hand.fetch_add(60_000, std::sync::atomic::Ordering::Relaxed);
    let needs = harbour.members.clone();
    harbour.ground.db.write(move |tx| members::end_bans_that_are_over(tx, &needs)).await.expect("ended");
    let state = harbour.ground.db.read(move |conn| members::profiles(conn, &[idris], 0)).await.expect("profile")[0].state;
    assert_eq!(state, MemberState::Active);
    let told = log(&harbour, &token).await;
    for said in ["Ban lifted Its time was over. idris the program", "Role a deleted role", "Role deleted", "Crew"] {
        assert!(told.contains(said), "{said:?} in {told}");
    }
    assert!(!told.contains(&crew), "{told}");
}

#[actix_web::test]
async fn who_was_kept_from_something_reads_what_and_why_and_not_by_whom() {
    let harbour = harbour(|_| {}).await;
    let (marta, owner) = harbour.person("marta", RoleKind::Owner, &[]).await;
    let (idris, own) = harbour.person("idris", RoleKind::Administrator, &[]).await;
    for why in ["Too loud", "Still too loud"] {
        let mute = json!({ "reason": why, "until": 1_800_000_060_000_i64 });
        let done = harbour.ask(Method::POST, &format!("/api/v1/admin/members/{idris}/mute"), &owner, Some(mute)).await;
        assert_eq!(done.status, 204, "{}", done.body);
    }
    let reads = async |token: &str| harbour.get("/api/v1/admin/audit?act=members.", token).await.json();
    let (theirs, hers) = (reads(&own).await, reads(&owner).await);
    for (n, why) in [(0, "Still too loud"), (1, "Too loud")] {
        let (one, other) = (&theirs["items"][n], &hers["items"][n]);
        assert_eq!((&one["actor"], &one["address"], &one["untold"]), (&json!(null), &json!(null), &json!(true)), "{one}");
        assert_eq!((&one["reason"], &one["act"], &one["subject"]), (&json!(why), &other["act"], &other["subject"]));
        assert_eq!((&other["actor"], &other["untold"]), (&json!(marta.to_string()), &json!(false)), "others read it: {other}");
    }
    assert!(!theirs["members"].to_string().contains("marta"), "{}", theirs["members"]);
    let account = harbour.get(&format!("/api/v1/admin/members/{idris}"), &own).await.json();
    let done = &account["sanctions"][0];
    assert_eq!((&done["made_by"], &done["by_rule"], &done["reason"]), (&json!(null), &json!(false), &json!("Still too loud")));
    for path in [format!("/admin/members/{idris}"), "/admin/audit?act=members.".to_owned()] {
        let page = harbour.get(&path, &own).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.body.contains("Still too loud"), "{path}");
        for hand in ["marta", "· A rule of automod"] {
            assert!(!page.body.contains(hand), "{hand} on {path}");
        }
    }
    let told = log(&harbour, &own).await;
    assert!(told.contains("not said") && !told.contains("the program"), "{told}");
}
