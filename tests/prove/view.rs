//! What a device shows: the client's reducer, which applies each event once and in order, and notices when it cannot.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

/// One message on the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Id.
    pub id: String,
    /// The author's key.
    pub key: String,
    /// The author's id.
    pub author: String,
    /// The words; `None` for a deleted one.
    pub body: Option<String>,
    /// When it was sent, as the server says.
    pub at: i64,
    /// Who reacted with what.
    pub reactions: BTreeMap<String, Vec<String>>,
}

/// One room on the screen.
#[derive(Clone, Debug, Default)]
pub struct RoomView {
    /// The last place that was applied.
    pub applied: i64,
    /// Messages by place.
    pub messages: BTreeMap<i64, Shown>,
    places: HashMap<String, i64>,
    keys: HashMap<(String, String), i64>,
}

/// What came of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It was the next one.
    Yes,
    /// It had been applied before.
    Again,
    /// Something before it is missing.
    Gap,
    /// It was the next one, but it cannot be true.
    Wrong(String),
}

impl RoomView {
    /// Applies an event frame of this room.
    pub fn apply(&mut self, frame: &Value) -> Applied {
        let seq = frame["seq"].as_i64().unwrap_or(0);
        if seq <= self.applied {
            return Applied::Again;
        }
        if seq != self.applied + 1 {
            return Applied::Gap;
        }
        self.applied = seq;
        let event = &frame["event"];
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        match event["kind"].as_str().unwrap_or_default() {
            "message_sent" => self.show(seq, frame["at"].as_i64().unwrap_or(0), event),
            "message_edited" => self.change(&text("id"), |shown| shown.body = event["body"].as_str().map(str::to_owned)),
            "message_deleted" => self.change(&text("id"), |shown| shown.body = None),
            "reaction_added" => self.change(&text("id"), |shown| {
                let members = shown.reactions.entry(text("emoji")).or_default();
                if !members.contains(&text("actor")) {
                    members.push(text("actor"));
                }
            }),
            "reaction_removed" => self.change(&text("id"), |shown| {
                let members = shown.reactions.entry(text("emoji")).or_default();
                members.retain(|member| *member != text("actor"));
            }),
            _ => Applied::Yes,
        }
    }

    fn change(&mut self, id: &str, act: impl FnOnce(&mut Shown)) -> Applied {
        let Some(shown) = self.places.get(id).and_then(|place| self.messages.get_mut(place)) else {
            return Applied::Wrong(format!("an event about {id}, which was never shown"));
        };
        act(shown);
        Applied::Yes
    }

    fn show(&mut self, seq: i64, at: i64, message: &Value) -> Applied {
        let text = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
        let mut shown =
            Shown { id: text("id"), key: text("client_key"), author: text("author"), body: None, at, reactions: BTreeMap::new() };
        shown.body = message["body"].as_str().map(str::to_owned);
        for reaction in message["reactions"].as_array().into_iter().flatten() {
            let members = reaction["members"].as_array().into_iter().flatten().filter_map(|member| member.as_str().map(str::to_owned));
            shown.reactions.insert(reaction["emoji"].as_str().unwrap_or_default().to_owned(), members.collect());
        }
        let twice = self.keys.insert((shown.author.clone(), shown.key.clone()), seq).filter(|before| *before != seq);
        let wrong = twice.map(|before| format!("{} is shown at {before} and at {seq}", shown.key));
        if let Some((_, before)) = self.messages.range(..seq).next_back()
            && before.at > at
        {
            return Applied::Wrong(format!("time goes back at {seq}: {} after {}", at, before.at));
        }
        self.places.insert(shown.id.clone(), seq);
        self.messages.insert(seq, shown);
        wrong.map_or(Applied::Yes, Applied::Wrong)
    }

    /// Takes a message of a page in; pages come in any order.
    pub fn load(&mut self, message: &Value) -> Applied {
        let seq = message["seq"].as_i64().unwrap_or(0);
        self.show(seq, message["at"].as_i64().unwrap_or(0), message)
    }

    /// Everything that can be seen, as lines that can be compared.
    pub fn picture(&self) -> Vec<String> {
        let line = |(seq, shown): (&i64, &Shown)| {
            let reactions: Vec<String> = shown
                .reactions
                .iter()
                .filter(|(_, members)| !members.is_empty())
                .map(|(emoji, members)| {
                    let mut members = members.clone();
                    members.sort();
                    format!("{emoji}{members:?}")
                })
                .collect();
            format!("{seq} {} {} {} {:?} {}", shown.id, shown.author, shown.key, shown.body, reactions.join(" "))
        };
        self.messages.iter().map(line).collect()
    }
}
