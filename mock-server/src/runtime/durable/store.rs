//! The store: records by key, in one file of a directory. Whoever commits a batch has all of it on the disk, or none of it.
//! Knows what keys look like, and nothing of what records say.

use std::cell::Cell;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::thread;

use redb::{
    Database, DatabaseError, ReadableDatabase as _, ReadableTable as _, StorageError,
    TableDefinition,
};

use super::batch::{Batch, MOCK, end_of, parts};
use super::disk::{Disk, Draft, Meddler};
use super::migration::{FORMAT, migrate};
use crate::domain::changes::Table;

/// What the file says about itself.
const ABOUT: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("about");
const RECORDS: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("records");
/// The key of the version of the format, among what the file says about itself.
const VERSION: &str = "format";

/// The names of the files in a directory: the records, the same until they are whole, and the lock.
const FILE: &str = "mock.redb";
const UNFINISHED: &str = "mock.redb.new";
const LOCK: &str = "lock";

/// Bytes of the file that the store keeps in memory. The mock reads everything once, and then only writes.
const CACHE: usize = 16 * 1024 * 1024;

/// Why a directory cannot be used. Nothing in it has changed then.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process uses it.
    #[error(
        "the data directory {0} is in use by another process; stop that mock first, or give each mock a directory of its own"
    )]
    Locked(PathBuf),
    /// It holds something else.
    #[error(
        "{directory} is no data directory of stepup-mock: it holds {holds}; name an empty directory, or one that does not \
         exist yet"
    )]
    Foreign {
        /// The directory.
        directory: PathBuf,
        /// One of the files in it.
        holds: String,
    },
    /// There is no such directory, and none is to be made.
    #[error("{0} is no data directory of stepup-mock: it has no file {FILE}")]
    Missing(PathBuf),
    /// It cannot be read or written.
    #[error("cannot use the data directory {directory}: {error}")]
    Unusable {
        /// The directory.
        directory: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Its records are damaged.
    #[error(
        "the data directory {directory} is damaged: {why}; restore it from a backup, or move it away and load a dump into a \
         new one"
    )]
    Corrupt {
        /// The directory.
        directory: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A newer version wrote it.
    #[error(
        "the data directory {directory} has format {format}, and this version of stepup-mock knows formats up to {FORMAT}; \
         start the version that wrote it, or a newer one"
    )]
    Newer {
        /// The directory.
        directory: PathBuf,
        /// The format.
        format: u64,
    },
}

/// What is there, as the store reads it.
pub trait Reader {
    /// Takes what the mock itself has.
    ///
    /// # Errors
    /// It cannot be.
    fn mock(&mut self, record: &[u8]) -> Result<(), String>;

    /// Takes something of a tenant.
    ///
    /// # Errors
    /// It cannot be.
    fn record(&mut self, tenant: u64, table: Table, key: &[u8], thing: &[u8])
    -> Result<(), String>;
}

/// Whether a directory is made if it is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// It is made.
    Make,
    /// That is an error.
    Refuse,
}

/// The records of a directory.
pub struct Store {
    directory: PathBuf,
    syncs: bool,
    meddler: Option<Meddler>,
    /// `None` after a commit has failed, until the file is opened once more.
    database: Option<Database>,
    /// Whether the database is a draft. It is until something is written: the crate repairs a file while it looks whether it
    /// is sound, and one that is damaged has to stay as it is.
    is_draft: bool,
    /// Held for as long as the directory is in use.
    _lock: File,
}

impl Store {
    /// The store in a directory. `syncs` says whether a commit waits for the disk.
    ///
    /// # Errors
    /// The directory cannot be used.
    pub fn open(directory: &Path, missing: Missing, syncs: bool) -> Result<Self, StoreError> {
        Self::meddled(directory, missing, syncs, None)
    }

