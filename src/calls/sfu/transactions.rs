//! Which checks have been seen: one that is said again, by whomever, proves nothing anew (RFC 8445 leaves that to its reader).

/// Most transactions that are remembered: at a check every 2.5 s, as browsers send them, those of more than five hours.
const KEPT: usize = 8_192;

/// The transactions of one participant's authentic checks. The space grows with them.
#[derive(Debug, Default)]
pub struct Transactions {
    seen: Vec<u64>,
    /// The oldest, once all places are taken.
    oldest: usize,
}

impl Transactions {
    /// Takes in an authentic check; `false` when it came before. Numbers are random over 96 bits, of which 64 are kept.
    pub fn is_new(&mut self, transaction: &[u8; 12]) -> bool {
        let [.., a, b, c, d, e, f, g, h] = *transaction;
        let number = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        if self.seen.contains(&number) {
            return false;
        }
        if self.seen.len() < KEPT {
            self.seen.push(number);
        } else {
            self.seen[self.oldest] = number;
            self.oldest = (self.oldest + 1) % KEPT;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transaction(number: u64) -> [u8; 12] {
        let mut bytes = [0; 12];
        bytes[4..].copy_from_slice(&number.to_be_bytes());
        bytes
    }

    #[test]
    fn each_is_new_once_and_only_the_oldest_are_forgotten() {
        let mut known = Transactions::default();
        for number in 0..KEPT as u64 {
            assert!(known.is_new(&transaction(number)));
        }
        assert!(!known.is_new(&transaction(0)) && !known.is_new(&transaction(KEPT as u64 - 1)));
        assert!(known.is_new(&transaction(KEPT as u64)));
        assert!(!known.is_new(&transaction(1)), "the second oldest is still known");
        assert_eq!(known.seen.len(), KEPT);
    }
}
