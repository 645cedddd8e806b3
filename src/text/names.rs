//! Names that a text may mention: a superset of what the renderer will ask for, found without parsing; and what a name is behind an `@`.

use super::clean::name_key;
use super::markdown::{LONGEST_NAME, is_in_name};

/// Most names that one text is searched for.
const MOST_NAMES: usize = 100;

/// Every word behind an `@`, lower-cased, with and without trailing punctuation that a username may contain.
#[must_use]
pub fn mention_candidates(source: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (at, _) in source.match_indices('@') {
        let rest = &source[at + 1..];
        let length = rest.find(|c: char| !is_in_name(c)).unwrap_or(rest.len());
        if length > LONGEST_NAME {
            continue;
        }
        let mut word = rest[..length].to_lowercase();
        loop {
            if word.len() < 2 || names.len() >= MOST_NAMES {
                break;
            }
            names.push(word.clone());
            // "Ask @ana." means ana; a username may end in a dot all the same.
            let shorter = word.trim_end_matches(['.', '-', '_']).len();
            if shorter == word.len() {
                break;
            }
            word.truncate(word.len() - 1);
        }
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// What is written behind an `@` for a name of several words: "Équipe du port" is `equipe-du-port`. `None` when nothing of it can be
/// written there.
#[must_use]
pub fn mention_handle(name: &str) -> Option<String> {
    let key: String = name_key(name).chars().map(|c| if is_in_name(c) { c } else { ' ' }).collect();
    let words: Vec<&str> = key.split_whitespace().map(|word| word.trim_matches(['.', '-', '_'])).filter(|word| !word.is_empty()).collect();
    let handle = words.join("-");
    (2..=LONGEST_NAME).contains(&handle.len()).then_some(handle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_behind_an_at_sign_is_a_candidate() {
        assert_eq!(mention_candidates("Ask @Ana. or @bo-b, not me@example.org"), ["ana", "ana.", "bo-b", "example.org"]);
        assert!(mention_candidates("@ @a nobody").is_empty());
    }

    #[test]
    fn a_name_of_several_words_has_one_word_behind_the_at_sign() {
        let handle = |name: &str| mention_handle(name);
        assert_eq!(handle("Équipe du port").as_deref(), Some("equipe-du-port"));
        assert_eq!(handle("Crew (night), 2nd.").as_deref(), Some("crew-night-2nd"));
        assert_eq!(handle("طاقم").as_deref(), Some("طاقم"));
        assert_eq!((handle("!?"), handle("A"), handle("")), (None, None, None));
        for name in ["Équipe du port", "Crew (night), 2nd.", "夜番 の 人", "a-b_c"] {
            let written = handle(name).expect(name);
            assert!(mention_candidates(&format!("Ask @{written}.")).contains(&written), "{name}");
            assert_eq!(handle(&written), Some(written), "{name}");
        }
    }

    #[test]
    fn a_wall_of_mentions_is_cut() {
        let wall: String = (0..1_000).map(|n| format!("@user{n} ")).collect();
        assert_eq!(mention_candidates(&wall).len(), MOST_NAMES);
    }
}