    /// As [`open`](Self::open), with trouble of a test's making.
    ///
    /// # Errors
    /// The directory cannot be used.
    pub fn meddled(
        directory: &Path,
        missing: Missing,
        syncs: bool,
        meddler: Option<Meddler>,
    ) -> Result<Self, StoreError> {
        let unusable = |error| StoreError::Unusable {
            directory: directory.to_owned(),
            error,
        };
        let is_there = survey(directory)?;
        if !is_there && missing == Missing::Refuse {
            return Err(StoreError::Missing(directory.to_owned()));
        }
        make(directory).map_err(unusable)?;
        let lock = private(directory.join(LOCK)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(StoreError::Locked(directory.to_owned()));
            }
            Err(fs::TryLockError::Error(error)) => return Err(unusable(error)),
        }
        let mut store = Self {
            directory: directory.to_owned(),
            syncs,
            meddler,
            database: None,
            is_draft: true,
            _lock: lock,
        };
        // Looked at once more: who held the lock before may have made it.
        if !directory.join(FILE).exists() {
            store.create()?;
        }
        store.database = Some(store.database_at(&directory.join(FILE), true)?);
        store.settle_format()?;
        Ok(store)
    }

    /// Makes the file under another name, so that one that is not whole is never taken for the store.
    fn create(&self) -> Result<(), StoreError> {
        let unfinished = self.directory.join(UNFINISHED);
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(self.unusable(error));
            }
            _ => {}
        }
        let database = self.database_at(&unfinished, false)?;
        let begun = || -> Result<(), redb::Error> {
            let transaction = database.begin_write()?;
            transaction.open_table(RECORDS)?;
            transaction
                .open_table(ABOUT)?
                .insert(VERSION, FORMAT.to_string().as_bytes())?;
            transaction.commit()?;
            Ok(())
        };
        let begun = begun();
        close(Some(database));
        begun.map_err(|error| self.refused(error))?;
        let renamed = fs::rename(&unfinished, self.directory.join(FILE));
        let renamed = renamed.and_then(|()| sync_directory(&self.directory));
        renamed.map_err(|error| self.unusable(error))
    }

    fn database_at(&self, path: &Path, as_draft: bool) -> Result<Database, StoreError> {
        let file = private(path.to_owned()).map_err(|error| self.unusable(error))?;
        let opened = || {
            let mut builder = Database::builder();
            builder.set_cache_size(CACHE);
            match as_draft {
                true => builder.create_with_backend(Draft::new(file)?),
                false => {
                    let disk = Disk::new(file, self.syncs, self.meddler.clone())?;
                    builder.create_with_backend(disk)
                }
            }
        };
        let opened = quietly(opened);
        let opened = opened
            .unwrap_or_else(|_| Err(StorageError::Corrupted(CONTRADICTION.to_owned()).into()));
        opened.map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => StoreError::Locked(self.directory.clone()),
            DatabaseError::UpgradeRequired(_) => self.corrupt("it is of another kind of store"),
            DatabaseError::Storage(error) => self.refused(error.into()),
            other => self.corrupt(&other.to_string()),
        })
    }

    fn reopen(&mut self) -> Result<(), StoreError> {
        // The old one has the lock of the file.
        close(self.database.take());
        self.database = Some(self.database_at(&self.directory.join(FILE), false)?);
        self.is_draft = false;
        Ok(())
    }

    /// Brings an older format up to date.
    fn settle_format(&mut self) -> Result<(), StoreError> {
        let read = self.guarded(|database| {
            let transaction = database.begin_read()?;
            let table = transaction.open_table(ABOUT)?;
            let version = table.get(VERSION)?;
            Ok(version.map(|version| String::from_utf8_lossy(version.value()).into_owned()))
        })?;
        let format = read.as_deref().and_then(|text| text.parse::<u64>().ok());
        match format {
            None => Err(self.corrupt("it does not say which format it has")),
            Some(FORMAT) => Ok(()),
            Some(format) if format > FORMAT => Err(StoreError::Newer {
                directory: self.directory.clone(),
                format,
            }),
            Some(format) => self.migrate_from(format),
        }
    }

    /// All or nothing, so an interrupted one begins again.
    fn migrate_from(&mut self, format: u64) -> Result<(), StoreError> {
        self.check()?;
        self.reopen()?;
        let migrated = self.guarded(|database| {
            let transaction = database.begin_write()?;
            let done = {
                let mut records = transaction.open_table(RECORDS)?;
                migrate(&mut records, format)
            };
            if done.is_ok() {
                transaction
                    .open_table(ABOUT)?
                    .insert(VERSION, FORMAT.to_string().as_bytes())?;
                transaction.commit()?;
            }
            Ok(done)
        })?;
        migrated.map_err(|why| self.corrupt(&why))?;
        tracing::info!(from = format, to = FORMAT, "migrated the data directory");
        Ok(())
    }

    /// Runs something that reads or writes the file.
    fn guarded<T>(
        &mut self,
        step: impl FnOnce(&Database) -> Result<T, redb::Error>,
    ) -> Result<T, StoreError> {
        let Some(database) = &self.database else {
            return Err(self.corrupt("it is closed"));
        };
        match quietly(|| step(database)) {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(self.refused(error)),
            Err(_) => Err(self.corrupt(CONTRADICTION)),
        }
    }

    fn unusable(&self, error: io::Error) -> StoreError {
        StoreError::Unusable {
            directory: self.directory.clone(),
            error,
        }
    }

    fn corrupt(&self, why: &str) -> StoreError {
        StoreError::Corrupt {
            directory: self.directory.clone(),
            why: why.to_owned(),
        }
    }

    fn refused(&self, error: redb::Error) -> StoreError {
        match error {
            redb::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                self.corrupt(&format!("{FILE} is of something else"))
            }
            // The file ends too early.
            redb::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                self.corrupt(&format!("{FILE} is cut off"))
            }
            redb::Error::Io(error) => self.unusable(error),
            redb::Error::Corrupted(why) => self.corrupt(&why),
            other => self.corrupt(&other.to_string()),
        }
    }

    /// Compares every page of the file with its checksum. Returns whether all are as they were written.
    ///
    /// # Errors
    /// The file is damaged beyond repair.
    pub fn check(&mut self) -> Result<bool, StoreError> {
        let Some(mut database) = self.database.take() else {
            return Err(self.corrupt("it is closed"));
        };
        let checked = quietly(move || {
            let sound = database.check_integrity();
            (database, sound)
        });
        match checked {
            Ok((database, Ok(sound))) => {
                self.database = Some(database);
                Ok(sound)
            }
            Ok((database, Err(error))) => {
                close(Some(database));
                Err(match error {
                    DatabaseError::Storage(error) => self.refused(error.into()),
                    error => self.corrupt(&error.to_string()),
                })
            }
            Err(_) => Err(self.corrupt(CONTRADICTION)),
        }
    }

    /// Gives room that is not used back to the file system, and closes the file. Returns its bytes before and after.
    ///
    /// # Errors
    /// It cannot be done.
    pub fn compact(&mut self) -> Result<(u64, u64), StoreError> {
        let before = self.size()?;
        if self.is_draft {
            self.check()?;
            self.reopen()?;
        }
        let Some(mut database) = self.database.take() else {
            return Err(self.corrupt("it is closed"));
        };
        let compacted = quietly(|| database.compact());
        // The file has its length once it is closed.
        close(Some(database));
        match compacted {
            Ok(Ok(_)) => Ok((before, self.size()?)),
            Ok(Err(error)) => Err(self.corrupt(&error.to_string())),
            Err(_) => Err(self.corrupt(CONTRADICTION)),
        }
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// It cannot be looked at.
    pub fn size(&self) -> Result<u64, StoreError> {
        let about = fs::metadata(self.directory.join(FILE));
        about
            .map(|about| about.len())
            .map_err(|error| self.unusable(error))
    }

    /// Reads everything. Returns how many records there are.
    ///
    /// # Errors
    /// The file is damaged, or a record cannot be.
    pub fn read(&mut self, reader: &mut impl Reader) -> Result<u64, StoreError> {
        let (read, count) = self.guarded(|database| {
            let transaction = database.begin_read()?;
            let table = transaction.open_table(RECORDS)?;
            let mut count = 0;
            for record in table.iter()? {
                let (key, thing) = record?;
                let (key, thing) = (key.value(), thing.value());
                let taken = match parts(key) {
                    _ if key == MOCK => reader.mock(thing),
                    Some((tenant, table, id)) => reader
                        .record(tenant, table, id, thing)
                        .map_err(|why| format!("tenant {tenant}, {table:?}: {why}")),
                    None => Err("a record has no such key".to_owned()),
                };
                if let Err(why) = taken {
                    return Ok((Err(why), count));
                }
                count += 1;
            }
            Ok((Ok(()), count))
        })?;
        read.map_err(|why| self.corrupt(&why))?;
        Ok(count)
    }

    /// Makes a batch durable. After a failure, the next call opens the file again; the batch may be committed once more.
    ///
    /// # Errors
    /// It is not durable.
    pub fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        if self.database.is_none() || self.is_draft {
            self.reopen()?;
        }
        let committed = self.guarded(|database| {
            let transaction = database.begin_write()?;
            {
                let mut records = transaction.open_table(RECORDS)?;
                for beginning in &batch.cleared {
                    let from = beginning.as_slice();
                    match end_of(beginning) {
                        Some(end) => records.retain_in(from..end.as_slice(), |_, _| false)?,
                        None => records.retain_in(from.., |_, _| false)?,
                    }
                }
                for (key, thing) in &batch.records {
                    match thing {
                        Some(thing) => records.insert(key.as_slice(), thing.as_slice())?,
                        None => records.remove(key.as_slice())?,
                    };
                }
            }
            transaction.commit()?;
            Ok(())
        });
        if committed.is_err() {
            // It refuses everything from now on.
            close(self.database.take());
        }
        committed
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        close(self.database.take());
    }
}

