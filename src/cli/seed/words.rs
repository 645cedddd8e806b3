//! Chance that comes out the same again, and words drawn from what follows which in the village's own conversations.

use std::collections::BTreeMap;

use crate::cli::village;
use crate::error::Result;

/// Numbers that look random and come out the same again.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        // Splitmix64: a counter whose bits are mixed.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.roll() % end.max(1)
    }

    pub(super) fn pick<'a, T>(&mut self, among: &'a [T]) -> Option<&'a T> {
        let n = self.below(among.len() as u64);
        among.get(usize::try_from(n).unwrap_or(0))
    }
}

/// A name that nobody in the village has.
pub(super) fn name(dice: &mut Dice) -> String {
    const BEGIN: [&str; 16] = ["Ba", "Ce", "Do", "Fi", "Ga", "He", "Ju", "Ka", "Lo", "Me", "Ni", "Pe", "Ro", "Sa", "Te", "Vi"];
    const END: [&str; 12] = ["lin", "ra", "na", "to", "vic", "mar", "sa", "del", "rik", "la", "min", "dor"];
    const FAMILY: [&str; 12] = ["wick", "berg", "mann", "ova", "sen", "ston", "ez", "ides", "field", "quist", "brook", "ardi"];
    let mut part = |list: &[&'static str]| dice.pick(list).copied().unwrap_or("");
    format!("{}{} {}{}{}", part(&BEGIN), part(&END), part(&BEGIN), part(&END), part(&FAMILY))
}

/// What follows which in the village's conversations.
pub(super) struct Words {
    first: Vec<String>,
    next: BTreeMap<String, Vec<String>>,
    nouns: Vec<String>,
}

impl Words {
    /// Most words of a sentence.
    const MOST: usize = 40;

    pub(super) fn of_the_village() -> Result<Self> {
        let (mut first, mut next, mut nouns) = (Vec::new(), BTreeMap::<String, Vec<String>>::new(), Vec::new());
        for line in village::said_in_english()? {
            let words: Vec<&str> = line.split_whitespace().filter(|word| is_plain(word)).collect();
            first.extend(words.first().map(|word| (*word).to_owned()));
            for pair in words.windows(2) {
                next.entry(pair[0].to_owned()).or_default().push(pair[1].to_owned());
                if pair[0] == "the" && pair[1].len() > 3 && pair[1].bytes().all(|b| b.is_ascii_lowercase()) {
                    nouns.push(pair[1].to_owned());
                }
            }
        }
        Ok(Self { first, next, nouns })
    }

    pub(super) fn sentence(&self, dice: &mut Dice) -> String {
        let mut word = dice.pick(&self.first).map_or("Yes.", String::as_str);
        let mut text = word.to_owned();
        for _ in 1..Self::MOST {
            let ends = word.ends_with(['.', '?', '!']) && dice.below(3) > 0;
            let Some(follows) = self.next.get(word).filter(|_| !ends) else { break };
            let Some(then) = dice.pick(follows) else { break };
            word = then;
            text.push(' ');
            text.push_str(word);
        }
        text
    }

    /// What has a "the" before it, which is a thing more often than not.
    pub(super) fn noun(&self, dice: &mut Dice) -> String {
        dice.pick(&self.nouns).cloned().unwrap_or_else(|| "quay".to_owned())
    }
}

/// No Markdown, no names behind an `@`.
fn is_plain(word: &str) -> bool {
    word.chars().all(|c| c.is_alphanumeric() || "'’-,.!?;:".contains(c)) && word.chars().any(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dice_fall_the_same_way_again_and_the_words_are_the_villages() {
        let words = Words::of_the_village().expect("words");
        let told = |seed| {
            let mut dice = Dice(seed);
            (0..200).map(|_| words.sentence(&mut dice)).collect::<Vec<_>>()
        };
        assert_eq!(told(7), told(7));
        assert_ne!(told(7), told(8));
        let different: std::collections::BTreeSet<String> = told(7).into_iter().collect();
        assert!(different.len() > 150, "only {} different sentences of 200", different.len());
        assert!(different.iter().all(|line| !line.contains(['@', '*', '`', '|', '[']) && line.split(' ').count() <= Words::MOST));
    }
}
