//! Random tokens, of which the database keeps only hashes, and keys derived from the data folder's master key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// A secret that is shown once: 256 random bits in URL-safe base64.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token([redacted])")
    }
}

impl Token {
    /// A new one.
    ///
    /// # Errors
    /// When the machine has no randomness.
    pub fn random() -> Result<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(Error::broken)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// The text, for the one time it is shown.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What the database keeps.
    #[must_use]
    pub fn hash(&self) -> Vec<u8> {
        hash_token(&self.0)
    }
}

/// Digits of codes that people type: none is taken for another (Crockford's base 32).
const TYPED: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A code as [`Keys::typed_code_for`] writes it, from what somebody typed: small letters, other or no dashes, O for 0, I and L for 1.
/// What is no letter of that alphabet does not count.
#[must_use]
pub fn typed_code(text: &str) -> String {
    let digits: Vec<char> = text
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(64)
        .map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect();
    digits.chunks(4).map(|part| part.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// SHA-256 of a token as it came in.
#[must_use]
pub fn hash_token(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes()).to_vec()
}

/// Keys derived from the master key of the data folder, one for each purpose.
#[derive(Clone)]
pub struct Keys {
    master: [u8; 32],
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys([redacted])")
    }
}

impl Keys {
    /// From the 32 bytes of the master key.
    #[must_use]
    pub const fn new(master: [u8; 32]) -> Self {
        Self { master }
    }

    /// A code that stands for `id` and cannot be guessed: invites are shown again without being stored.
    #[must_use]
    pub fn code_for(&self, purpose: &str, id: i64) -> String {
        let mac = self.mac(purpose, id);
        let mut bytes = id.to_be_bytes().to_vec();
        bytes.extend_from_slice(&mac[..16]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The id that a code stands for, when the code is ours.
    #[must_use]
    pub fn id_of_code(&self, purpose: &str, code: &str) -> Option<i64> {
        use subtle::ConstantTimeEq;
        let bytes = URL_SAFE_NO_PAD.decode(code).ok().filter(|bytes| bytes.len() == 24)?;
        let id = i64::from_be_bytes(bytes[..8].try_into().ok()?);
        bool::from(self.mac(purpose, id)[..16].ct_eq(&bytes[8..])).then_some(id)
    }

    /// A code that stands for `id` and that people can type, `K7QM-4ZTP-9WRX-0H2D`: 80 bits. The id cannot be read from it: whoever keeps
    /// it keeps [`hash_token`] of [`typed_code`].
    #[must_use]
    pub fn typed_code_for(&self, purpose: &str, id: i64) -> String {
        let mac = self.mac(&format!("typed {purpose}"), id);
        let digits = (0..16).map(|n| {
            // Five bits each, the first ones first.
            let (byte, bit) = (n * 5 / 8, n * 5 % 8);
            let two = u16::from_be_bytes([mac[byte], mac[byte + 1]]);
            char::from(TYPED[usize::from(two >> (11 - bit) & 31)])
        });
        digits.enumerate().fold(String::new(), |mut code, (n, digit)| {
            if n > 0 && n % 4 == 0 {
                code.push('-');
            }
            code.push(digit);
            code
        })
    }

    /// Closes a secret so that the database may keep it: only who has the master key reads it, and only for this purpose.
    ///
    /// # Errors
    /// When the machine has no randomness.
    pub fn seal(&self, purpose: &str, secret: &[u8]) -> Result<Vec<u8>> {
        let mut sealed = vec![0; NONCE_LEN];
        getrandom::fill(&mut sealed).map_err(Error::broken)?;
        let nonce = Nonce::try_assume_unique_for_key(&sealed).map_err(Error::broken)?;
        let mut bytes = secret.to_vec();
        self.cipher(purpose)?.seal_in_place_append_tag(nonce, Aad::empty(), &mut bytes).map_err(Error::broken)?;
        sealed.append(&mut bytes);
        Ok(sealed)
    }

    /// Opens what [`Keys::seal`] closed for the same purpose; none when it was closed with another master key, or changed.
    #[must_use]
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, bytes) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut bytes = bytes.to_vec();
        let length = self.cipher(purpose).ok()?.open_in_place(nonce, Aad::empty(), &mut bytes).ok()?.len();
        bytes.truncate(length);
        Some(bytes)
    }

