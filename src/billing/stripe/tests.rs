//! Unit tests.

#[expect(dead_code, unused_imports, reason = "the tests of the whole program ask more of it")]
#[path = "../../../tests/it/support/stripe/mod.rs"]
mod double;
mod envelope;
mod minor;
mod orders;
mod signature;
mod truth;
