//! `rialto token create`: a token for a bot or a script, made by the operator.

use serde_json::json;

use super::offline::wait;
use crate::access::{Scope, Scopes};
use crate::error::Result;
use crate::members::{MemberState, SessionKind, Username, make_session, member_named};
use crate::storage::{Act, Db, Tx, record};

/// Makes a token with the rights of `member`, or with the named ones of them, and gives its secret.
///
/// # Errors
/// One sentence.
pub fn create(db: &Db, member: &str, scopes: &[String]) -> std::result::Result<String, String> {
    let scopes = read_scopes(scopes)?;
    let nobody = || format!("There is no active member called {member}; look at the spelling.");
    let username = Username::parse_for_operator(member).map_err(|_| nobody())?;
    wait(db.write(move |tx| make(tx, &username, scopes)))?.ok_or_else(nobody)
}

fn read_scopes(names: &[String]) -> std::result::Result<Scopes, String> {
    if names.is_empty() {
        return Ok(Scopes::ALL);
    }
    let known = |name: &String| {
        let found = Scope::ALL.iter().copied().find(|scope| scope.name() == name);
        found.ok_or_else(|| {
            let all: Vec<&str> = Scope::ALL.iter().map(|scope| scope.name()).collect();
            format!("There is no scope {name}; choose among {}.", all.join(", "))
        })
    };
    names.iter().map(known).collect()
}

fn make(tx: &mut Tx<'_>, username: &Username, scopes: Scopes) -> Result<Option<String>> {
    let Some(member) = member_named(tx, username.as_str())?.filter(|row| row.state() == MemberState::Active) else { return Ok(None) };
    let (_, token) = make_session(tx, member.id, SessionKind::Token, scopes, "Made on the command line", None)?;
    let act = Act {
        actor: None,
        act: "tokens.make",
        subject_kind: "member",
        subject: member.id.to_string(),
        before: None,
        after: Some(json!({ "scopes": scopes })),
        reason: None,
        address: None,
    };
    record(tx, &act)?;
    Ok(Some(token.reveal().to_owned()))
}