    /// ChaCha20-Poly1305 under a key of its own for each purpose.
    fn cipher(&self, purpose: &str) -> Result<LessSafeKey> {
        let key = self.mac(&format!("seal {purpose}"), 0);
        UnboundKey::new(&CHACHA20_POLY1305, &key).map(LessSafeKey::new).map_err(Error::broken)
    }

    fn mac(&self, purpose: &str, id: i64) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.master).expect("HMAC takes a key of any length");
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(&id.to_be_bytes());
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_again_and_a_changed_one_is_not() {
        let keys = Keys::new([7; 32]);
        let code = keys.code_for("invite", 42);
        assert_eq!(keys.id_of_code("invite", &code), Some(42));
        assert_eq!(keys.id_of_code("reset", &code), None);
        let mut other = code.clone().into_bytes();
        other[12] = if other[12] == b'A' { b'B' } else { b'A' };
        assert_eq!(keys.id_of_code("invite", &String::from_utf8(other).expect("ascii")), None);
        assert_eq!(Keys::new([8; 32]).id_of_code("invite", &code), None);
    }

    #[test]
    fn a_code_that_people_type_is_theirs_however_they_type_it() {
        let keys = Keys::new([7; 32]);
        let codes: std::collections::BTreeSet<String> = (0..1_000).map(|id| keys.typed_code_for("gift", id)).collect();
        assert_eq!(codes.len(), 1_000);
        for code in &codes {
            assert_eq!(code.len(), 19);
            assert!(code.chars().all(|c| c == '-' || TYPED.contains(&u8::try_from(c).expect("ascii"))), "{code}");
            assert_eq!(typed_code(code), *code);
            assert_eq!(typed_code(&format!(" {} ", code.to_lowercase().replace('-', ""))), *code);
        }
        assert_eq!(typed_code("oOiI lL-ß0\u{1f381}"), "0011-110");
        assert_eq!(typed_code(&"9".repeat(500)).len(), 64 + 15, "no more than is needed");
        assert_ne!(keys.typed_code_for("gift", 1), Keys::new([8; 32]).typed_code_for("gift", 1));
        assert_ne!(keys.typed_code_for("gift", 1), keys.typed_code_for("other", 1));
    }

    #[test]
    fn a_sealed_secret_opens_with_its_key_and_purpose_and_not_when_it_was_changed() {
        let keys = Keys::new([7; 32]);
        let sealed = keys.seal("stripe", b"sk_test_1").expect("sealed");
        assert_eq!(keys.open("stripe", &sealed).as_deref(), Some(b"sk_test_1".as_slice()));
        assert_ne!(keys.seal("stripe", b"sk_test_1").expect("sealed"), sealed, "no two are alike");
        assert!(!sealed.windows(7).any(|part| part == b"sk_test"));
        assert_eq!((keys.open("mail", &sealed), Keys::new([8; 32]).open("stripe", &sealed)), (None, None));
        for at in 0..sealed.len() {
            let mut other = sealed.clone();
            other[at] ^= 1;
            assert_eq!(keys.open("stripe", &other), None, "byte {at}");
        }
        for length in 0..sealed.len() {
            assert_eq!(keys.open("stripe", &sealed[..length]), None, "{length} bytes of it");
        }
    }

    #[test]
    fn a_token_does_not_show_itself_in_logs() {
        let token = Token::random().expect("randomness");
        assert_eq!(format!("{token:?}"), "Token([redacted])");
        assert_eq!(token.hash(), hash_token(token.reveal()));
    }
}
