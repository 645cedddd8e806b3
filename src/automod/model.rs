//! Rules: what they look for, and what follows.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::fold::fold;
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{MemberId, RuleId};
use crate::text::clean_line;

/// Most rules of a community.
pub const MOST_RULES: usize = 50;
/// Most words of one rule.
const MOST_WORDS: usize = 500;
/// Most characters of a word, or of several that belong together.
const LONGEST_WORD: usize = 60;
/// Most domains of one rule.
const MOST_DOMAINS: usize = 200;
/// Longest name of a domain.
const LONGEST_DOMAIN: usize = 253;
/// Characters of a rule's name.
const NAME: std::ops::RangeInclusive<usize> = 1..=60;
/// Most characters of what an author is told.
const SENTENCE: usize = 300;
/// Longest mute of a rule: a week.
const LONGEST_MUTE_MINUTES: i32 = 10_080;

/// What a rule looks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Looks {
    /// Words, each alone or several that belong together, whatever their case and accents.
    Words {
        /// 1–500 of them, each of 1–60 characters. What stands there again is left out.
        words: Vec<String>,
        /// Also where letters are written more often than in the word: `heeello`.
        #[serde(default)]
        stretched: bool,
    },
    /// Links.
    Links {
        /// To any place but these and what is below them, at most 200; without them, to any place.
        #[serde(default)]
        domains: Vec<String>,
        /// Only of accounts younger than so many days, 1–365; 0: of everybody.
        #[serde(default)]
        account_days: u16,
    },
    /// Mentions of more than so many at once.
    Mentions {
        /// 1–50; `@room`, `@here` and each role count as one.
        most: u16,
    },
    /// What new members write.
    Newcomers {
        /// For how many hours an account is new, 1–720.
        hours: u16,
        /// One message in so many seconds, in all rooms together, 5–21,600, and nothing else follows; 0: what they write is dealt with as the
        /// rule says.
        #[serde(default)]
        seconds: i32,
    },
}

impl Looks {
    /// Its name on the wire.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Words { .. } => "words",
            Self::Links { .. } => "links",
            Self::Mentions { .. } => "mentions",
            Self::Newcomers { .. } => "newcomers",
        }
    }

    /// How long its list is.
    fn listed(&self) -> usize {
        match self {
            Self::Words { words, .. } => words.len(),
            Self::Links { domains, .. } => domains.len(),
            Self::Mentions { .. } | Self::Newcomers { .. } => 0,
        }
    }

    /// In the form in which it is kept.
    fn checked(&self) -> Result<Self> {
        Ok(match self {
            Self::Words { words, stretched } => Self::Words { words: checked_words(words)?, stretched: *stretched },
            Self::Links { domains, account_days } => {
                if *account_days > 365 {
                    return Err(Error::invalid("looks.account_days", "automod.account_days"));
                }
                Self::Links { domains: checked_domains(domains)?, account_days: *account_days }
            }
            Self::Mentions { most } if (1..=50).contains(most) => self.clone(),
            Self::Mentions { .. } => return Err(Error::invalid("looks.most", "automod.most")),
            Self::Newcomers { hours, .. } if !(1..=720).contains(hours) => return Err(Error::invalid("looks.hours", "automod.hours")),
            Self::Newcomers { seconds, .. } if *seconds != 0 && !(5..=21_600).contains(seconds) => {
                return Err(Error::invalid("looks.seconds", "automod.seconds"));
            }
            Self::Newcomers { .. } => self.clone(),
        })
    }
}

fn checked_words(words: &[String]) -> Result<Vec<String>> {
    let wrong = || Error::invalid("looks.words", "automod.words");
    let clean = |word: &String| clean_line(word, 1, LONGEST_WORD, "looks.words", "automod.words");
    let clean = words.iter().map(clean).collect::<Result<Vec<_>>>()?;
    if clean.iter().any(|word| fold(word).is_empty()) {
        return Err(wrong());
    }
    let once = each_once(clean, fold);
    if (1..=MOST_WORDS).contains(&once.len()) { Ok(once) } else { Err(wrong()) }
}

/// Without what stands there again: every one that is found twice costs twice.
fn each_once(all: Vec<String>, key: impl Fn(&str) -> String) -> Vec<String> {
    let mut seen = HashSet::new();
    all.into_iter().filter(|one| seen.insert(key(one))).collect()
}

