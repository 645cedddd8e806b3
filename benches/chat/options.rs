//! What the bench was asked to run, and how long.

use std::path::PathBuf;
use std::time::Duration;

/// The command line, read.
pub struct Options {
    /// Which scenarios.
    pub scenes: Vec<&'static str>,
    /// The server program.
    pub binary: PathBuf,
    /// Small counts, to see that everything runs; figures of such a run mean little.
    pub quick: bool,
    /// Rounds of product and floor.
    pub rounds: usize,
    /// Worker threads of the product; its own default when missing.
    pub workers: Option<usize>,
}

impl Options {
    /// Reads `[--quick] [--rounds N] [--workers N] [--binary FILE] [SCENARIO …]`.
    pub fn parse(arguments: &[String], scenes: &'static [(&'static str, &'static str)]) -> Result<Self, String> {
        let mut options =
            Self { scenes: Vec::new(), binary: PathBuf::from(env!("CARGO_BIN_EXE_rialto")), quick: false, rounds: 0, workers: None };
        let mut words = arguments.iter();
        let number = |word: Option<&String>| {
            word.and_then(|text| text.parse::<usize>().ok()).filter(|n| *n > 0).ok_or_else(|| "write a number after it".to_owned())
        };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--quick" => options.quick = true,
                "--rounds" => options.rounds = number(words.next())?,
                "--workers" => options.workers = Some(number(words.next())?),
                "--binary" => options.binary = words.next().ok_or("write a file after --binary")?.into(),
                name => {
                    let known = scenes.iter().find(|(scene, _)| *scene == name);
                    let all = || scenes.iter().map(|(scene, what)| format!("  {scene:12} {what}")).collect::<Vec<_>>().join("\n");
                    options.scenes.push(known.ok_or_else(|| format!("There is no scenario {name}:\n{}", all()))?.0);
                }
            }
        }
        if options.scenes.is_empty() {
            options.scenes = scenes.iter().map(|(scene, _)| *scene).collect();
        }
        if options.rounds == 0 {
            options.rounds = if options.quick { 1 } else { 5 };
        }
        Ok(options)
    }

    /// A time, or a tenth of it when quick.
    pub fn time(&self, full: Duration) -> Duration {
        if self.quick { full / 10 } else { full }
    }

    /// A count, or a tenth of it when quick.
    pub const fn count(&self, full: usize) -> usize {
        if self.quick { full / 10 } else { full }
    }
}
