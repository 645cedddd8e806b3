//! What the rules say of a message: pure, and in time that grows with its length alone, whatever the words of the rules are.

mod links;
mod words;

use self::links::hosts;
use self::words::{Folded, Words};
use super::model::{Looks, Rule};
use crate::clock::Millis;
use crate::error::Result;
use crate::text::shown;

const HOUR: Millis = 3_600_000;
const DAY: Millis = 24 * HOUR;

/// A message as rules see it.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// Markdown.
    pub body: &'a str,
    /// Safe HTML made of it: in it stand the words as they are read, and the links that can be followed.
    pub html: &'a str,
    /// How many it mentions; those it calls together count as one.
    pub mentions: usize,
    /// How old its author's account is.
    pub account_age: Millis,
}

impl Said<'_> {
    /// What is looked through: what was written, and what is read of it where that is something else. Marks within a word hide it in the
    /// one, and where a link leads stands in the other alone.
    fn folded(&self, squeezed: bool) -> Vec<Folded> {
        let shown = shown(self.html);
        let is_other = shown.trim() != self.body;
        [Some(self.body), is_other.then_some(shown.as_str())].into_iter().flatten().map(|text| Folded::of(text, squeezed)).collect()
    }
}

/// A rule that found something.
#[derive(Clone, Debug)]
pub struct Hit<'a> {
    /// Which.
    pub rule: &'a Rule,
    /// What it found, for people: a word, an address, a number.
    pub what: String,
}

/// What follows of all rules together.
#[derive(Clone, Debug, Default)]
pub struct Verdict<'a> {
    /// The first rule by which the message is not stored.
    pub refused: Option<Hit<'a>>,
    /// The first rule by which it comes into the queue.
    pub reported: Option<Hit<'a>>,
    /// The rule with the longest mute.
    pub muted: Option<&'a Rule>,
}

impl<'a> Verdict<'a> {
    /// Of these hits.
    #[must_use]
    pub fn of(hits: &[Hit<'a>]) -> Self {
        let first = |wanted: &dyn Fn(&Rule) -> bool| hits.iter().find(|hit| wanted(hit.rule)).cloned();
        let mutes = hits.iter().map(|hit| hit.rule).filter(|rule| rule.rule.mute_minutes > 0);
        Self {
            refused: first(&|rule| rule.rule.outcome.refuses()),
            reported: first(&|rule| rule.rule.outcome.reports()),
            muted: mutes.max_by_key(|rule| rule.rule.mute_minutes),
        }
    }
}

/// What a rule was made into.
#[derive(Debug)]
enum Look {
    Words(Box<Words>),
    Links { domains: Vec<String>, younger_than: Option<Millis> },
    Mentions(usize),
    Newcomers { younger_than: Millis, seconds: i32 },
}

/// The rules that hold, compiled.
#[derive(Debug, Default)]
pub struct Set {
    rules: Vec<(Rule, Look)>,
}

impl Set {
    /// Of those of these rules that hold.
    ///
    /// # Errors
    /// When a rule cannot be compiled: none that was checked.
    pub fn compile(rules: Vec<Rule>) -> Result<Self> {
        let compiled = rules.into_iter().filter(|rule| rule.rule.enabled).map(|rule| {
            let look = match &rule.rule.looks {
                Looks::Words { words, stretched } => Look::Words(Box::new(Words::compile(words, *stretched)?)),
                Looks::Links { domains, account_days } => {
                    let younger_than = (*account_days > 0).then(|| Millis::from(*account_days) * DAY);
                    Look::Links { domains: domains.clone(), younger_than }
                }
                Looks::Mentions { most } => Look::Mentions(usize::from(*most)),
                Looks::Newcomers { hours, seconds } => Look::Newcomers { younger_than: Millis::from(*hours) * HOUR, seconds: *seconds },
            };
            Ok((rule, look))
        });
        Ok(Self { rules: compiled.collect::<Result<_>>()? })
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Seconds between two messages of an account of this age, in all rooms together, if it is slowed.
    #[must_use]
    pub fn pause(&self, account_age: Millis) -> Option<i32> {
        let pauses = self.rules.iter().filter_map(|(_, look)| match look {
            Look::Newcomers { younger_than, seconds } if *seconds > 0 && account_age < *younger_than => Some(*seconds),
            _ => None,
        });
        pauses.max()
    }

    /// Every rule that finds something, in their order.
    #[must_use]
    pub fn hits(&self, said: &Said<'_>) -> Vec<Hit<'_>> {
        self.hits_in(said, &mut 0)
    }

    /// The same, with the steps that it took.
    fn hits_in(&self, said: &Said<'_>, steps: &mut usize) -> Vec<Hit<'_>> {
        let (mut plain, mut squeezed): (Option<Vec<Folded>>, Option<Vec<Folded>>) = (None, None);
        let found = self.rules.iter().filter_map(|(rule, look)| {
            let what = match look {
                Look::Words(words) => {
                    let kept = if words.is_stretched() { &mut squeezed } else { &mut plain };
                    let folded = kept.get_or_insert_with(|| said.folded(words.is_stretched()));
                    folded.iter().find_map(|text| words.find(text, steps)).map(str::to_owned)
                }
                Look::Links { younger_than: Some(age), .. } if said.account_age >= *age => None,
                Look::Links { domains, .. } => {
                    *steps += said.html.len();
                    hosts(said.html).find(|host| !domains.iter().any(|domain| is_below(host, domain)))
                }
                Look::Mentions(most) => (said.mentions > *most).then(|| said.mentions.to_string()),
                Look::Newcomers { younger_than, seconds } => {
                    (*seconds == 0 && said.account_age < *younger_than).then(|| (said.account_age / HOUR).to_string())
                }
            };
            Some(Hit { rule, what: what? })
        });
        found.collect()
    }
}

/// Is it this domain, or one below it?
fn is_below(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests;
