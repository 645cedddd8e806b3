//! `rialto setup`: the community and its owner, without the browser.

use std::io::Read;
use std::path::Path;

use serde_json::json;

use super::offline::{sentence, wait};
use crate::billing::{self, Billing};
use crate::chat::{NewRoom, RoomKind, create_room};
use crate::error::Result;
use crate::members::{
    DisplayName, Hasher, NewMember, Password, RoleKind, Username, built_in_role, community_has_owner, create_member, ensure_built_in_roles,
};
use crate::settings::Settings;
use crate::storage::{Act, Db, Tx, record};
use crate::text::clean_line;

/// The rooms of a new community.
const FIRST_ROOMS: [(RoomKind, &str, &str); 2] = [
    (RoomKind::Public, "general", "Everything that has no room of its own"),
    (RoomKind::Announcement, "announcements", "What everyone should know"),
];

/// Reads a password from a file, or from standard input when it is `-`; the end of its line does not belong to it.
///
/// # Errors
/// One sentence.
pub fn read_password(file: &Path, input: &mut dyn Read) -> std::result::Result<String, String> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        input.read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|mut file| file.read_to_string(&mut text))
    };
    read.map_err(|error| format!("The password cannot be read from {} ({error}); name a file that holds it alone.", file.display()))?;
    let password = text.strip_suffix('\n').unwrap_or(&text);
    let password = password.strip_suffix('\r').unwrap_or(password);
    if password.contains('\n') {
        return Err(format!("There is more than one line in {}; it must hold the password alone.", file.display()));
    }
    Ok(password.to_owned())
}

/// Makes the owner, the built-in roles, the settings and the first rooms, in one transaction.
///
/// # Errors
/// One sentence; also when somebody owns the community already.
pub fn run(db: &Db, community: &str, owner: &str, password: &str) -> std::result::Result<(), String> {
    let plan = Plan::check(community, owner, password)?;
    let is_done = wait(async {
        let hash = Hasher::new(1).make(plan.password.clone()).await?;
        db.write(move |tx| plan.carry_out(tx, hash)).await
    })?;
    if is_done { Ok(()) } else { Err("This community has an owner already; sign in, or ask them.".to_owned()) }
}

/// A set-up whose values are all right.
struct Plan {
    community: String,
    username: Username,
    password: Password,
}

impl Plan {
    fn check(community: &str, owner: &str, password: &str) -> std::result::Result<Self, String> {
        let community = clean_line(community, 1, 60, "community", "settings.community_name")
            .map_err(|_| "The name of the community must have 1 to 60 characters.".to_owned())?;
        let username = Username::parse_for_operator(owner).map_err(|error| format!("--owner {owner}: {}", sentence(&error)))?;
        let password =
            Password::parse(password, username.as_str(), "password").map_err(|error| format!("The password: {}", sentence(&error)))?;
        Ok(Self { community, username, password })
    }

    /// `false` when there is an owner, and then nothing is done.
    fn carry_out(self, tx: &mut Tx<'_>, hash: String) -> Result<bool> {
        if community_has_owner(tx)? {
            return Ok(false);
        }
        ensure_built_in_roles(tx)?;
        let shown = DisplayName::parse(self.username.as_str())?;
        let role = built_in_role(tx, RoleKind::Owner)?;
        let owner = create_member(tx, &NewMember { password: Some(hash), roles: vec![role], ..NewMember::named(self.username, shown) })?;
        let settings = Settings { community_name: self.community, ..Settings::load(tx)? };
        settings.store(tx, Some(owner))?;
        for (kind, name, topic) in FIRST_ROOMS {
            let wish = NewRoom { kind, name: Some(name.to_owned()), topic: topic.to_owned(), history: None, members: Vec::new() };
            create_room(tx, &wish, Some(owner))?;
        }
        billing::ensure(tx, &Billing::alone())?;
        let act = Act {
            actor: None,
            act: "setup.finish",
            subject_kind: "settings",
            subject: String::new(),
            before: None,
            after: Some(json!({ "community_name": settings.community_name, "owner": owner })),
            reason: None,
            address: None,
        };
        record(tx, &act)?;
        Ok(true)
    }
}
