//! The data folder: where everything lasting is, the lock of whoever serves from it, and the master key.

use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// How many bytes the master key has.
const KEY: usize = 32;

/// The file in which a server says where it is.
const SERVING: &str = "serving.json";

/// Where the server of a folder is, for commands beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Serving {
    /// The community's address.
    pub url: String,
    /// Files with the authorities that may stand behind its certificate.
    pub trusted: Vec<PathBuf>,
}

/// An opened data folder. The lock, if it was taken, lasts until this is dropped.
pub struct DataFolder {
    root: PathBuf,
    master: [u8; KEY],
    _lock: Option<File>,
}

/// The lock of a data folder, until it is dropped.
#[derive(Debug)]
pub struct Held {
    _lock: File,
}

impl fmt::Debug for DataFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key stays out of logs.
        f.debug_struct("DataFolder").field("root", &self.root).field("locked", &self._lock.is_some()).finish_non_exhaustive()
    }
}

impl DataFolder {
    /// Opens the folder, and makes it (mode 0700) with its master key when it is not there. With `lock`, nobody else may hold the lock:
    /// for `serve` and whatever must not happen beside it.
    ///
    /// # Errors
    /// One sentence that says how to mend it.
    pub fn open(root: &Path, lock: bool) -> Result<Self, String> {
        make_folder(root)?;
        let lock = if lock { Some(take_lock(root)?) } else { None };
        for folder in ["keys", "acme", "lan", "backups", "files"] {
            make_folder(&root.join(folder))?;
        }
        let master = master_key(&root.join("keys"))?;
        Ok(Self { root: root.to_owned(), master, _lock: lock })
    }

    /// Makes the folder and takes its lock, but makes no key in it: for what brings its own.
    ///
    /// # Errors
    /// One sentence that says how to mend it.
    pub fn hold(root: &Path) -> Result<Held, String> {
        make_folder(root)?;
        take_lock(root).map(|lock| Held { _lock: lock })
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The secret that all other keys are derived from.
    #[must_use]
    pub const fn master_key(&self) -> &[u8; KEY] {
        &self.master
    }

    /// Says where the server is that holds the lock.
    ///
    /// # Errors
    /// One sentence when the file cannot be written.
    pub fn say_serving(&self, serving: &Serving) -> Result<(), String> {
        let path = self.root.join(SERVING);
        let text = serde_json::to_string(serving).map_err(|error| error.to_string())?;
        std::fs::write(&path, text).map_err(|error| format!("{} cannot be written ({error}); look at the disk.", path.display()))
    }

    /// Where the server is that runs now; `None` when none does.
    #[must_use]
    pub fn serving(&self) -> Option<Serving> {
        let lock = File::open(self.root.join("lock")).ok()?;
        match lock.try_lock_shared() {
            Err(TryLockError::WouldBlock) => serde_json::from_slice(&std::fs::read(self.root.join(SERVING)).ok()?).ok(),
            // Nobody holds it: what stands in the file is over.
            _ => None,
        }
    }

    /// The SQLite file, unless the database is elsewhere.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.root.join("rialto.db")
    }

    /// Account and certificates of the ACME service.
    #[must_use]
    pub fn acme(&self) -> PathBuf {
        self.root.join("acme")
    }

    /// The local certificate authority.
    #[must_use]
    pub fn lan(&self) -> PathBuf {
        self.root.join("lan")
    }

    /// Backups that the program makes by itself.
    #[must_use]
    pub fn backups(&self) -> PathBuf {
        self.root.join("backups")
    }

    /// Uploaded files.
    #[must_use]
    pub fn files(&self) -> PathBuf {
        self.root.join("files")
    }
}

fn make_folder(path: &Path) -> Result<(), String> {
    match DirBuilder::new().recursive(true).mode(0o700).create(path) {
        Ok(()) => Ok(()),
        Err(error) if matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::NotADirectory) => {
            Err(format!("{} is in the way: it is not a folder; move it or choose another data folder with --data.", path.display()))
        }
        Err(error) => Err(format!(
            "The folder {} cannot be made ({error}); mend the rights or choose another data folder with --data.",
            path.display()
        )),
    }
}

/// The lock is the kernel's, so it ends with the process, however it ends; the number in the file is only for people.
fn take_lock(root: &Path) -> Result<File, String> {
    let path = root.join("lock");
    let refused =
        |error: &dyn fmt::Display| format!("The lock {} cannot be taken ({error}); mend the rights of the data folder.", path.display());
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(|error| refused(&error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // The holder may be between taking the lock and writing its number.
            let known = file.read_to_string(&mut holder).is_ok() && holder.trim().parse::<u32>().is_ok();
            let who = if known { format!("process {}", holder.trim()) } else { "another process".to_owned() };
            return Err(format!(
                "The data folder {} is in use by {who}; stop that first, or choose another folder with --data.",
                root.display()
            ));
        }
        Err(TryLockError::Error(error)) => return Err(refused(&error)),
    }
    file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(|error| refused(&error))?;
    Ok(file)
}

