//! Text: Markdown to safe HTML, words in two languages, excerpts.

/// Every word that people read.
#[derive(Debug)]
pub struct Words;
