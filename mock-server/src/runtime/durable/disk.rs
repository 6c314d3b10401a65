//! The file beneath the store. Tests put trouble between the two: a full disk, a write that stops half-way, an fsync that
//! fails. Knows no record.

use std::fmt;
use std::fs::File;
use std::io;
use std::sync::Arc;

use redb::backends::FileBackend;
use redb::{DatabaseError, StorageBackend};

/// What the store asks of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// To write so many bytes.
    Write(usize),
    /// To be so long.
    Grow,
    /// To be on the disk.
    Sync,
}

/// What goes wrong: an error, after so many bytes of a write.
#[derive(Debug)]
pub struct Trouble {
    /// The error.
    pub error: io::Error,
    /// How many bytes are written before.
    pub after: usize,
}

/// What decides whether an access goes wrong. Only tests have one.
pub type Meddler = Arc<dyn Fn(Access) -> Option<Trouble> + Send + Sync>;

/// The file of a store.
pub(super) struct Disk {
    file: FileBackend,
    /// Whether what is committed has to be on the disk, and not only with the operating system.
    syncs: bool,
    meddler: Option<Meddler>,
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

impl Disk {
    /// That file.
    pub(super) fn new(
        file: File,
        syncs: bool,
        meddler: Option<Meddler>,
    ) -> Result<Self, DatabaseError> {
        Ok(Self {
            file: FileBackend::new(file)?,
            syncs,
            meddler,
        })
    }

    fn trouble(&self, access: Access) -> Option<Trouble> {
        self.meddler.as_ref().and_then(|meddler| meddler(access))
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> Result<u64, io::Error> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        match self.trouble(Access::Grow) {
            Some(trouble) => Err(trouble.error),
            None => self.file.set_len(len),
        }
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        match self.trouble(Access::Sync) {
            Some(trouble) => Err(trouble.error),
            None if self.syncs => self.file.sync_data(),
            None => Ok(()),
        }
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        let Some(trouble) = self.trouble(Access::Write(data.len())) else {
            return self.file.write(offset, data);
        };
        let written = data.get(..trouble.after).unwrap_or(data);
        self.file.write(offset, written)?;
        Err(trouble.error)
    }

    fn close(&self) -> Result<(), io::Error> {
        self.file.close()
    }
}