fn master_key(folder: &Path) -> Result<[u8; KEY], String> {
    let path = folder.join("master");
    match std::fs::read(&path) {
        Ok(bytes) => {
            let key = bytes.try_into().map_err(|_| {
                format!("The master key {} is damaged: it must have {KEY} bytes; put it back from a backup.", path.display())
            })?;
            // A copy from a backup may have come with wider rights.
            std::fs::set_permissions(&path, Permissions::from_mode(0o600)).map_err(|error| unwritable(&path, &error))?;
            Ok(key)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            make_master_key(folder, &path).map_err(|error| unwritable(&path, &error))?;
            // Another process may have been first: what is in the file counts.
            std::fs::read(&path)
                .ok()
                .and_then(|bytes| bytes.try_into().ok())
                .ok_or_else(|| format!("The master key {} cannot be read back; look at the disk.", path.display()))
        }
        Err(error) => Err(unwritable(&path, &error)),
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> String {
    format!("The master key {} cannot be kept safe ({error}); mend the rights of the data folder.", path.display())
}

/// Writes a new key beside its place and links it there, which never replaces a key that is there already and never shows half of one.
fn make_master_key(folder: &Path, path: &Path) -> std::io::Result<()> {
    let mut key = [0; KEY];
    getrandom::fill(&mut key).map_err(std::io::Error::other)?;
    let beside = folder.join(format!("master.{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(&key)?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&beside, path);
    std::fs::remove_file(&beside)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_first_start_makes_what_is_needed_for_its_owner_alone() {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("deep/data");
        let folder = DataFolder::open(&root, true).unwrap();
        assert_eq!((mode(&root), mode(&root.join("keys")), mode(&folder.lan()), mode(&folder.acme())), (0o700, 0o700, 0o700, 0o700));
        assert_eq!((mode(&root.join("keys/master")), mode(&root.join("lock"))), (0o600, 0o600));
        assert_ne!(folder.master_key(), &[0; KEY]);
        assert_eq!(std::fs::read_dir(root.join("keys")).unwrap().count(), 1, "nothing is left beside the key");
    }

    #[test]
    fn the_key_stays_the_same_and_its_rights_are_narrowed() {
        let root = tempfile::tempdir().unwrap();
        let first = *DataFolder::open(root.path(), true).unwrap().master_key();
        let file = root.path().join("keys/master");
        std::fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        assert_eq!(DataFolder::open(root.path(), true).unwrap().master_key(), &first);
        assert_eq!(mode(&file), 0o600);
    }

    #[test]
    fn a_second_server_is_told_who_is_there() {
        let root = tempfile::tempdir().unwrap();
        let first = DataFolder::open(root.path(), true).unwrap();
        let sentence = DataFolder::open(root.path(), true).unwrap_err();
        assert!(sentence.contains(&format!("in use by process {};", std::process::id())), "{sentence}");
        DataFolder::open(root.path(), false).expect("what does not ask for the lock may go on beside it");
        drop(first);
        DataFolder::open(root.path(), true).expect("the lock ends with its holder");
    }

    #[test]
    fn where_the_server_is_is_known_while_it_holds_the_lock() {
        let root = tempfile::tempdir().unwrap();
        let beside = DataFolder::open(root.path(), false).unwrap();
        assert_eq!(beside.serving(), None);
        let server = DataFolder::open(root.path(), true).unwrap();
        assert_eq!(beside.serving(), None, "it has not said so yet");
        let serving = Serving { url: "https://chat.example.org".to_owned(), trusted: vec![PathBuf::from("/a.pem")] };
        server.say_serving(&serving).unwrap();
        assert_eq!(beside.serving(), Some(serving));
        drop(server);
        assert_eq!(beside.serving(), None, "the lock ends with its holder");
    }

    #[test]
    fn a_damaged_key_stops_the_start() {
        let root = tempfile::tempdir().unwrap();
        drop(DataFolder::open(root.path(), false).unwrap());
        std::fs::write(root.path().join("keys/master"), b"short").unwrap();
        assert!(DataFolder::open(root.path(), false).unwrap_err().contains("is damaged"));
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("data");
        std::fs::write(&root, b"").unwrap();
        assert!(DataFolder::open(&root, true).unwrap_err().contains("not a folder"));
    }

    #[test]
    fn the_key_is_not_in_what_debugging_prints() {
        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(root.path(), true).unwrap();
        assert!(!format!("{folder:?}").contains("master"));
    }
}
