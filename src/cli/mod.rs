//! The program as its operator meets it.
pub mod args;
