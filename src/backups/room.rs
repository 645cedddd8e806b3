//! Whether the disks have room: rather said before than found in the middle, and never at the cost of what the program has to write.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::trouble::Trouble;

/// What is left to the program that runs, on the disk of its database: with less than this its writes begin to fail.
pub(super) const LEFT_FREE: u64 = 64 * 1024 * 1024;

/// Holds what is needed in each place against what its disk has; places on one disk share it. A disk that does not say is believed.
pub(super) fn expect_room(needs: &[(&Path, u64)]) -> Result<(), Trouble> {
    let mut disks: BTreeMap<u64, (PathBuf, u64)> = BTreeMap::new();
    for (place, bytes) in needs {
        let Ok(found) = place.metadata() else { continue };
        disks.entry(found.dev()).or_insert_with(|| ((*place).to_owned(), 0)).1 += bytes;
    }
    for (place, bytes) in disks.into_values() {
        let Ok(disk) = nix::sys::statvfs::statvfs(&place) else { continue };
        if disk.blocks_available().saturating_mul(disk.fragment_size()) < bytes {
            return Err(Trouble::Full(place));
        }
    }
    Ok(())
}

/// What the files below a folder take; none when it is not there.
pub(super) fn bytes_below(folder: &Path) -> std::io::Result<u64> {
    let entries = match folder.read_dir() {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let mut sum = 0;
    for entry in entries {
        let entry = entry?;
        let kind = entry.file_type()?;
        sum += match entry.metadata() {
            _ if kind.is_dir() => bytes_below(&entry.path())?,
            Ok(found) if kind.is_file() => found.len(),
            _ => 0,
        };
    }
    Ok(sum)
}
