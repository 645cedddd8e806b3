//! What opens an account is only for those who reach its member: links for new passwords, and letters that may hold one.

use reqwest::Method;
use rialto::mail::Letter;
use rialto::members::{self, DisplayName, Email, NewMember, RoleKind, Username};
use serde_json::json;

use crate::support::Town;

#[actix_web::test]
async fn nobody_makes_a_reset_link_for_somebody_with_more_rights() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let owner = town.owner("olave").await;
    let administrator = town.person("ada", &[RoleKind::Administrator]).await;
    let role = json!({ "name": "Keepers", "permissions": ["members.manage"] });
    let keepers = owner.post("/api/v1/admin/roles", role).await["id"].clone();
    let (keeper, plain) = (town.member("kim").await, town.member("plain").await);
    let given = owner.call(Method::PUT, &format!("/api/v1/admin/members/{}/roles", keeper.id), Some(json!({ "roles": [keepers] }))).await;
    assert_eq!(given.0, 204);

    let path = |whom: &crate::support::Person| format!("/api/v1/admin/members/{}/reset-link", whom.id);
    administrator.refused(Method::POST, &path(&owner), None, 403, "members.above_you").await;
    keeper.refused(Method::POST, &path(&administrator), None, 403, "members.above_you").await;
    keeper.refused(Method::POST, &path(&owner), None, 403, "members.above_you").await;
    keeper.refused(Method::POST, &path(&keeper), None, 403, "members.not_yourself").await;
    plain.refused(Method::POST, &path(&keeper), None, 403, "access.not_allowed").await;
    for (by, whom) in [(&administrator, &keeper), (&owner, &administrator), (&keeper, &plain)] {
        assert_eq!(by.call(Method::POST, &path(whom), None).await.0, 201, "{} for {}", by.name, whom.name);
    }
    town.close().await;
}

#[actix_web::test]
async fn nobody_reads_the_letters_of_somebody_with_more_rights() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let owner = town.owner("olave").await;
    let administrator = town.person("ada", &[RoleKind::Administrator]).await;
    let role = json!({ "name": "Postmasters", "permissions": ["mail.read"] });
    let postmasters = owner.post("/api/v1/admin/roles", role).await["id"].clone();
    let postmaster = town.member("pat").await;
    let path = format!("/api/v1/admin/members/{}/roles", postmaster.id);
    assert_eq!(owner.call(Method::PUT, &path, Some(json!({ "roles": [postmasters] }))).await.0, 204);

    let letter_to = |kind: Option<RoleKind>, name: &'static str| {
        let mailer = town.app().ground.mailer.clone();
        town.app().ground.db.write(move |tx| {
            let to = format!("{name}@example.org");
            let mut new = NewMember::named(Username::parse(name)?, DisplayName::parse(name)?);
            new.email = Some(Email::parse(&to)?);
            if let Some(kind) = kind {
                new.roles.push(members::built_in_role(tx, kind)?);
            }
            members::create_member(tx, &new)?;
            let text = "A link that opens the account".to_owned();
            mailer.post(tx, &Letter { kind: "members.reset", member: None, to, subject: "Password".to_owned(), text, html: String::new() })
        })
    };
    let to_owner = letter_to(Some(RoleKind::Owner), "second_owner").await.expect("a letter");
    let to_administrator = letter_to(Some(RoleKind::Administrator), "second_ada").await.expect("a letter");
    let to_member = letter_to(None, "somebody").await.expect("a letter");
    for (reader, letter, may) in [
        (&owner, to_owner, true),
        (&administrator, to_owner, false),
        (&administrator, to_administrator, true),
        (&administrator, to_member, true),
        (&postmaster, to_owner, false),
        (&postmaster, to_administrator, false),
        (&postmaster, to_member, true),
    ] {
        for path in [format!("/api/v1/admin/mail/{letter}"), format!("/admin/mail/{letter}")] {
            let (status, answer) = reader.call(Method::GET, &path, None).await;
            assert_eq!(status.as_u16(), if may { 200 } else { 403 }, "{} {path}", reader.name);
            assert!(may || !answer.to_string().contains("opens the account"));
        }
    }
    town.close().await;
}
