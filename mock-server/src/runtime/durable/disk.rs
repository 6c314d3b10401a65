//! The file beneath the store, or a draft of it: what is written to a draft changes no file. Tests put trouble between the two: a full disk, a write that stops half-way, an fsync that
//! fails. Knows no record.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex};

use redb::backends::FileBackend;
use redb::{DatabaseError, StorageBackend};

use crate::runtime::lock::lock;

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

/// Bytes of a block of a draft.
const BLOCK: usize = 4096;

/// A file as it would be after some writes, which are in memory.
pub(super) struct Draft {
    file: FileBackend,
    changes: Mutex<Changes>,
}

struct Changes {
    length: u64,
    /// How much of the file counts: what was cut off stays away.
    of_file: u64,
    /// What differs from the file, by the number of the block.
    blocks: BTreeMap<u64, Box<[u8; BLOCK]>>,
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

impl Draft {
    /// A draft of that file.
    pub(super) fn new(file: File) -> Result<Self, DatabaseError> {
        let file = FileBackend::new(file)?;
        let length = file.len().map_err(redb::StorageError::Io)?;
        let changes = Changes {
            length,
            of_file: length,
            blocks: BTreeMap::new(),
        };
        Ok(Self {
            file,
            changes: Mutex::new(changes),
        })
    }

    /// A block as it is now.
    fn block(&self, changes: &Changes, number: u64) -> io::Result<Box<[u8; BLOCK]>> {
        if let Some(block) = changes.blocks.get(&number) {
            return Ok(block.clone());
        }
        let mut block = Box::new([0; BLOCK]);
        let from = number * BLOCK as u64;
        let there = changes.of_file.saturating_sub(from).min(BLOCK as u64);
        let there = usize::try_from(there).unwrap_or(BLOCK);
        if let Some(part) = block.get_mut(..there).filter(|part| !part.is_empty()) {
            self.file.read(from, part)?;
        }
        Ok(block)
    }

    /// Goes through the blocks of a range: the number of each, where the range begins in it, and which bytes of the range
    /// are in it.
    fn blocks(
        offset: u64,
        length: usize,
    ) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
        let mut done = 0;
        std::iter::from_fn(move || {
            let at = offset + done as u64;
            let within = usize::try_from(at % BLOCK as u64).unwrap_or_default();
            let count = (BLOCK - within).min(length - done);
            let part = done..done + count;
            done += count;
            (count > 0).then_some((at / BLOCK as u64, within, part))
        })
    }
}

impl StorageBackend for Draft {
    fn len(&self) -> Result<u64, io::Error> {
        Ok(lock(&self.changes).length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        let changes = lock(&self.changes);
        let end = offset.checked_add(out.len() as u64);
        if end.is_none_or(|end| end > changes.length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if changes.blocks.is_empty() && changes.of_file == changes.length {
            return self.file.read(offset, out);
        }
        for (number, within, part) in Self::blocks(offset, out.len()) {
            let block = self.block(&changes, number)?;
            let length = part.len();
            out[part].copy_from_slice(&block[within..within + length]);
        }
        Ok(())
    }

    fn set_len(&self, length: u64) -> Result<(), io::Error> {
        let mut changes = lock(&self.changes);
        if length < changes.length {
            let (last, within) = (length / BLOCK as u64, length % BLOCK as u64);
            let mut block = self.block(&changes, last)?;
            block[usize::try_from(within).unwrap_or_default()..].fill(0);
            changes.blocks.retain(|number, _| *number < last);
            changes.blocks.insert(last, block);
            changes.of_file = changes.of_file.min(length);
        }
        changes.length = length;
        Ok(())
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        let mut changes = lock(&self.changes);
        for (number, within, part) in Self::blocks(offset, data.len()) {
            let mut block = self.block(&changes, number)?;
            block[within..within + part.len()].copy_from_slice(&data[part]);
            changes.blocks.insert(number, block);
        }
        changes.length = changes.length.max(offset.saturating_add(data.len() as u64));
        Ok(())
    }

    fn close(&self) -> Result<(), io::Error> {
        self.file.close()
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
