//! Integration tests, one binary.

mod acme;
