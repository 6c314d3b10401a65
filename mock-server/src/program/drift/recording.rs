//! The file of `proxy --record`: a step for each request that can be replayed, and how many cannot, by reason. Knows no
//! network.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::exchange::{RECORDED, head, line};
use super::record::{Recorder, Seen};
use crate::bounds::{FILE, PROXY_REASONS};
use crate::program::visible::visible;

/// A recording that goes on.
pub(super) struct Recording {
    name: PathBuf,
    /// Nothing once it is full or cannot be written.
    file: Option<File>,
    length: usize,
    recorder: Recorder,
    steps: usize,
    left_out: BTreeMap<String, usize>,
}

impl Recording {
    /// Begins a file, which must not exist: what is in one could be worth something.
    ///
    /// # Errors
    ///
    /// It exists, or it cannot be written.
    pub(super) fn new(name: &Path) -> anyhow::Result<Self> {
        let mut options = File::options();
        options.write(true).create_new(true);
        // What an application calls by a name of its own may be private, although nobody can know that here.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(name);
        let shown = name.display();
        let mut file = file.with_context(|| {
            format!("cannot create {shown}; --record needs the name of a new file")
        })?;
        let head = head();
        file.write_all(head.as_bytes())
            .with_context(|| format!("cannot write {shown}"))?;
        let mut recorder = Recorder::default();
        recorder.begin(RECORDED);
        Ok(Self {
            name: name.to_owned(),
            file: Some(file),
            length: head.len(),
            recorder,
            steps: 0,
            left_out: BTreeMap::new(),
        })
    }

    /// Records a request and its answer, and gives what is to be told of it.
    pub(super) fn take(&mut self, seen: &Seen<'_>) -> Option<String> {
        let step = match self.recorder.take(seen) {
            Ok(step) => step,
            Err(why) => {
                self.leave_out(why);
                return None;
            }
        };
        let file = self.file.as_mut()?;
        let line = line(&step);
        let name = self.name.display();
        if self.length + line.len() > FILE {
            self.file = None;
            return Some(format!("{name} is full; later requests are not recorded\n"));
        }
        if let Err(error) = file.write_all(line.as_bytes()) {
            let told = format!("cannot write {name}: {error}; later requests are not recorded\n");
            self.file = None;
            return Some(told);
        }
        self.length += line.len();
        self.steps += 1;
        None
    }

    /// Counts a request that is not recorded.
    pub(super) fn leave_out(&mut self, why: String) {
        if self.left_out.len() < PROXY_REASONS || self.left_out.contains_key(&why) {
            *self.left_out.entry(why).or_default() += 1;
        }
    }

    /// What was recorded, and what was not.
    pub(super) fn summary(&self) -> String {
        let are = |count: usize, one: &str, many: &str| match count {
            1 => format!("1 request {one}"),
            count => format!("{count} requests {many}"),
        };
        let recorded = are(self.steps, "is in", "are in");
        let mut text = format!("{recorded} {}\n", self.name.display());
        for (why, count) in &self.left_out {
            let left_out = are(
                *count,
                "could not be recorded, because",
                "could not be recorded, each because",
            );
            let _ = writeln!(text, "{left_out} {}", visible(why));
        }
        text
    }
}
