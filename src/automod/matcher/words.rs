//! Words of a rule, found in a text by an automaton that reads it once.

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use crate::automod::fold::fold;
use crate::error::{Error, Result};

/// A text as it is looked through: folded, and runs of one letter as one, if that is wanted.
#[derive(Debug)]
pub(super) struct Folded {
    text: String,
    /// The letters of the text, and how often each stood there.
    letters: Vec<(char, u32)>,
    /// Which letter begins at each byte; what lies within a letter is never asked for.
    letter_at: Vec<u32>,
}

impl Folded {
    /// Of a text.
    pub(super) fn of(text: &str, squeezed: bool) -> Self {
        let mut letters: Vec<(char, u32)> = Vec::new();
        for c in fold(text).chars() {
            match letters.last_mut() {
                Some((last, run)) if squeezed && *last == c => *run += 1,
                _ => letters.push((c, 1)),
            }
        }
        let text: String = letters.iter().map(|(c, _)| *c).collect();
        let mut letter_at = vec![0; text.len() + 1];
        for (n, (at, _)) in text.char_indices().enumerate() {
            letter_at[at] = u32::try_from(n).unwrap_or(u32::MAX);
        }
        letter_at[text.len()] = u32::try_from(letters.len()).unwrap_or(u32::MAX);
        Self { text, letters, letter_at }
    }

    /// The letters from one byte to another.
    fn letters_between(&self, from: usize, to: usize) -> std::ops::Range<usize> {
        self.letter_at[from] as usize..self.letter_at[to] as usize
    }
}

/// Is it written without spaces between words? There a word is one wherever it stands.
const fn is_of_unspaced_script(c: char) -> bool {
    matches!(
        c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3134f}'
    )
}

/// A word with how often each of its letters stands in a row.
#[derive(Debug)]
struct Word {
    shown: String,
    letters: Vec<(char, u32)>,
}

/// The words of a rule.
#[derive(Debug)]
pub(super) struct Words {
    automaton: AhoCorasick,
    words: Vec<Word>,
    stretched: bool,
}

impl Words {
    /// Of these.
    pub(super) fn compile(words: &[String], stretched: bool) -> Result<Self> {
        let folded: Vec<Folded> = words.iter().map(|word| Folded::of(word, stretched)).collect();
        // A table of every state and byte would be quicker and far larger.
        let kind = Some(AhoCorasickKind::ContiguousNFA);
        let automaton =
            AhoCorasick::builder().kind(kind).build(folded.iter().map(|one| &one.text)).map_err(|error| Error::broken(error))?;
        let words = words.iter().zip(folded).map(|(shown, one)| Word { shown: shown.clone(), letters: one.letters }).collect();
        Ok(Self { automaton, words, stretched })
    }

    /// Are letters that stand more often than in the word as good?
    pub(super) const fn is_stretched(&self) -> bool {
        self.stretched
    }

    /// The first of the words that stands there alone. `steps` grows by what was looked at: at most the length of the text for the automaton,
    /// and at each place once the letters of the words that end there.
    pub(super) fn find(&self, text: &Folded, steps: &mut usize) -> Option<&str> {
        *steps += text.text.len();
        for found in self.automaton.find_overlapping_iter(&text.text) {
            let word = &self.words[found.pattern().as_usize()];
            let place = text.letters_between(found.start(), found.end());
            *steps += 1;
            if is_alone(text, &place) {
                *steps += word.letters.len();
                if is_as_long(&text.letters[place], &word.letters) {
                    return Some(&word.shown);
                }
            }
        }
        None
    }
}

/// Does no letter of another word touch it?
fn is_alone(text: &Folded, place: &std::ops::Range<usize>) -> bool {
    let letter = |at: Option<usize>| at.and_then(|at| text.letters.get(at)).map(|(c, _)| *c);
    let touches = |inside: Option<char>, outside: Option<char>| {
        inside.is_some_and(|c| c.is_alphanumeric() && !is_of_unspaced_script(c)) && outside.is_some_and(char::is_alphanumeric)
    };
    let before = touches(letter(Some(place.start)), letter(place.start.checked_sub(1)));
    let after = touches(letter(place.end.checked_sub(1)), letter(Some(place.end)));
    !before && !after
}

/// Does each letter stand there at least as often as in the word?
fn is_as_long(there: &[(char, u32)], word: &[(char, u32)]) -> bool {
    there.len() == word.len() && there.iter().zip(word).all(|((_, there), (_, wanted))| there >= wanted)
}