/// Closes a file. The crate writes then, and panics at a file that is damaged.
fn close(database: Option<Database>) {
    // What could not be written is what a loss of power would have lost.
    let _ = quietly(|| drop(database));
}

/// What is wrong with a file at which the crate has panicked.
const CONTRADICTION: &str = "its pages contradict each other";

/// Runs something that trusts the file. The crate panics at some files that somebody has changed, and its words would tell
/// the user nothing.
fn quietly<T>(step: impl FnOnce() -> T) -> thread::Result<T> {
    thread_local! {
        static IS_QUIET: Cell<bool> = const { Cell::new(false) };
    }
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |about| {
            if !IS_QUIET.get() {
                hook(about);
            }
        }));
    });
    let before = IS_QUIET.replace(true);
    let done = catch_unwind(AssertUnwindSafe(step));
    IS_QUIET.set(before);
    done
}

/// Whether a directory has a store.
fn survey(directory: &Path) -> Result<bool, StoreError> {
    let unusable = |error| StoreError::Unusable {
        directory: directory.to_owned(),
        error,
    };
    let mut foreign = None;
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(unusable(error)),
    };
    for entry in entries {
        let name = entry.map_err(unusable)?.file_name();
        match name.to_str() {
            Some(FILE) => return Ok(true),
            Some(UNFINISHED | LOCK) => {}
            _ => foreign = Some(name),
        }
    }
    match foreign {
        Some(name) => Err(StoreError::Foreign {
            directory: directory.to_owned(),
            holds: name.to_string_lossy().into_owned(),
        }),
        None => Ok(false),
    }
}

