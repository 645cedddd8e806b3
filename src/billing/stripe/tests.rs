//! Unit tests.

mod envelope;
mod minor;
mod signature;
mod truth;
