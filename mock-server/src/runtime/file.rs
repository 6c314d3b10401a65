//! Reads what a user gives the program, a file or standard input, up to a bound. Knows no form of it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::bounds::FILE;
use crate::unambiguous::{MARK, encoding_fault};

/// The bytes of the file at a path.
///
/// # Errors
/// It cannot be read, or has more than [`FILE`] bytes, as a device that never ends does.
pub fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    read_bounded(File::open(path)?)
}

/// The text of the file at a path, without a byte order mark, which editors on Windows write.
///
/// # Errors
/// As [`read_file`], or it is not UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    text(read_file(path)?).map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why))
}

fn text(mut bytes: Vec<u8>) -> Result<String, &'static str> {
    if bytes.starts_with(MARK) {
        bytes.drain(..MARK.len());
    }
    String::from_utf8(bytes).map_err(|error| match encoding_fault(error.as_bytes()) {
        Some(_) => "it is UTF-16; save it as UTF-8",
        None => "it is not UTF-8 text",
    })
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

    use super::{FILE, read_bounded, text};

    #[test]
    fn a_text_is_utf_8_with_or_without_a_byte_order_mark() {
        for (bytes, read) in [
            (&b"a"[..], Ok("a")),
            (b"\xef\xbb\xbfa", Ok("a")),
            (b"\xff\xfea\0", Err("it is UTF-16; save it as UTF-8")),
            (b"\xfe\xff\0a", Err("it is UTF-16; save it as UTF-8")),
            (b"a\xff", Err("it is not UTF-8 text")),
        ] {
            let found = text(bytes.to_vec());
            assert_eq!(found.as_deref().map_err(|why| *why), read, "{bytes:?}");
        }
    }

    #[test]
    fn a_source_that_never_ends_is_refused() {
        let error = read_bounded(repeat(0)).unwrap_err();
        let why = format!("more than {FILE} bytes");
        assert!(error.to_string().contains(&why), "{error}");
        let largest = vec![b'x'; FILE];
        assert_eq!(read_bounded(Cursor::new(&largest)).unwrap().len(), FILE);
    }
}
