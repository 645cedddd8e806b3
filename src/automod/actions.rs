//! What happens with rules: they are made, changed, tried out, and carried out.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};

use serde::Serialize;
use serde_json::Value;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::matcher::{Said, Set, Verdict};
use super::model::{Kept, Looks, MOST_RULES, NewRule, Rule};
use super::policy::{KeepRule, ManageRules};
use super::store;
use crate::access::{Actor, Permission};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{MemberId, MessageId, RoomId, RuleId};
use crate::members::{self, Members, Profile};
use crate::social::{self, RuleReport};
use crate::storage::{Act, Conn, Db, Tx, one_at_a_time, record};
use crate::text;

/// The rules in force, shared by all threads.
#[derive(Clone, Debug, Default)]
pub struct Automod {
    current: Arc<RwLock<Arc<Set>>>,
    order: Arc<Mutex<()>>,
    trials: Arc<Mutex<()>>,
}

/// The turn of one change, or of one trial; see [`Automod::in_order`] and [`Automod::alone`].
#[derive(Debug)]
pub struct Turn {
    _held: OwnedMutexGuard<()>,
}

impl Automod {
    /// What holds now.
    #[must_use]
    pub fn get(&self) -> Arc<Set> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until no other change is under way, so that what is in force is what was committed last.
    pub async fn in_order(&self) -> Turn {
        Turn { _held: Arc::clone(&self.order).lock_owned().await }
    }

    /// Waits until no other rule is tried out: each looks at many messages, and the readers of the database are few.
    pub async fn alone(&self) -> Turn {
        Turn { _held: Arc::clone(&self.trials).lock_owned().await }
    }

    /// Puts in force what is stored.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn load(&self, db: &Db) -> Result<()> {
        let _turn = self.in_order().await;
        let set = db.read(|conn| Set::compile(store::all(conn)?)).await?;
        self.put(set);
        Ok(())
    }

    /// Puts the rules as this transaction leaves them in force with its commit.
    fn put_with(&self, tx: &mut Tx<'_>, turn: Turn) -> Result<()> {
        let set = Set::compile(store::all(tx)?)?;
        let cell = self.clone();
        tx.after_commit(move || {
            cell.put(set);
            drop(turn);
        });
        Ok(())
    }

    fn put(&self, set: Set) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(set);
    }
}

/// Every rule, in the order in which they were made.
///
/// # Errors
/// When the database cannot be read.
pub fn rules(conn: &mut Conn, _: &ManageRules) -> Result<Vec<Rule>> {
    store::all(conn)
}

/// When an account was made.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub fn account_made_at(conn: &mut Conn, member: MemberId) -> Result<Millis> {
    store::account_made_at(conn, member)
}

/// A rule as the audit log keeps it.
fn kept(rule: &NewRule) -> Result<Value> {
    let mut value = serde_json::to_value(rule)?;
    if let Some(all) = value.as_object_mut()
        && let Some(Value::Object(looks)) = all.remove("looks")
    {
        all.extend(looks.into_iter().map(|(name, value)| (if name == "kind" { "looks_for".to_owned() } else { name }, value)));
    }
    Ok(value)
}

fn trace(tx: &mut Tx<'_>, actor: &Actor, act: &'static str, rule: RuleId, before: Option<&NewRule>, after: Option<&NewRule>) -> Result<()> {
    let entry = Act {
        actor: actor.member,
        act,
        subject_kind: "automod_rule",
        subject: rule.to_string(),
        before: before.map(kept).transpose()?,
        after: after.map(kept).transpose()?,
        reason: None,
        address: actor.address,
    };
    record(tx, &entry).map(|_| ())
}

/// Makes a rule; it holds with the commit.
///
/// # Errors
/// 409 `automod.too_many_rules`, and those of [`NewRule::checked`].
pub(super) fn make(tx: &mut Tx<'_>, may: &ManageRules, actor: &Actor, new: &NewRule, automod: &Automod, turn: Turn) -> Result<Kept> {
    one_at_a_time(tx, "automod")?;
    if store::all(tx)?.len() >= MOST_RULES {
        return Err(Error::conflict("automod.too_many_rules"));
    }
    let rule = Rule { id: tx.new_id(), rule: new.checked()?, changed_at: tx.now(), changed_by: Some(may.by()) };
    store::insert(tx, &rule)?;
    trace(tx, actor, "automod.make", rule.id, None, Some(&rule.rule))?;
    automod.put_with(tx, turn)?;
    Ok(Kept::of(new, rule))
}

