//! Every page of the dashboard, for those who may see it, in both languages.

use super::*;

/// Every page, with a permission that opens it.
const PAGES: [(&str, Permission); 14] = [
    ("/admin", Permission::MailRead),
    ("/admin/members", Permission::Moderate),
    ("/admin/invites", Permission::Invite),
    ("/admin/roles", Permission::RolesManage),
    ("/admin/rooms", Permission::RoomsManage),
    ("/admin/mail", Permission::MailRead),
    ("/admin/automod", Permission::SettingsManage),
    ("/admin/backups", Permission::SettingsManage),
    ("/admin/settings", Permission::SettingsManage),
    ("/admin/figures", Permission::SettingsManage),
    ("/admin/figures", Permission::PaymentsRecord),
    ("/admin/jobs", Permission::SettingsManage),
    ("/admin/logs", Permission::SettingsManage),
    ("/admin/audit", Permission::AuditRead),
];

#[actix_web::test]
async fn each_page_is_open_to_its_permission_and_to_nobody_without() {
    let harbour = harbour(|_| {}).await;
    let (_, plain) = harbour.person("plain", RoleKind::Member, &[]).await;
    let (_, metrics) = harbour.person("metrics", RoleKind::Own, &[Permission::MetricsRead]).await;
    for (n, (path, permission)) in PAGES.into_iter().enumerate() {
        let (_, token) = harbour.person(&format!("one{n}"), RoleKind::Own, &[permission]).await;
        let shown = harbour.get(path, &token).await;
        assert_eq!(shown.status, 200, "{path}: {}", shown.body);
        assert_eq!(harbour.get(path, "").await.status, 303, "{path} sends a stranger to the door");
        for other in [&plain, &metrics] {
            assert_eq!(harbour.get(path, other).await.status, 403, "{path}");
        }
    }
    for path in ["/api/v1/admin/settings", "/api/v1/admin/audit", "/api/v1/admin/mail", "/api/v1/admin/summary"] {
        assert_eq!((harbour.get(path, "").await.status, harbour.get(path, &plain).await.status), (401, 403), "{path}");
    }
}

#[actix_web::test]
async fn who_is_turned_away_reads_it_in_their_own_language() {
    let harbour = harbour(|_| {}).await;
    let (_, token) = harbour.person("plain", RoleKind::Member, &[]).await;
    assert_eq!(harbour.ask(Method::PATCH, "/api/v1/me", &token, Some(json!({ "language": "fr" }))).await.status, 200);
    let (known, stranger) = (harbour.get("/admin", &token).await, harbour.get("/admin/nothing", "").await);
    assert!(known.status == 403 && known.body.contains("<html lang=\"fr\""), "{}", known.body);
    assert!(stranger.status == 404 && stranger.body.contains("<html lang=\"en\""), "{}", stranger.body);
}

#[actix_web::test]
async fn the_navigation_shows_only_what_is_open() {
    let harbour = harbour(|_| {}).await;
    let (_, token) = harbour.person("auditor", RoleKind::Own, &[Permission::AuditRead]).await;
    let page = harbour.get("/admin/audit", &token).await.body;
    assert!(page.contains("href=\"/admin/audit\" aria-current=\"page\""));
    assert!(!page.contains("href=\"/admin/settings\"") && !page.contains("href=\"/admin/members\""));
}

