//! What counts as one emoji: for reactions, for status and for messages that are shown large.

use unicode_segmentation::UnicodeSegmentation;

/// A message of at most this many emoji and nothing else is shown large.
const SHOWN_LARGE: usize = 3;

/// The emoji, when `text` is exactly one, spaces around it aside.
///
/// The answer is the fully qualified form, so that ❤ with and without its variation selector are one reaction. Skin tones are kept.
#[must_use]
pub fn one_emoji(text: &str) -> Option<&str> {
    let text = text.trim();
    let found = emojis::get(text).or_else(|| emojis::get(text.strip_suffix('\u{fe0f}')?))?;
    Some(found.as_str())
}

/// Is `text` one to three emoji and nothing else but spaces?
#[must_use]
pub fn few_emoji(text: &str) -> bool {
    let mut count = 0;
    for grapheme in text.graphemes(true).filter(|grapheme| !grapheme.trim().is_empty()) {
        count += 1;
        if count > SHOWN_LARGE || one_emoji(grapheme).is_none() {
            return false;
        }
    }
    count > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_emoji_is_one_with_tones_flags_and_joined_people() {
        for emoji in ["🚀", "👍🏽", "🇫🇷", "👩🏽‍🚀", "👨‍👩‍👧", "#️⃣", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", " 🎉 "]
        {
            assert_eq!(one_emoji(emoji), Some(emoji.trim()), "{emoji}");
        }
    }

    #[test]
    fn forms_of_the_same_emoji_are_the_same_reaction() {
        assert_eq!(one_emoji("\u{2764}"), Some("\u{2764}\u{fe0f}"));
        assert_eq!(one_emoji("\u{2764}\u{fe0f}"), Some("\u{2764}\u{fe0f}"));
        assert_eq!(one_emoji("\u{1f680}\u{fe0f}"), Some("\u{1f680}"));
    }

    #[test]
    fn words_digits_and_two_emoji_are_not_one_emoji() {
        for text in ["", "a", "1", "#", ":rocket:", "🚀🚀", "🚀a", "<", "\u{fe0f}", "\u{200d}"] {
            assert_eq!(one_emoji(text), None, "{text:?}");
        }
    }

    #[test]
    fn up_to_three_emoji_are_few() {
        assert!(few_emoji("🚀") && few_emoji("🚀 👍🏽\n🇫🇷"));
        assert!(!few_emoji("🚀🚀🚀🚀") && !few_emoji("🚀 go") && !few_emoji("") && !few_emoji(" \n"));
    }
}
