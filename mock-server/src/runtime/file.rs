//! Reads what a user gives the program, a file or standard input, up to a bound. Knows no form of it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::bounds::FILE;

/// The bytes of the file at a path.
///
/// # Errors
/// It cannot be read, or has more than [`FILE`] bytes, as a device that never ends does.
pub fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    read_bounded(File::open(path)?)
}

/// The text of the file at a path.
///
/// # Errors
/// As [`read_file`], or it is not UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    let text = String::from_utf8(read_file(path)?);
    text.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text"))
}

/// The bytes of a source.
///
/// # Errors
/// It cannot be read, or has more than [`FILE`] bytes.
pub fn read_bounded(source: impl Read) -> io::Result<Vec<u8>> {
    let most = u64::try_from(FILE).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    source
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if bytes.len() > FILE {
        let why = format!("it has more than {FILE} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, repeat};

    use super::{FILE, read_bounded};

    #[test]
    fn a_source_that_never_ends_is_refused() {
        let error = read_bounded(repeat(0)).unwrap_err();
        let why = format!("more than {FILE} bytes");
        assert!(error.to_string().contains(&why), "{error}");
        let largest = vec![b'x'; FILE];
        assert_eq!(read_bounded(Cursor::new(&largest)).unwrap().len(), FILE);
    }
}
