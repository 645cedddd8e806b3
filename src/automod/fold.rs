//! The form in which rules read: whatever looks alike is the same, and what takes no room is not there.

use crate::text::name_key;

/// A text by the house's rule for names, without what joins letters unseen. A line's end parts words, too; in a name there is none.
pub(super) fn fold(text: &str) -> String {
    let seen = text.chars().filter(|c| !takes_no_room(*c));
    name_key(&seen.map(|c| if c.is_whitespace() { ' ' } else { c }).collect::<String>())
}

/// Joiners, variants, fillers and tags, beside what the rule for names leaves out: they would keep a word from being found.
const fn takes_no_room(c: char) -> bool {
    matches!(
        c,
        '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200c}' | '\u{200d}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_no_room_parts_no_word() {
        let unseen =
            "\u{ad}\u{34f}\u{61c}\u{115f}\u{1160}\u{17b4}\u{180e}\u{200b}\u{200c}\u{200d}\u{200e}\u{202a}\u{202e}\u{2060}\u{2066}\u{2069}";
        for c in unseen.chars().chain("\u{3164}\u{fe0f}\u{feff}\u{ffa0}\u{fff9}\u{1d173}\u{e0061}\u{e0100}".chars()) {
            assert_eq!(fold(&format!("b{c}a{c}{c}d")), "bad", "U+{:04X}", u32::from(c));
            assert_eq!(fold(&format!("free {c} money")), "free money", "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn what_parts_words_is_one_space() {
        for between in [" ", "\n", "\r\n", "\t", "\u{a0}", "\u{2003}", "\u{2028}", "\u{3000}", " \n\n "] {
            assert_eq!(fold(&format!("Free{between}MÖNEY ")), "free money", "{between:?}");
        }
    }
}
