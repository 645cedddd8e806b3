//! Names that a text may mention: a superset of what the renderer will ask for, found without parsing.

/// Most names that one text is searched for.
const MOST_NAMES: usize = 100;

/// Every word behind an `@`, lower-cased, with and without trailing punctuation that a username may contain.
#[must_use]
pub fn mention_candidates(source: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (at, _) in source.match_indices('@') {
        let rest = &source[at + 1..];
        let length = rest.bytes().take(32).take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-')).count();
        let mut word = rest[..length].to_ascii_lowercase();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_behind_an_at_sign_is_a_candidate() {
        assert_eq!(mention_candidates("Ask @Ana. or @bo-b, not me@example.org"), ["ana", "ana.", "bo-b", "example.org"]);
        assert!(mention_candidates("@ @a nobody").is_empty());
    }

    #[test]
    fn a_wall_of_mentions_is_cut() {
        let wall: String = (0..1_000).map(|n| format!("@user{n} ")).collect();
        assert_eq!(mention_candidates(&wall).len(), MOST_NAMES);
    }
}
