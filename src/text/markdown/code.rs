//! Code blocks: coloured by classes, so that the page's theme decides what the colours are.

use std::fmt::Write as _;
use std::sync::LazyLock;

use syntect::highlighting::{Color, Highlighter, Theme, ThemeSet};
use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};
use syntect::util::LinesWithEndings;

use super::inline;

/// So much code of one message is coloured, in bytes; what follows stays plain. The patterns take up to 12 µs a byte, and a
/// bound in bytes, unlike one in time, gives the same answer on every machine.
pub(super) const COLOURED: usize = 2 * 1024;
/// A block with a longer line is not coloured: the patterns are slow on such lines. In bytes.
const LONGEST_LINE: usize = 400;

/// Code that nests more scopes than this is not coloured: every further line would be slower than the one before.
const DEEPEST: usize = 64;

/// What is told apart: the start of a scope of the grammars, and the class it is shown with. The innermost scope decides.
const KINDS: [(&str, &str); 11] = [
    ("comment", "hl-comment"),
    ("constant", "hl-constant"),
    ("entity", "hl-entity"),
    ("invalid", "hl-invalid"),
    ("keyword", "hl-keyword"),
    ("storage", "hl-storage"),
    ("string", "hl-string"),
    ("support", "hl-support"),
    ("markup.inserted", "hl-inserted"),
    ("markup.deleted", "hl-deleted"),
    ("markup.heading", "hl-heading"),
];

static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(SyntaxSet::load_defaults_newlines);
static SCOPES: LazyLock<Vec<(Scope, &'static str)>> =
    LazyLock::new(|| KINDS.iter().filter_map(|(scope, class)| Some((Scope::new(scope).ok()?, *class))).collect());

/// The code as HTML with classes, coloured in its first `budget` bytes; `None` when the language is unknown or the block is not
/// worth the work.
pub(super) fn highlighted(language: &str, code: &str, budget: usize) -> Option<String> {
    if budget == 0 || language.is_empty() || language.len() > 32 || code.lines().any(|line| line.len() > LONGEST_LINE) {
        return None;
    }
    let syntax = SYNTAXES.find_syntax_by_token(language)?;
    coloured(syntax, code, budget)
}

fn coloured(syntax: &SyntaxReference, code: &str, budget: usize) -> Option<String> {
    let mut html = String::with_capacity(code.len() * 3);
    let mut state = ParseState::new(syntax);
    let mut stack = ScopeStack::new();
    let mut pen = Pen { html: &mut html, class: None };
    let mut seen = 0;
    for line in LinesWithEndings::from(code) {
        seen += line.len();
        if seen > budget {
            pen.write(line, None);
            continue;
        }
        let mut done = 0;
        for (at, change) in state.parse_line(line, &SYNTAXES).ok()? {
            pen.write(&line[done..at], class_of(&stack));
            done = at;
            stack.apply(&change).ok()?;
        }
        if stack.len() > DEEPEST {
            return None;
        }
        pen.write(&line[done..], class_of(&stack));
    }
    pen.lift();
    Some(html)
}

fn class_of(stack: &ScopeStack) -> Option<&'static str> {
    let kind = |scope: &Scope| SCOPES.iter().find(|(kind, _)| kind.is_prefix_of(*scope)).map(|(_, class)| *class);
    stack.as_slice().iter().rev().find_map(kind)
}

/// Writes pieces of code; neighbours of one class share a span.
struct Pen<'a> {
    html: &'a mut String,
    class: Option<&'static str>,
}

impl Pen<'_> {
    fn write(&mut self, piece: &str, class: Option<&'static str>) {
        if piece.is_empty() {
            return;
        }
        if self.class != class {
            self.lift();
            if let Some(class) = class {
                let _ = write!(self.html, "<span class=\"{class}\">");
            }
            self.class = class;
        }
        inline::escape(self.html, piece);
    }

    fn lift(&mut self) {
        if self.class.take().is_some() {
            self.html.push_str("</span>");
        }
    }
}