/// Makes a directory that only its owner can read: it holds secrets.
fn make(directory: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// A file that only its owner can read.
fn private(path: PathBuf) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes the names in a directory durable, where directories can be opened.
fn sync_directory(directory: &Path) -> io::Result<()> {
    match cfg!(unix) {
        true => File::open(directory)?.sync_all(),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{ABOUT, Batch, Missing, Store, StoreError, VERSION};

    fn open(directory: &Path) -> Result<Store, StoreError> {
        Store::open(directory, Missing::Make, false)
    }

    /// A directory whose file says this about its format.
    fn of_format(format: Option<&str>) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        let mut store = open(directory.path()).unwrap();
        store.reopen().unwrap();
        let transaction = store.database.as_ref().unwrap().begin_write().unwrap();
        let mut about = transaction.open_table(ABOUT).unwrap();
        match format {
            Some(format) => drop(about.insert(VERSION, format.as_bytes()).unwrap()),
            None => drop(about.remove(VERSION).unwrap()),
        }
        drop(about);
        transaction.commit().unwrap();
        directory
    }

    #[test]
    fn a_newer_format_is_refused_in_words_and_so_is_one_that_never_was() {
        let refused = |format| open(of_format(format).path()).err().unwrap().to_string();
        let newer = refused(Some("2"));
        assert!(newer.contains("has format 2, and this version"), "{newer}");
        assert!(newer.contains("start the version that wrote it"), "{newer}");
        assert!(refused(Some("0")).contains("never a format 0"));
        for unreadable in [None, Some("one")] {
            let damaged = refused(unreadable);
            assert!(damaged.contains("does not say which format"), "{damaged}");
        }
        assert!(open(of_format(Some("1")).path()).is_ok());
    }

    #[test]
    fn a_damaged_file_is_refused_or_read_without_a_panic_and_one_that_is_refused_stays_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("mock.redb");
        let mut batch = Batch::default();
        for number in 0..2_000_u32 {
            let key = number.to_be_bytes().to_vec();
            batch.records.insert(key, Some(vec![7; 200]));
        }
        let mut store = open(directory.path()).unwrap();
        store.commit(&batch).unwrap();
        drop(store);
        let sound = std::fs::read(&file).unwrap();
        // A generator of numbers whose quality matters little.
        let mut state = 1_u64;
        let mut next = |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            usize::try_from(state >> 33).unwrap() % below
        };
        let mut refused = 0;
        for round in 0..60 {
            let mut damaged = sound.clone();
            // The first pages say where the others are.
            let below = if round % 2 == 0 {
                damaged.len()
            } else {
                16_384
            };
            for _ in 0..[1, 3, 30][round % 3] {
                damaged[next(below)] ^= 1 << next(8);
            }
            std::fs::write(&file, &damaged).unwrap();
            let checked = open(directory.path()).and_then(|mut store| {
                let sound = store.check()?;
                Ok(sound)
            });
            if checked.is_err() {
                refused += 1;
                assert!(std::fs::read(&file).unwrap() == damaged, "round {round}");
            }
        }
        assert!(refused > 20, "{refused}");
    }

    #[test]
    fn a_file_that_was_not_whole_when_its_making_ended_is_made_anew() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("mock.redb.new"), "half a file").unwrap();
        assert!(open(directory.path()).is_ok());
        assert!(!directory.path().join("mock.redb.new").exists());
    }

    #[test]
    #[cfg(unix)]
    fn only_its_owner_can_read_a_directory() {
        use std::os::unix::fs::PermissionsExt as _;

        let directory = tempfile::tempdir().unwrap();
        let own = directory.path().join("a").join("b");
        drop(open(&own).unwrap());
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&own), mode(&own.join("mock.redb"))), (0o700, 0o600));
    }
}
