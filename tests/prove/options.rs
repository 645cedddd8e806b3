//! What is to be proved, with which program and which chance.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The command line, read.
#[derive(Clone, Debug)]
pub struct Options {
    /// The proofs, by name.
    pub proofs: Vec<&'static str>,
    /// The server program.
    pub program: PathBuf,
    /// The same, built optimised, for proofs that hold times against a bar; the program itself where none is named.
    pub optimised: Option<PathBuf>,
    /// The same with seeded faults, for the control.
    pub mutants: Option<PathBuf>,
    /// The library's tests, built optimised, for the simulator.
    pub simulator: Option<PathBuf>,
    /// The library's tests with seeded faults.
    pub mutant_tests: Option<PathBuf>,
    /// The tests of the whole program.
    #[allow(dead_code, reason = "only the proofs of safety run them")]
    pub tests: Option<PathBuf>,
    /// A Python interpreter with what a proof needs of it.
    #[allow(dead_code, reason = "only the proofs of money need one")]
    pub python: Option<PathBuf>,
    /// The database that the running proof uses instead of SQLite.
    pub database_url: Option<String>,
    /// Repetitions; each proof has its own default.
    pub count: Option<usize>,
    /// Where chance begins.
    pub seed: u64,
    /// Environment of the program.
    pub environment: Vec<(OsString, OsString)>,
    /// Where the figures are written as JSON.
    pub output: Option<PathBuf>,
}

impl Options {
    /// Reads `[--count N] [--seed N] [--program FILE] [--optimised FILE] [--mutants FILE] [--simulator FILE] [--mutant-tests FILE] [--tests FILE] [--python FILE] [--output FILE] [--database-url URL] [PROOF …]`.
    pub fn parse(arguments: &[String], known: &'static [(&'static str, &'static str)]) -> Result<Self, String> {
        let mut options = Self {
            proofs: Vec::new(),
            program: PathBuf::from(env!("CARGO_BIN_EXE_rialto")),
            optimised: None,
            mutants: None,
            simulator: None,
            mutant_tests: None,
            tests: None,
            python: None,
            database_url: None,
            count: None,
            seed: u64::from(std::process::id()),
            environment: Vec::new(),
            output: None,
        };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().cloned().ok_or_else(|| format!("write a value after {word}"));
            match word.as_str() {
                "--count" => options.count = Some(value()?.parse().map_err(|_| "--count takes a number".to_owned())?),
                "--seed" => options.seed = value()?.parse().map_err(|_| "--seed takes a number".to_owned())?,
                "--program" => options.program = value()?.into(),
                "--optimised" => options.optimised = Some(value()?.into()),
                "--mutants" => options.mutants = Some(value()?.into()),
                "--mutant-tests" => options.mutant_tests = Some(value()?.into()),
                "--tests" => options.tests = Some(value()?.into()),
                "--python" => options.python = Some(value()?.into()),
                "--simulator" => options.simulator = Some(value()?.into()),
                "--output" => options.output = Some(value()?.into()),
                "--database-url" => options.database_url = Some(value()?),
                name => {
                    let found = known.iter().find(|(proof, _)| proof.eq_ignore_ascii_case(name));
                    let all = || known.iter().map(|(proof, what)| format!("  {proof:12} {what}")).collect::<Vec<_>>().join("\n");
                    options.proofs.push(found.ok_or_else(|| format!("There is no proof {name}:\n{}", all()))?.0);
                }
            }
        }
        if options.proofs.is_empty() {
            options.proofs = known.iter().map(|(proof, _)| *proof).collect();
        }
        Ok(options)
    }

    /// The program of proofs that hold times against a bar.
    #[allow(dead_code, reason = "no proof of money measures times")]
    pub fn optimised(&self) -> &Path {
        self.optimised.as_deref().unwrap_or(&self.program)
    }
}