/// The style sheet for the classes of coloured code, light and dark by `light-dark()`, readable on white and near-black.
#[must_use]
pub fn highlight_css() -> String {
    let themes = ThemeSet::load_defaults();
    let mut css = String::from("/* Colours of code in messages. */\n");
    let (Some(light), Some(dark)) = (themes.themes.get("InspiredGitHub"), themes.themes.get("base16-ocean.dark")) else {
        return css;
    };
    for (scope, class) in SCOPES.iter() {
        let light = readable(colour(light, *scope), (255, 255, 255), (0, 0, 0));
        let dark = readable(colour(dark, *scope), (24, 28, 32), (255, 255, 255));
        let _ = writeln!(css, ".{class} {{ color: light-dark({}, {}); }}", hex(light), hex(dark));
    }
    css
}

type Rgb = (u8, u8, u8);

fn colour(theme: &Theme, scope: Scope) -> Rgb {
    let Color { r, g, b, .. } = Highlighter::new(theme).style_for_stack(&[scope]).foreground;
    (r, g, b)
}

fn hex((r, g, b): Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Moves a colour towards `ink` until its contrast with `ground` is at least 4.5 to 1.
fn readable(mut colour: Rgb, ground: Rgb, ink: Rgb) -> Rgb {
    let step = |from: u8, to: u8| u8::try_from((u16::from(from) * 9 + u16::from(to)) / 10).unwrap_or(to);
    for _ in 0..40 {
        if contrast(colour, ground) >= 4.5 {
            break;
        }
        colour = (step(colour.0, ink.0), step(colour.1, ink.1), step(colour.2, ink.2));
    }
    colour
}

/// Contrast of two colours as WCAG 2 defines it, 1 to 21.
fn contrast(one: Rgb, other: Rgb) -> f64 {
    let (a, b) = (luminance(one), luminance(other));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance((r, g, b): Rgb) -> f64 {
    let linear = |part: u8| {
        let part = f64::from(part) / 255.0;
        if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_language_get_classes_and_nothing_else_changes() {
        let html = highlighted("rust", "let x = \"<b>\"; // note\n", COLOURED).expect("rust is known");
        assert!(html.contains("<span class=\"hl-storage\">let</span>"), "{html}");
        assert!(html.contains("<span class=\"hl-string\">\"&lt;b&gt;\"</span>"), "{html}");
        assert!(html.contains("<span class=\"hl-comment\">// note\n</span>"), "{html}");
        assert!(!html.contains("style"));
    }

    #[test]
    fn unknown_long_or_wide_code_is_left_alone() {
        assert_eq!(highlighted("", "let x", COLOURED), None);
        assert_eq!(highlighted("no-such-language", "let x", COLOURED), None);
        assert_eq!(highlighted("rust", "let x", 0), None);
        assert_eq!(highlighted("rust", &"x".repeat(LONGEST_LINE + 1), COLOURED), None);
    }

    #[test]
    fn what_is_beyond_the_budget_is_plain_but_there() {
        let html = highlighted("rust", &"let a = \"<\";\n".repeat(500), COLOURED).expect("rust is known");
        let coloured = html.matches("hl-storage").count();
        assert_eq!(coloured, COLOURED / "let a = \"<\";\n".len());
        assert_eq!(html.matches("&lt;").count(), 500);
    }

    #[test]
    fn every_class_has_a_readable_colour_in_both_themes() {
        let css = highlight_css();
        for (_, class) in KINDS {
            assert!(css.contains(&format!(".{class} {{ color: light-dark(#")), "{class}");
        }
        assert!(contrast(readable((150, 152, 150), (255, 255, 255), (0, 0, 0)), (255, 255, 255)) >= 4.5);
        assert!(contrast(readable((40, 40, 40), (24, 28, 32), (255, 255, 255)), (24, 28, 32)) >= 4.5);
        assert!((contrast((0, 0, 0), (255, 255, 255)) - 21.0).abs() < 0.01);
    }
}