fn checked_domains(domains: &[String]) -> Result<Vec<String>> {
    let wrong = || Error::invalid("looks.domains", "automod.domains");
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let clean = |domain: &String| {
        let domain = domain.trim().to_ascii_lowercase();
        let domain = domain.trim_start_matches("www.").to_owned();
        let fits = domain.len() <= LONGEST_DOMAIN && domain.contains('.') && domain.split('.').all(is_label);
        if fits { Ok(domain) } else { Err(wrong()) }
    };
    let once = each_once(domains.iter().map(clean).collect::<Result<_>>()?, str::to_owned);
    if once.len() <= MOST_DOMAINS { Ok(once) } else { Err(wrong()) }
}

/// What follows where a rule finds something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = AutomodOutcome)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The message is not stored, and its author is told why.
    Refuse,
    /// It is stored, and put into the queue of reports.
    Report,
    /// It is not stored, and that it was tried is put into the queue.
    RefuseAndReport,
}

impl Outcome {
    /// As stored.
    #[must_use]
    pub const fn number(self) -> i16 {
        match self {
            Self::Refuse => 0,
            Self::Report => 1,
            Self::RefuseAndReport => 2,
        }
    }

    /// From the database.
    ///
    /// # Errors
    /// When the number stands for nothing.
    pub fn from_number(number: i16) -> Result<Self> {
        [Self::Refuse, Self::Report, Self::RefuseAndReport]
            .into_iter()
            .find(|one| one.number() == number)
            .ok_or_else(|| Error::broken(format!("outcome {number}")))
    }

    /// Is the message not stored?
    #[must_use]
    pub const fn refuses(self) -> bool {
        matches!(self, Self::Refuse | Self::RefuseAndReport)
    }

    /// Does it come into the queue?
    #[must_use]
    pub const fn reports(self) -> bool {
        matches!(self, Self::Report | Self::RefuseAndReport)
    }
}

const fn yes() -> bool {
    true
}

/// A rule that somebody wants, or what it is to become.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = NewAutomodRule)]
pub struct NewRule {
    /// What administrators call it, 1–60 characters.
    pub name: String,
    /// Does it hold?
    #[serde(default = "yes")]
    pub enabled: bool,
    /// What it looks for.
    pub looks: Looks,
    /// What follows.
    pub outcome: Outcome,
    /// What the author is told of a refusal, at most 300 characters; without it, a general sentence.
    #[serde(default)]
    pub sentence: String,
    /// For how many minutes the author cannot write afterwards, 1–10,080; 0: they can.
    #[serde(default)]
    pub mute_minutes: i32,
}

impl NewRule {
    /// In the form in which it is kept.
    ///
    /// # Errors
    /// `automod.name`, `automod.sentence`, `automod.mute_minutes`, and what is wrong with what it looks for.
    pub fn checked(&self) -> Result<Self> {
        if !(0..=LONGEST_MUTE_MINUTES).contains(&self.mute_minutes) {
            return Err(Error::invalid("mute_minutes", "automod.mute_minutes"));
        }
        Ok(Self {
            name: clean_line(&self.name, *NAME.start(), *NAME.end(), "name", "automod.name")?,
            enabled: self.enabled,
            looks: self.looks.checked()?,
            outcome: self.outcome,
            sentence: clean_line(&self.sentence, 0, SENTENCE, "sentence", "automod.sentence")?,
            mute_minutes: self.mute_minutes,
        })
    }
}

/// A rule that was made or changed.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = KeptAutomodRule)]
pub struct Kept {
    /// As it is kept.
    #[serde(flatten)]
    pub rule: Rule,
    /// How many words or places of the list stood there before, however they were written, and were left out.
    pub left_out: usize,
}

impl Kept {
    /// What became of this wish.
    #[must_use]
    pub fn of(wish: &NewRule, rule: Rule) -> Self {
        Self { left_out: wish.looks.listed() - rule.rule.looks.listed(), rule }
    }
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = AutomodRule)]
pub struct Rule {
    /// Its id.
    pub id: RuleId,
    /// Everything that is chosen.
    #[serde(flatten)]
    pub rule: NewRule,
    /// When it was last changed, milliseconds UTC.
    pub changed_at: Millis,
    /// By whom.
    pub changed_by: Option<MemberId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(looks: Looks) -> NewRule {
        NewRule { name: "r".to_owned(), enabled: true, looks, outcome: Outcome::Refuse, sentence: String::new(), mute_minutes: 0 }
    }

