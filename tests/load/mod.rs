//! What the bench and the proofs share: the program as a child process, a town in its database, and light sockets.

#![allow(dead_code, reason = "the bench and the proofs each use a part")]

pub mod figures;
pub mod machine;
pub mod pipe;
pub mod program;
pub mod town;
