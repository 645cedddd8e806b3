//! The words of a message as the other of a conversation last heard them, who shut its author out before they were changed.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::live::Seq;

/// What somebody heard of a message before its words were changed for others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeardWords {
    /// Markdown.
    pub body: String,
    /// Safe HTML.
    pub body_html: String,
    /// Whom they call, as stored with the message.
    pub mentions: Option<String>,
    /// When they were last changed.
    pub edited_at: Option<Millis>,
    /// The place of the first change that is not for them.
    pub until: Seq,
}

impl HeardWords {
    /// From the database. What cannot be read any more hides the words: those of now are not for the other.
    #[must_use]
    pub fn read(json: &str) -> Self {
        let hidden = Self { body: String::new(), body_html: String::new(), mentions: None, edited_at: None, until: 0 };
        serde_json::from_str(json).unwrap_or(hidden)
    }
}