/// A rule becomes another.
///
/// # Errors
/// Those of [`NewRule::checked`].
pub(super) fn change(tx: &mut Tx<'_>, may: &KeepRule, actor: &Actor, new: &NewRule, automod: &Automod, turn: Turn) -> Result<Kept> {
    one_at_a_time(tx, "automod")?;
    let before = may.rule();
    let rule = Rule { id: before.id, rule: new.checked()?, changed_at: tx.now(), changed_by: Some(may.by()) };
    if rule.rule == before.rule {
        return Ok(Kept::of(new, before.clone()));
    }
    store::update(tx, &rule)?;
    trace(tx, actor, "automod.change", rule.id, Some(&before.rule), Some(&rule.rule))?;
    automod.put_with(tx, turn)?;
    Ok(Kept::of(new, rule))
}

/// A rule is no more.
///
/// # Errors
/// When the database refuses.
pub(super) fn delete(tx: &mut Tx<'_>, may: &KeepRule, actor: &Actor, automod: &Automod, turn: Turn) -> Result<()> {
    one_at_a_time(tx, "automod")?;
    store::delete(tx, may.rule().id)?;
    trace(tx, actor, "automod.delete", may.rule().id, Some(&may.rule().rule), None)?;
    automod.put_with(tx, turn)
}

/// Where and by whom something was said that rules found.
#[derive(Clone, Copy, Debug)]
pub struct Incident<'a> {
    /// By whom.
    pub member: MemberId,
    /// Where.
    pub room: RoomId,
    /// The message, if it is stored.
    pub message: Option<MessageId>,
    /// Its words.
    pub body: &'a str,
}

/// Writes what follows beside the refusal: a report, a mute. What was said in a private room stays there: of it the queue holds no words but
/// those that the rule names.
///
/// # Errors
/// When the database refuses.
pub fn follow(tx: &mut Tx<'_>, members: &Members, verdict: &Verdict<'_>, incident: &Incident<'_>) -> Result<()> {
    if let Some(hit) = &verdict.reported {
        let Incident { member, room, message, body } = *incident;
        let (name, is_open) = (&hit.rule.rule.name, store::is_open(tx, room)?);
        // A word that was found is the rule's own; the address of a link is its author's.
        let is_told = is_open || matches!(hit.rule.rule.looks, Looks::Words { .. });
        let text = if is_told { format!("{name}: {}", hit.what) } else { name.clone() };
        let body = if is_open { body } else { "" };
        social::report_by_rule(tx, &RuleReport { member, room, message, rule: hit.rule.id, text: &text, body })?;
    }
    if let Some(rule) = verdict.muted {
        let until = tx.now() + Millis::from(rule.rule.mute_minutes) * 60_000;
        members::mute_by_rule(tx, members, incident.member, &rule.rule.name, until)?;
        // Who may write is what commands recall.
        tx.forget_recalled();
    }
    Ok(())
}

/// How far back a rule is tried out.
const LOOKED_BACK: Millis = 7 * 86_400_000;
/// Most messages that are looked at.
const MOST_LOOKED: usize = 100_000;
/// So many are read at a time.
const PIECE: i64 = 1_000;
/// Most that are shown.
const MOST_SHOWN: usize = 50;

/// A message of last week that a rule would have found.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct WouldHit {
    /// Its id.
    pub message: MessageId,
    /// Where.
    pub room: RoomId,
    /// The room's name.
    pub room_name: String,
    /// Its place there.
    pub seq: i64,
    /// By whom.
    pub author: MemberId,
    /// When, milliseconds UTC.
    pub at: Millis,
    /// Its beginning as plain text.
    pub excerpt: String,
    /// What was found: a word, an address, a number.
    pub what: String,
}

/// What a rule would have found in the last seven days.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Tried {
    /// Messages that were looked at.
    pub looked: usize,
    /// Of these, those that it would have found.
    pub hit: usize,
    /// Of these, those in private rooms, whose words are not shown.
    pub private: usize,
    /// Were there more than are looked at?
    pub cut: bool,
    /// The newest of the others, at most 50.
    pub items: Vec<WouldHit>,
    /// Who wrote them.
    pub members: Vec<Profile>,
}

