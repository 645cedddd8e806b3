//! Names, passwords and other values at their edges.

use super::{code, problems};
use crate::access::{Permission, Permissions};
use crate::members::model::{DisplayName, Email, Password, RoleKind, Status, Username, device_name, zone_named, zone_names};
use crate::members::policy::may_be_invited_to;

#[test]
fn usernames_hold_at_their_edges() {
    for good in ["ab", "0a", "a.b-c_d", &"a".repeat(32), " Marta "] {
        assert!(Username::parse(good).is_ok(), "{good}");
    }
    assert_eq!(Username::parse("MARTA").expect("name").as_str(), "marta");
    for bad in ["", "a", "_ab", ".ab", "-ab", "a b", "märta", "a@b", "a\0b", &"a".repeat(33)] {
        assert_eq!(code(Username::parse(bad)), "members.username_shape", "{bad}");
    }
    for kept in ["everyone", "here", "deleted-7", "admin", "Owner"] {
        assert_eq!(code(Username::parse(kept)), "members.username_reserved", "{kept}");
    }
    assert!(Username::parse_for_operator("admin").is_ok() && Username::parse_for_operator("everyone").is_err());
}

#[test]
fn display_names_can_be_seen_and_do_not_turn_the_page() {
    assert_eq!(DisplayName::parse("  Marta   Olsen ").expect("name").as_str(), "Marta Olsen");
    assert_eq!(DisplayName::parse("e\u{301}").expect("name").as_str(), "é");
    assert!(DisplayName::parse(&"é".repeat(64)).is_ok() && DisplayName::parse("ليلى").is_ok());
    for bad in ["", "   ", "\u{200D}\u{200D}", "\u{301}", "a\u{202E}b", "a\u{200B}b", "a\0b", &"é".repeat(65)] {
        assert_eq!(code(DisplayName::parse(bad)), "members.display_name_shape", "{bad:?}");
    }
}

#[test]
fn passwords_are_long_and_not_the_first_guess() {
    let parse = |text: &str| Password::parse(text, "marta.olsen", "password");
    assert!(parse("0123456 89").is_ok() && parse(&"ab".repeat(128)).is_ok() && parse("пароль у моря").is_ok());
    assert_eq!(code(parse("012345678")), "members.password_short");
    assert_eq!(code(parse(&"ab".repeat(129))), "members.password_long");
    for guessed in ["Password123", "aaaaaaaaaaaa", "Marta.Olsen", "1234567890"] {
        assert_eq!(code(parse(guessed)), "members.password_guessed", "{guessed}");
    }
    assert_eq!(format!("{:?}", Password::tried("secret")), "Password([redacted])");
}

#[test]
fn mail_addresses_look_like_some() {
    assert_eq!(Email::parse(" Marta@Example.ORG ").expect("address").as_str(), "marta@example.org");
    assert!(Email::parse("a@localhost").is_ok());
    for bad in [
        "",
        "a",
        "@b.c",
        "a@",
        "a@b..c",
        "a@-b.c",
        "a b@c.d",
        "a@b@c.d",
        "<a@b.c>",
        "a@b.c\r\nBcc: d@e.f",
        &format!("{}@b.c", "a".repeat(65)),
    ] {
        assert_eq!(code(Email::parse(bad)), "members.email_shape", "{bad:?}");
    }
}

#[test]
fn a_status_is_one_emoji_and_a_line_that_ends_later() {
    let status = |emoji: &str, text: &str, until| Status { emoji: emoji.to_owned(), text: text.to_owned(), until };
    assert_eq!(status("🌊", " at  sea ", Some(11)).checked(10).expect("fits"), Some(status("🌊", "at sea", Some(11))));
    assert_eq!(status("", "  ", None).checked(10).expect("fits"), None);
    assert_eq!(code(status("🌊🌊", "", None).checked(10)), "members.status_shape");
    assert_eq!(code(status("", &"a".repeat(101), None).checked(10)), "members.status_shape");
    assert_eq!(code(status("🌊", "", Some(10)).checked(10)), "members.status_until");
}

#[test]
fn only_an_owner_is_equal_to_an_owner() {
    let administrator = RoleKind::Administrator.first_permissions();
    let moderator = RoleKind::Moderator.first_permissions();
    assert!(Permission::ALL.iter().all(|one| administrator.has(*one)));
    assert!(!administrator.reaches(Permissions::ALL) && Permissions::ALL.reaches(Permissions::ALL));
    assert!(administrator.reaches(administrator) && administrator.reaches(moderator) && !moderator.reaches(administrator));
}

#[test]
fn invites_give_no_powers_of_administrators() {
    let owner = Permissions::ALL;
    assert!(may_be_invited_to(owner, RoleKind::Moderator.first_permissions()));
    assert!(!may_be_invited_to(owner, RoleKind::Administrator.first_permissions()) && !may_be_invited_to(owner, Permissions::ALL));
    assert!(!may_be_invited_to(RoleKind::Member.first_permissions(), RoleKind::Moderator.first_permissions()));
    for power in
        [Permission::MembersManage, Permission::RolesManage, Permission::SettingsManage, Permission::MailRead, Permission::AuditRead]
    {
        assert!(!may_be_invited_to(owner, Permissions::NONE.with(power)));
    }
}

#[test]
fn devices_have_short_names() {
    let chrome = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36";
    assert_eq!(device_name(chrome), "Chrome on Android");
    assert_eq!(device_name("tide-bot/1\r\n"), "tide-bot/1");
    assert_eq!(device_name(&"x".repeat(100)).len(), 64);
}

#[test]
fn a_time_zone_is_one_that_the_database_knows() {
    for (written, kept) in [("Europe/Oslo", "Europe/Oslo"), (" europe/paris ", "Europe/Paris"), ("UTC", "UTC"), ("", "")] {
        assert_eq!(zone_named(written).expect(written), kept);
    }
    for unknown in ["Europe/Atlantis", "../etc/passwd", "Etc/Unknown", "+01:00", "Europe", "\u{0}"] {
        assert_eq!(problems(zone_named(unknown)), [("time_zone", "members.time_zone_unknown")], "{unknown}");
    }
    let names = zone_names();
    assert!(
        names.len() > 400 && names.is_sorted() && names.iter().all(|name| zone_named(name).is_ok_and(|kept| kept == *name)),
        "{}",
        names.len()
    );
}
