//! Why a backup cannot be made or put back: one sentence each for the operator, and a stable code.

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

/// What is in the way. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// There is no database yet.
    #[error("There is nothing to save: {} holds no database yet.", .0.display())]
    Nothing(PathBuf),
    /// Never two at once.
    #[error("Another backup of this data folder is being made or rehearsed; wait until that is done.")]
    Busy,
    /// Something has the name of the new file.
    #[error("{} is there already; choose another name.", .0.display())]
    Taken(PathBuf),
    /// The file cannot be read.
    #[error("{} cannot be read ({error}); look at its name and its rights.", .path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        error: Error,
    },
    /// It is something else.
    #[error("{} is nothing that Rialto wrote for this, or its beginning is damaged; take another file.", .0.display())]
    Other(PathBuf),
    /// It ends too early.
    #[error("{} ends too early; copy it once more from where it was made, or take another one.", .0.display())]
    CutShort(PathBuf),
    /// A checksum does not fit.
    #[error("{} is damaged in {part}; copy it once more from where it was made, or take another one.", .path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Which part of it.
        part: String,
    },
    /// It names a place that no backup of ours names.
    #[error("The backup {} holds {name:?}, which no backup of Rialto holds; do not use it.", .path.display())]
    Strange {
        /// Which file.
        path: PathBuf,
        /// What it holds.
        name: String,
    },
    /// Another layout.
    #[error(
        "The file has form {format} and was made by Rialto {version}, and this program reads form {ours}; read it with that version, and upgrade then."
    )]
    Format {
        /// Its layout.
        format: u32,
        /// Who wrote it.
        version: String,
        /// The layout that this program reads.
        ours: u32,
    },
    /// A database that only a newer program understands.
    #[error("The file was made by a newer Rialto, {0}; read it with that version or a later one.")]
    Newer(String),
    /// Rows for the tables of an older program.
    #[error("The rows were written by an older Rialto, {0}; put them in with that version, and upgrade then.")]
    Older(String),
    /// Every checksum fits, but the database was damaged before it was saved.
    #[error("The database in the backup is damaged ({0}); take an earlier backup.")]
    Database(String),
    /// Something is there that a restore would replace.
    #[error("{} is there already; restore into an empty data folder, and name it with --data.", .0.display())]
    NotEmpty(PathBuf),
    /// Rows are there to which an import would add.
    #[error("The database has something in it already ({0}); take an empty one.")]
    Occupied(String),
    /// The disk does not have so many bytes.
    #[error("There is no room on the disk for {}; free some and try again.", .0.display())]
    Full(PathBuf),
    /// The disk refuses.
    #[error("{} cannot be written ({error}); look at the rights and at the disk.", .path.display())]
    Unwritable {
        /// Which.
        path: PathBuf,
        /// Why.
        error: String,
    },
    /// The database refuses.
    #[error("The database refuses: {0}.")]
    Refuses(String),
}

impl Trouble {
    /// Stable code, also the key of the sentence for members who run the community.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Nothing(_) => "backups.nothing",
            Self::Busy => "backups.busy",
            Self::Taken(_) => "backups.taken",
            Self::Unreadable { .. } => "backups.unreadable",
            Self::Other(_) => "backups.other",
            Self::CutShort(_) => "backups.cut_short",
            Self::Damaged { .. } => "backups.damaged",
            Self::Strange { .. } => "backups.strange",
            Self::Format { .. } => "backups.format",
            Self::Newer(_) => "backups.newer",
            Self::Database(_) => "backups.database",
            Self::Older(_) => "backups.older",
            Self::NotEmpty(_) | Self::Occupied(_) => "backups.not_empty",
            Self::Full(_) => "backups.full",
            Self::Unwritable { .. } => "backups.unwritable",
            Self::Refuses(_) => "backups.refuses",
        }
    }

    /// What cannot be written there.
    pub(super) fn unwritable(path: &Path, error: &Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => Self::Full(path.to_owned()),
            _ => Self::Unwritable { path: path.to_owned(), error: error.to_string() },
        }
    }

    /// What the database says of a file that it writes there.
    pub(super) fn of_database(path: &Path, error: &crate::error::Error) -> Self {
        use crate::error::Error as Ours;
        match error {
            Ours::Broken(broken) => Self::Refuses(broken.source().trim_end_matches('.').to_owned()),
            error if error.code() == "error.storage" => Self::Full(path.to_owned()),
            Ours::Busy { .. } => Self::Refuses("it is busy; try again in a moment".to_owned()),
            other => Self::Refuses(other.code().to_owned()),
        }
    }
}

impl From<crate::error::Error> for Trouble {
    fn from(error: crate::error::Error) -> Self {
        Self::of_database(Path::new("the database"), &error)
    }
}

/// As a line on standard error: the sentence, and its code.
impl From<Trouble> for String {
    fn from(trouble: Trouble) -> Self {
        format!("{trouble} ({})", trouble.code())
    }
}
