//! Text: Markdown to safe HTML, words in two languages, excerpts.
