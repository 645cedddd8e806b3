//! Passwords that people choose: long enough, and not among the first that anybody would try.

use crate::error::{Error, Result};

/// What guessing programs try first among those that are long enough, in small letters.
const FIRST_GUESSES: &[&str] = &[
    "0123456789",
    "0987654321",
    "1029384756",
    "1111111111",
    "1122334455",
    "12345678910",
    "123456789a",
    "1234567890",
    "1234567891",
    "1q2w3e4r5t",
    "1q2w3e4r5t6y",
    "1qaz2wsx3edc",
    "9876543210",
    "a123456789",
    "abc1234567",
    "abcd123456",
    "abcdefghij",
    "administrator",
    "asdfghjkl;",
    "asdfghjkl1",
    "basketball",
    "changeme123",
    "football123",
    "iloveyou123",
    "iloveyou12",
    "letmein123",
    "letmeinplease",
    "mypassword",
    "p@ssw0rd123",
    "passw0rd123",
    "password01",
    "password12",
    "password123",
    "password123!",
    "password1234",
    "password12345",
    "passwordpassword",
    "princess123",
    "q1w2e3r4t5",
    "q1w2e3r4t5y6",
    "qazwsxedcr",
    "qwerty1234",
    "qwerty12345",
    "qwerty123456",
    "qwertyuiop",
    "qwertyuiop1",
    "qwertyuiop123",
    "sunshine123",
    "superman123",
    "trustno1trustno1",
    "welcome123",
    "welcome1234",
    "zxcvbnm123",
];

/// A password as it was typed; it never shows itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password([redacted])")
    }
}

impl Password {
    /// Most characters of any password, also of one that is only tried.
    pub const MOST: usize = 256;
    /// Least characters of a new one.
    pub const LEAST: usize = 10;

    /// Reads a new one for the member called `username`. `field` is the JSON field that it came in.
    ///
    /// # Errors
    /// `members.password_short`, `members.password_long` or `members.password_guessed`.
    pub fn parse(text: &str, username: &str, field: &'static str) -> Result<Self> {
        let count = text.chars().count();
        if count < Self::LEAST {
            return Err(Error::invalid(field, "members.password_short"));
        }
        if count > Self::MOST || text.contains('\0') {
            return Err(Error::invalid(field, "members.password_long"));
        }
        let small = text.to_lowercase();
        let one_letter = small.chars().next().is_some_and(|first| small.chars().all(|c| c == first));
        if one_letter || small == username || FIRST_GUESSES.contains(&small.as_str()) {
            return Err(Error::invalid(field, "members.password_guessed"));
        }
        Ok(Self(text.to_owned()))
    }

    /// One that is only compared: nothing is asked of it, but nobody hashes megabytes for a stranger.
    #[must_use]
    pub fn tried(text: &str) -> Self {
        Self(text.chars().take(Self::MOST + 1).collect())
    }

    /// Its bytes, for the hash function alone.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}
