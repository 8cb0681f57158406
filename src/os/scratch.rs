//! Files without a name, for what does not fit in memory.
//!
//! Such a file is gone with its last descriptor, however the process ends: there is nothing to
//! clean up. This module knows nothing of what is written to them.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

/// Where temporary files go when nobody says: `TMPDIR`, else `/tmp`.
#[must_use]
pub fn default_folder() -> PathBuf {
    std::env::temp_dir()
}

/// Makes an empty file without a name in a folder, to be read and written by this process only.
///
/// A file system that has no unnamed files gets one with a random name that is removed again at
/// once. Only a process that is killed between these two calls leaves it behind, empty.
///
/// # Errors
///
/// When the folder is not there or takes no files.
pub fn unnamed_file(folder: &Path) -> io::Result<File> {
    tempfile::tempfile_in(folder)
}

/// Whether a write failed because there is no more room: on the disk, in the quota, or in the
/// size that a file of this process may have.
#[must_use]
pub fn is_full(error: &io::Error) -> bool {
    let full = [Errno::NOSPC, Errno::DQUOT, Errno::FBIG];
    full.iter().any(|full| error.raw_os_error() == Some(full.raw_os_error()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::FileExt as _;

    #[test]
    fn a_file_has_no_name_and_keeps_what_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = unnamed_file(folder.path()).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        file.write_all_at(b"digest", 7).unwrap();
        let mut read = [0; 6];
        file.read_exact_at(&mut read, 7).unwrap();
        assert_eq!(&read, b"digest");
    }

    #[test]
    fn a_folder_that_is_not_there_or_is_none_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing");
        assert_eq!(unnamed_file(&missing).unwrap_err().kind(), io::ErrorKind::NotFound);
        std::fs::write(&missing, "a file").unwrap();
        assert_eq!(unnamed_file(&missing).unwrap_err().kind(), io::ErrorKind::NotADirectory);
    }
}
