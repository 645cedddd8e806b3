//! References for bank transfers: short, readable, and able to say that one was mistyped.
//!
//! They are creditor references of ISO 11649, as banks know them: `RF`, two check digits, and a number. One wrong digit, and two
//! neighbours that changed places, never pass; letters in the number would let some pass, so there are none.

use std::str::FromStr;

use crate::error::Error;

/// Least digits of the number: short ones look alike.
const LEAST: usize = 4;

/// The reference that stands for a number, `RF74 0001`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reference(u32);

impl Reference {
    /// Of this number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number that it stands for.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    fn digits(self) -> String {
        format!("{:0>LEAST$}", self.0)
    }
}

/// The remainder by 97 of the number that `digits`, then `RF`, then `check` stand for; ISO 7064 counts R as 27 and F as 15.
fn remainder(digits: &str, check: &str) -> u32 {
    digits.chars().chain("2715".chars()).chain(check.chars()).filter_map(|c| c.to_digit(10)).fold(0, |sum, digit| (sum * 10 + digit) % 97)
}

/// The two check digits of a number.
pub(super) fn check(digits: &str) -> u32 {
    98 - remainder(digits, "00")
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = self.digits();
        write!(f, "RF{:02}", check(&digits))?;
        digits.as_bytes().chunks(4).try_for_each(|part| write!(f, " {}", String::from_utf8_lossy(part)))
    }
}

impl FromStr for Reference {
    type Err = Error;

    /// Reads one as people write it: small letters, spaces and hyphens, O for 0, I and L for 1.
    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::invalid("reference", "money.reference");
        let plain = |c: char| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            c => c,
        };
        let text: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').map(plain).collect();
        let (check, digits) = text.strip_prefix("RF").and_then(|rest| rest.split_at_checked(2)).ok_or_else(wrong)?;
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(check) || !is_number(digits) || digits.len() < LEAST {
            return Err(wrong());
        }
        let read = Self(digits.parse().map_err(|_| wrong())?);
        // Also its length: with more zeros in front it would be written in several ways.
        if remainder(digits, check) == 1 && read.digits() == digits { Ok(read) } else { Err(wrong()) }
    }
}