/// Looks at the messages of the last seven days with a rule that need not be stored. Who leads a room is looked at too: who led it then
/// stands nowhere.
///
/// # Errors
/// Those of [`NewRule::checked`].
pub(super) fn dry_run(conn: &mut Conn, _: &ManageRules, new: &NewRule, now: Millis) -> Result<Tried> {
    let checked = NewRule { enabled: true, ..new.checked()? };
    let pause = match checked.looks {
        Looks::Newcomers { seconds, .. } => Millis::from(seconds) * 1_000,
        _ => 0,
    };
    let set = Set::compile(vec![Rule { id: RuleId(1), rule: checked, changed_at: now, changed_by: None }])?;
    let mut tried = Tried { looked: 0, hit: 0, private: 0, cut: false, items: Vec::new(), members: Vec::new() };
    let (mut shown, mut after) = (VecDeque::new(), MessageId(0));
    let mut said_at: HashMap<MemberId, Millis> = HashMap::new();
    loop {
        let piece = store::past(conn, now - LOOKED_BACK, after, PIECE)?;
        let Some(last) = piece.last().map(|one| one.id) else { break };
        after = last;
        let found = Looked::of(conn, &piece)?;
        for past in piece {
            let Some((room_name, is_open, account_age)) = found.of_message(&past) else { continue };
            tried.looked += 1;
            let mentions = past.mentions.as_deref().map_or(0, count_mentions);
            let said = Said { body: &past.body, html: &past.body_html, mentions, account_age };
            let what = set.hits(&said).pop().map(|hit| hit.what).or_else(|| {
                let slowed = set.pause(account_age).is_some();
                let before = said_at.get(&past.author).copied().filter(|before| slowed && past.sent_at < before + pause);
                if slowed && before.is_none() {
                    said_at.insert(past.author, past.sent_at);
                }
                before.map(|before| ((past.sent_at - before) / 1_000).to_string())
            });
            let Some(what) = what else { continue };
            tried.hit += 1;
            if !is_open {
                tried.private += 1;
                continue;
            }
            if shown.len() == MOST_SHOWN {
                shown.pop_front();
            }
            let excerpt = text::excerpt(&past.body);
            let (message, room, seq, author, at) = (past.id, past.room, past.seq, past.author, past.sent_at);
            shown.push_back(WouldHit { message, room, room_name, seq, author, at, excerpt, what });
        }
        if tried.looked >= MOST_LOOKED {
            tried.cut = true;
            break;
        }
    }
    tried.items = shown.into_iter().rev().collect();
    let mut people: Vec<MemberId> = tried.items.iter().map(|item| item.author).collect();
    people.sort_unstable();
    people.dedup();
    tried.members = members::profiles(conn, &people, now)?;
    Ok(tried)
}

/// What is known of the rooms and the authors of some messages.
struct Looked {
    rooms: HashMap<RoomId, (String, bool)>,
    authors: HashMap<MemberId, (Millis, crate::access::Permissions)>,
}

impl Looked {
    fn of(conn: &mut Conn, piece: &[store::Past]) -> Result<Self> {
        let unique = |mut ids: Vec<i64>| {
            ids.sort_unstable();
            ids.dedup();
            ids
        };
        let rooms: Vec<RoomId> = unique(piece.iter().map(|one| one.room.0).collect()).into_iter().map(RoomId).collect();
        let authors: Vec<MemberId> = unique(piece.iter().map(|one| one.author.0).collect()).into_iter().map(MemberId).collect();
        Ok(Self { rooms: store::watched_rooms(conn, &rooms)?, authors: store::authors(conn, &authors)? })
    }

    /// The name of its room, whether that is open, and the age of the account by then; nothing where rules do not look.
    fn of_message(&self, past: &store::Past) -> Option<(String, bool, Millis)> {
        let (room, is_open) = self.rooms.get(&past.room)?.clone();
        let (made_at, permissions) = self.authors.get(&past.author).copied()?;
        let is_free = permissions.has(Permission::MessagesModerate) || permissions.has(Permission::Moderate);
        (!is_free).then_some((room, is_open, past.sent_at - made_at))
    }
}

/// How many are called by these mentions, as they are stored.
fn count_mentions(stored: &str) -> usize {
    let Ok(Value::Object(all)) = serde_json::from_str::<Value>(stored) else { return 0 };
    let listed = |name: &str| all.get(name).and_then(Value::as_array).map_or(0, Vec::len);
    let together = usize::from(all.get("room") == Some(&Value::Bool(true))) + usize::from(listed("here") > 0);
    listed("members") + listed("roles") + together
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_mentions_are_counted_as_those_of_a_new_message() {
        assert_eq!(count_mentions(r#"{"members":["1","2"],"roles":["3"],"room":true,"here":["4","5"]}"#), 5);
        assert_eq!(count_mentions(r#"{"members":[],"roles":[],"room":false}"#), 0);
        assert_eq!(count_mentions("?"), 0);
    }
}