    fn code(looks: Looks) -> Option<&'static str> {
        rule(looks).checked().err().map(|error| error.code())
    }

    #[test]
    fn what_a_rule_looks_for_holds_at_its_edges() {
        let words =
            |count: usize, length: usize| Looks::Words { words: (0..count).map(|n| format!("{n:0length$}")).collect(), stretched: false };
        assert_eq!((code(words(1, 1)), code(words(500, 60))), (None, None));
        assert_eq!(
            (code(words(0, 1)), code(words(501, 3)), code(words(1, 61))),
            (Some("automod.words"), Some("automod.words"), Some("automod.words"))
        );
        let invisible = Looks::Words { words: vec!["\u{301}".to_owned()], stretched: false };
        assert_eq!(code(invisible), Some("automod.words"), "of marks alone nothing is left to look for");
        let mentions = |most| Looks::Mentions { most };
        assert_eq!((code(mentions(1)), code(mentions(50))), (None, None));
        assert_eq!((code(mentions(0)), code(mentions(51))), (Some("automod.most"), Some("automod.most")));
        let new = |hours, seconds| Looks::Newcomers { hours, seconds };
        assert_eq!((code(new(1, 0)), code(new(720, 5)), code(new(1, 21_600))), (None, None, None));
        assert_eq!((code(new(0, 0)), code(new(721, 0))), (Some("automod.hours"), Some("automod.hours")));
        assert_eq!(
            (code(new(1, 4)), code(new(1, 21_601)), code(new(1, -1))),
            (Some("automod.seconds"), Some("automod.seconds"), Some("automod.seconds"))
        );
        let links = |domains: &[&str], account_days| Looks::Links {
            domains: domains.iter().map(|each| (*each).to_owned()).collect(),
            account_days,
        };
        assert_eq!(code(links(&[], 365)), None);
        assert_eq!(code(links(&[], 366)), Some("automod.account_days"));
        for wrong in ["", "localhost", "a b.example", "https://a.example", "a..example", "münchen.example"] {
            assert_eq!(code(links(&[wrong], 0)), Some("automod.domains"), "{wrong}");
        }
        let kept = rule(links(&[" WWW.Example.org "], 0)).checked().expect("fits").looks;
        assert_eq!(kept, links(&["example.org"], 0));
        for (minutes, fits) in [(-1, false), (0, true), (10_080, true), (10_081, false)] {
            assert_eq!(NewRule { mute_minutes: minutes, ..rule(mentions(1)) }.checked().is_ok(), fits, "{minutes}");
        }
    }

    #[test]
    fn what_stands_in_a_list_again_is_left_out_and_counted() {
        let list = |all: &[&str]| all.iter().map(|each| (*each).to_owned()).collect::<Vec<_>>();
        let wish =
            rule(Looks::Words { words: list(&["Scam", "scäm", "free money", "s\u{200d}cam", "FREE  MONEY", "scams"]), stretched: true });
        let kept = wish.checked().expect("fits");
        assert_eq!(kept.looks, Looks::Words { words: list(&["Scam", "free money", "scams"]), stretched: true }, "as it stood there first");
        let kept = Rule { id: RuleId(1), rule: kept, changed_at: 0, changed_by: None };
        assert_eq!(Kept::of(&wish, kept).left_out, 3);
        let many = |count: usize| Looks::Words { words: (0..10_000).map(|n| (n % count).to_string()).collect(), stretched: false };
        assert_eq!((code(many(500)), code(many(501))), (None, Some("automod.words")), "what is left counts");
        let domains = rule(Looks::Links { domains: list(&["a.example", "www.A.example", "b.example"]), account_days: 0 });
        assert_eq!(domains.checked().expect("fits").looks.listed(), 2);
    }

    #[test]
    fn a_misspelt_part_of_a_rule_is_none() {
        let links = |rest: &str| serde_json::from_str::<Looks>(&format!(r#"{{"kind":"links",{rest}}}"#));
        assert!(links(r#""domains":["a.example"],"account_days":7"#).is_ok());
        assert!(links(r#""domain":["a.example"]"#).is_err() && links(r#""account_day":7"#).is_err());
    }

    #[test]
    fn outcomes_come_back_from_their_numbers() {
        for outcome in [Outcome::Refuse, Outcome::Report, Outcome::RefuseAndReport] {
            assert_eq!(Outcome::from_number(outcome.number()).expect("known"), outcome);
        }
        assert!(Outcome::from_number(3).is_err());
    }
}
