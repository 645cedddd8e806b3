//! The front door: who may come in by which name, and how what they say is kept private.
//!
//! `tls` gives the listener its certificate in three ways (`acme`, `lan`, and files kept fresh by `reload`); `host` and `proxy` are pure
//! rules over headers, which the outermost middleware asks.

mod acme;
pub mod host;
pub mod lan;
pub mod proxy;
pub mod reload;
#[cfg(test)]
mod testing;
pub mod tls;