#[actix_web::test]
async fn pages_show_people_rooms_letters_and_acts_in_both_languages() {
    let harbour = harbour(|config| config.public_url = Some("https://harbour.example".to_owned())).await;
    let code = harbour.setup_link().await;
    let made = harbour.ask(Method::POST, "/api/v1/setup", "", Some(set_up_form(&code))).await.json();
    let token = made["token"].as_str().expect("token").to_owned();
    let invite = harbour.ask(Method::POST, "/api/v1/admin/invites", &token, Some(json!({ "note": "<poster>" }))).await.json();
    let (other, _) = harbour.person("idris", RoleKind::Moderator, &[]).await;
    let ban = json!({ "reason": "sold the pontoon" });
    assert_eq!(harbour.ask(Method::POST, &format!("/api/v1/admin/members/{other}/ban"), &token, Some(ban)).await.status, 204);
    let mailer = harbour.ground.mailer.clone();
    let letter = Letter {
        member: None,
        kind: "members.reset",
        to: "a@b.example".to_owned(),
        subject: "Another <password>".to_owned(),
        text: "Hello <you>".to_owned(),
        html: String::new(),
    };
    let letter = harbour.ground.db.write(move |tx| mailer.post(tx, &letter)).await.expect("a letter");

    let id = invite["id"].as_str().expect("id");
    for (path, words) in [
        ("/admin".to_owned(), vec!["one thing needs you", "harbour.example"]),
        ("/admin/members?state=banned".to_owned(), vec!["idris", "banned"]),
        ("/admin/members?q=nobody-is-called-so".to_owned(), vec!["nobody here"]),
        (format!("/admin/members/{other}"), vec!["sold the pontoon", "lift the ban", "no plan holds at this moment", "give a plan"]),
        (format!("/admin/invites?made={id}"), vec!["&lt;poster&gt;", "class=\"qr\"", "https://harbour.example/invite/"]),
        ("/admin/roles".to_owned(), vec!["roles.manage", "administrator"]),
        ("/admin/plans".to_owned(), vec!["member", "start calls", "a new plan"]),
        ("/admin/rooms?q=harb".to_owned(), vec!["who sails when"]),
        ("/admin/mail".to_owned(), vec!["another &lt;password&gt;"]),
        (format!("/admin/mail/{letter}"), vec!["hello &lt;you&gt;", "<title>another &lt;password&gt;"]),
        ("/admin/automod?new=words".to_owned(), vec!["words, one a line", "no rules yet", "try on last week"]),
        ("/admin/backups".to_owned(), vec!["the first backup is not due yet", "make a backup now", "no backups yet"]),
        ("/admin/settings".to_owned(), vec!["the harbour club", "changed, usually 205"]),
        ("/admin/figures?days=90".to_owned(), vec!["minutes in calls", "nothing is known yet.", "role=\"img\""]),
        ("/admin/jobs?show=dead".to_owned(), vec!["mend the cause first", "all kinds", "nothing here"]),
        ("/admin/logs".to_owned(), vec!["nothing to look at", "copy diagnostics", "community_hue"]),
        ("/admin/audit".to_owned(), vec!["banned", "sold the pontoon", "community set up"]),
        (format!("/setup/done?invite={id}"), vec!["class=\"qr\"", "https://harbour.example/invite/"]),
    ] {
        let page = harbour.get(&path, &token).await;
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        let text = page.body.to_lowercase();
        // Above the data block: that one holds every word anyway.
        let text = text.split("id=\"words\"").next().unwrap_or_default();
        for word in words {
            assert!(text.contains(word), "{word:?} in {path}:\n{text}");
        }
        // A key without words is shown as it is.
        assert!(
            ["health", "jobs", "logs", "figures"].iter().all(|slice| !text.contains(&format!(">{slice}.")))
                && !text.contains(">admin.")
                && !text.contains(">setup.")
                && !text.contains(">billing.")
                && !text.contains("\"admin."),
            "a key without words in {path}"
        );
    }
    let french = harbour.ask(Method::PATCH, "/api/v1/me", &token, Some(json!({ "language": "fr" }))).await;
    assert_eq!(french.status, 200);
    for path in [
        "/admin",
        "/admin/members",
        "/admin/invites",
        "/admin/roles",
        "/admin/plans",
        "/admin/rooms",
        "/admin/mail",
        "/admin/automod?new=newcomers",
        "/admin/backups",
        "/admin/settings",
        "/admin/figures",
        "/admin/jobs",
        "/admin/logs",
        "/admin/audit",
    ] {
        let page = harbour.get(path, &token).await;
        assert!(page.status == 200 && page.body.contains("lang=\"fr\""), "{path}");
    }
}

#[actix_web::test]
async fn a_letter_that_does_not_exist_and_a_member_of_nobody_are_not_found() {
    let harbour = harbour(|_| {}).await;
    let (_, token) = harbour.person("marta", RoleKind::Owner, &[]).await;
    for path in ["/admin/mail/7", "/admin/members/7", "/api/v1/admin/mail/7", "/admin/mail/x"] {
        assert_eq!(harbour.get(path, &token).await.status, 404, "{path}");
    }
}

#[actix_web::test]
async fn a_page_of_the_audit_log_goes_on_where_the_last_one_ended() {
    let harbour = harbour(|_| {}).await;
    let (_, token) = harbour.person("marta", RoleKind::Owner, &[]).await;
    for n in 0..5 {
        let change = json!({ "community_hue": n });
        assert_eq!(harbour.ask(Method::PATCH, "/api/v1/admin/settings", &token, Some(change)).await.status, 200);
    }
    let first = harbour.get("/api/v1/admin/audit?limit=3", &token).await.json();
    let hues = |page: &Value| {
        page["items"].as_array().expect("items").iter().map(|row| row["after"]["community_hue"].as_i64().expect("hue")).collect::<Vec<_>>()
    };
    assert_eq!(hues(&first), [4, 3, 2]);
    let next = first["next"].as_str().expect("a cursor");
    let second = harbour.get(&format!("/api/v1/admin/audit?limit=3&before={next}"), &token).await.json();
    assert_eq!((hues(&second), second["next"].is_null()), (vec![1, 0], true));
    assert_eq!(harbour.get("/api/v1/admin/audit?limit=0", &token).await.status, 422);
}

#[test]
fn words_of_the_slice_exist_in_both_languages_for_every_code_and_permission() {
    let words = Words::load().expect("words");
    let keys = |language: &str| {
        words
            .keys(language)
            .filter(|key| ["admin.", "setup.", "settings."].iter().any(|start| key.starts_with(start)))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let english = keys("en");
    assert_eq!(english, keys("fr"));
    for permission in Permission::ALL {
        assert!(english.contains(&format!("admin.permission_{}", permission.name().replace('.', "_"))), "{}", permission.name());
    }
    for act in crate::admin::pages::ACTS {
        assert!(english.contains(&format!("admin.act_{}", act.replace('.', "_"))), "{act}");
    }
}

#[test]
fn an_address_of_this_machine_alone_is_not_reachable() {
    for address in [
        "http://127.0.0.1:8080",
        "http://localhost",
        "http://[::1]:8080",
        "http://app.localhost:1",
        "http://0.0.0.0:80",
        "http://[::ffff:127.0.0.1]",
    ] {
        assert!(!crate::admin::actions::is_reachable(address), "{address}");
    }
    for address in ["https://harbour.example", "http://192.168.1.7:8080", "https://[2001:db8::1]/", "https://localhost.example"] {
        assert!(crate::admin::actions::is_reachable(address), "{address}");
    }
}
