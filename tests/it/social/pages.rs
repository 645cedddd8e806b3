//! The pages about people, with people on them, in both languages.

use reqwest::Method;
use rialto::chat::RoomKind;
use rialto::social::seed;
use serde_json::json;

use super::{act, acts, lets, talk};
use crate::support::{Person, Town};

pub(super) async fn page(town: &Town, who: &Person, path: &str, language: &str) -> String {
    let request = town.http.get(town.url(path)).bearer_auth(&who.token).header("accept", "text/html").header("accept-language", language);
    let answer = request.send().await.expect("an answer");
    let (status, body) = (answer.status(), answer.text().await.expect("a body"));
    assert_eq!(status, 200, "{path}: {body}");
    assert!(body.contains(&format!("<html lang=\"{language}\"")), "{path}");
    // A key without words comes back as it is.
    let shown = body.split("<script").next().expect("the page before its data");
    for start in [">social.", "\"social.", ">shell.", ">admin."] {
        assert!(!shown.contains(start), "{path} shows a key without words: {}", &shown[shown.find(start).unwrap_or(0)..][..60]);
    }
    body
}

#[actix_web::test]
async fn every_page_about_people_shows_them_in_both_languages() {
    let town = Town::new().await;
    let (keeper, ann, bob, cleo) =
        (town.owner("keeper").await, town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    town.room(&keeper, RoomKind::Public, "Quay", &[&ann, &bob]).await;
    let (a, b) = (ann.id, bob.id);
    town.app().ground.db.write(move |tx| seed::place_contact(tx, a, b)).await.expect("contacts");
    for (method, path) in [
        (Method::PUT, format!("/api/v1/follows/{}", bob.id)),
        (Method::PUT, format!("/api/v1/me/always/{}", bob.id)),
        (Method::PUT, format!("/api/v1/blocks/{}", keeper.id)),
        (Method::PUT, format!("/api/v1/mutes/{}", bob.id)),
    ] {
        act(&ann, method, &path).await;
    }
    act(&bob, Method::PUT, &format!("/api/v1/follows/{}", ann.id)).await;
    act(&cleo, Method::PUT, &format!("/api/v1/contacts/{}", ann.id)).await;
    lets(&ann, "message", &["mutual"]).await;
    let room = talk(&cleo, &ann).await;
    cleo.says(room, "k1", "We met at the <quay>").await;
    acts(&ann, Method::PATCH, &format!("/api/v1/contacts/{}", bob.id), Some(json!({ "own_name": "Bobby", "note": "Tall" }))).await;
    ann.post("/api/v1/reports", json!({ "member": cleo.id, "reason": "spam", "text": "Every day" })).await;
    for language in ["en", "fr"] {
        let directory = page(&town, &ann, "/people", language).await;
        assert!(directory.contains("@ann"), "{directory}");
        assert!(directory.contains("@bob") && directory.contains("Bobby") && directory.contains("requests\""));
        assert!(page(&town, &ann, "/people?q=cle", language).await.contains("@cleo"));
        for (list, name) in [("contacts", "@bob"), ("following", "@bob"), ("followers", "@bob"), ("blocked", "@keeper"), ("muted", "@bob")]
        {
            let shown = page(&town, &ann, &format!("/people?list={list}"), language).await;
            assert!(shown.contains(name) && shown.contains(&format!("list={list}\" aria-current=\"page\"")), "{list}");
        }
        let profile = page(&town, &ann, &format!("/people/{}", bob.id), language).await;
        assert!(profile.contains("Quay") && profile.contains("Bobby") && profile.contains("Tall"));
        assert!(profile.contains(&format!("<call-buttons member=\"{}\"", bob.id)), "the ways to ring him");
        for other in [&keeper, &cleo, &ann] {
            page(&town, &ann, &format!("/people/{}", other.id), language).await;
        }
        let requests = page(&town, &ann, "/people/requests", language).await;
        assert!(requests.contains("We met at the &lt;quay&gt;") && requests.matches("<article").count() == 2);
        let reach = page(&town, &ann, "/settings/reach", language).await;
        assert!(reach.contains("name=\"message\" value=\"mutual\" checked") && reach.contains("/api/v1/me/always/"));
        assert!(page(&town, &keeper, "/admin/reports", language).await.contains("Every day"));
        page(&town, &keeper, "/admin/reports?show=closed", language).await;
        assert!(page(&town, &keeper, "/admin/settings", language).await.contains("name=\"reach_ceiling_call\""));
        for nothing in ["/people?list=blocked", "/people/requests", "/people?q=nobodyofthatname"] {
            page(&town, &bob, nothing, language).await;
        }
    }
    town.close().await;
}

#[actix_web::test]
async fn a_list_that_is_empty_says_so_and_what_comes_next() {
    let town = Town::new().await;
    let ann = town.member("ann").await;
    for language in ["en", "fr"] {
        let mut said = Vec::new();
        for (address, next) in [
            ("/people?q=nobodyofthatname", "/people"),
            ("/people?list=contacts&q=nobody", "/people?list=contacts"),
            ("/people?list=contacts", "/people"),
            ("/people?list=following", "/people"),
            ("/people?list=followers", "/"),
            ("/people?list=blocked", "/people"),
            ("/people?list=muted", "/people"),
            ("/people/requests", "/settings/reach"),
        ] {
            let shown = page(&town, &ann, address, language).await;
            let (_, empty) = shown.split_once("<div class=\"empty\">").expect("an empty list");
            let (empty, _) = empty.split_once("</div>").expect("its end");
            assert!(empty.contains(&format!("<a class=\"button\" href=\"{next}\">")), "{address}: {empty}");
            let (_, words) = empty.split_once("<p>").expect("a sentence");
            said.push(words.split_once("</p>").expect("its end").0.to_owned());
        }
        said.sort_unstable();
        said.dedup();
        assert_eq!(said.len(), 8, "each has words of its own in {language}: {said:?}");
    }
    town.close().await;
}

#[actix_web::test]
async fn built_in_roles_are_called_in_the_language_of_the_reader_and_renamed_ones_as_the_community_does() {
    let town = Town::new().await;
    let (keeper, ann) = (town.owner("keeper").await, town.member("ann").await);
    let roles = keeper.get("/api/v1/admin/roles").await;
    let is_moderator = |role: &&serde_json::Value| role["kind"] == "moderator";
    let role = roles["items"].as_array().expect("roles").iter().find(is_moderator).expect("moderators")["id"].clone();
    acts(&keeper, Method::PUT, &format!("/api/v1/admin/members/{}/roles", ann.id), Some(json!({ "roles": [role] }))).await;
    acts(&ann, Method::PUT, "/api/v1/me/reach", Some(json!({ "message": { "from": ["roles"], "roles": [role] } }))).await;
    let profile = format!("/people/{}", ann.id);
    let word = async || {
        let state = keeper.get("/api/v1/me/state").await;
        state["roles"].as_array().expect("roles").iter().find(|each| each["id"] == role).expect("the role")["word"].clone()
    };
    for (language, name) in [("en", "Moderator"), ("fr", "Modérateur")] {
        for path in [profile.as_str(), "/people", "/settings/reach"] {
            assert!(page(&town, &ann, path, language).await.contains(&format!(">{name}<")), "{path} in {language}");
        }
    }
    assert_eq!(word().await, "moderator");
    let renamed = format!("/api/v1/admin/roles/{}", role.as_str().expect("an id"));
    acts(&keeper, Method::PATCH, &renamed, Some(json!({ "name": "Harbour watch" }))).await;
    assert!(page(&town, &keeper, &profile, "fr").await.contains(">Harbour watch<"));
    assert_eq!(word().await, serde_json::Value::Null);
    town.close().await;
}

#[actix_web::test]
async fn the_directory_finds_user_names_my_own_names_and_the_verified() {
    let town = Town::new().await;
    let keeper = town.owner("keeper").await;
    let (ann, bob, cleo) = (town.member("ann").await, town.member("bob").await, town.member("bobcat").await);
    acts(&ann, Method::PATCH, &format!("/api/v1/contacts/{}", cleo.id), Some(json!({ "own_name": "Élodie from the quay" }))).await;
    acts(&keeper, Method::PUT, &format!("/api/v1/admin/members/{}/verification", bob.id), Some(json!({}))).await;
    let found = async |who: &Person, address: &str| -> Vec<String> {
        let shown = page(&town, who, address, "en").await;
        ["ann", "bob", "bobcat", "keeper"].into_iter().filter(|name| shown.contains(&format!(">@{name}<"))).map(str::to_owned).collect()
    };
    assert_eq!(found(&ann, "/people?q=%40bob").await, ["bob", "bobcat"]);
    assert_eq!(found(&ann, "/people?q=%40cat").await, [""; 0], "behind an @ stands the beginning");
    assert_eq!(found(&ann, "/people?q=elodie").await, ["bobcat"], "my own name for her");
    assert_eq!(found(&bob, "/people?q=elodie").await, [""; 0], "is nobody else's");
    assert_eq!(found(&ann, "/people?verified=true").await, ["bob"]);
    for (address, is_ticked) in [("/people", false), ("/people?verified=true", true)] {
        assert_eq!(page(&town, &ann, address, "en").await.contains(r#"name="verified" value="true" checked"#), is_ticked, "{address}");
    }
    assert_eq!(found(&ann, "/people?verified=true&q=cat").await, [""; 0]);
    act(&ann, Method::PUT, &format!("/api/v1/follows/{}", cleo.id)).await;
    assert_eq!(found(&ann, "/people?list=following&q=elodie").await, ["bobcat"]);
    let verified = ann.get("/api/v1/members?verified=true").await;
    assert_eq!(verified["items"].as_array().expect("items").iter().map(|one| one["username"].clone()).collect::<Vec<_>>(), [json!("bob")]);
    // More on a list than the page of reach shows.
    let id = ann.id;
    let listed = town.app().ground.db.write(move |tx| {
        use rialto::members::{self, DisplayName, NewMember, Username};
        let mut made = Vec::new();
        for n in 0..21 {
            let name = format!("c{n:05}");
            made.push(members::create_member(tx, &NewMember::named(Username::parse(&name)?, DisplayName::parse(&name)?))?);
        }
        Ok((id, made))
    });
    for other in listed.await.expect("members").1 {
        act(&ann, Method::PUT, &format!("/api/v1/me/never/{other}")).await;
    }
    let reach = page(&town, &ann, "/settings/reach", "en").await;
    assert!(reach.contains("/people?list=never") && !reach.contains("/people?list=always"));
    let rest = page(&town, &ann, "/people?list=never&q=c00020", "en").await;
    assert!(rest.contains("@c00020") && !rest.contains("@c00001"));
    town.close().await;
}
