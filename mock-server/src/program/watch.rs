//! `--watch`: loads the seed again when its file or the configuration file changes. Knows no tenant.

use std::fs::File;
use std::hash::{DefaultHasher, Hasher as _};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::settings::Settings;
use crate::runtime::App;
use crate::runtime::seed::{NAMES, Seed};

/// The time between two looks at the files. The operating system's notices are no substitute: a folder that a container
/// shares with its host may send none.
const PAUSE: Duration = Duration::from_millis(200);

/// What the seed is made of.
#[derive(Clone)]
pub(super) struct Sources {
    /// What the command line and the environment say.
    pub(super) flags: Settings,
    /// The configuration file.
    pub(super) config: Option<PathBuf>,
}

impl Sources {
    /// The settings as the files are now.
    ///
    /// # Errors
    /// The configuration file cannot be read, or it is invalid.
    pub(super) fn settings(&self) -> anyhow::Result<Settings> {
        self.flags.clone().or_file(self.config.as_deref())
    }

    fn seed(&self) -> anyhow::Result<Seed> {
        self.settings()?.seed()
    }

    /// The file of the seed, if it has one. While the configuration is invalid, only the flags count.
    fn seed_file(&self) -> Option<PathBuf> {
        let settings = self.settings().unwrap_or_else(|_| self.flags.clone());
        let seed = settings.seed.filter(|seed| !NAMES.contains(&&**seed));
        seed.map(PathBuf::from)
    }
}

/// The size of the largest file whose contents are compared, too, at each look. Of a larger one, a change counts only if its
/// time or its size is another.
const COMPARED: u64 = 1024 * 1024;

/// When a file was written, its size, and a hash of its contents; `None` if there is no such file. An edit can keep the time and
/// the size: `cp -p` and `touch -r` keep the time, and some file systems count only whole seconds.
type State = Option<(SystemTime, u64, Option<u64>)>;

fn state(file: &Path) -> State {
    let metadata = std::fs::metadata(file).ok()?;
    let (written, size) = (metadata.modified().ok()?, metadata.len());
    // What is no file, such as a pipe, might never end.
    let is_compared = metadata.is_file() && size <= COMPARED;
    let contents = is_compared.then(|| contents(file)).flatten();
    Some((written, size, contents))
}

/// A hash of the contents, up to the size that is compared.
fn contents(file: &Path) -> Option<u64> {
    let mut read = Vec::new();
    let file = File::open(file).ok()?;
    file.take(COMPARED).read_to_end(&mut read).ok()?;
    let mut hasher = DefaultHasher::new();
    hasher.write(&read);
    Some(hasher.finish())
}

/// The files to look at.
struct Watched {
    sources: Sources,
    /// The state in which the configuration was read.
    config: Option<State>,
    seed: Option<PathBuf>,
}

impl Watched {
    fn new(sources: Sources) -> Self {
        Self {
            config: sources.config.as_deref().map(state),
            seed: sources.seed_file(),
            sources,
        }
    }

    /// The files and their states. Reads the configuration only if it has changed, to find the file of the seed.
    fn look(&mut self) -> Vec<(PathBuf, State)> {
        let config = self.sources.config.as_deref().map(state);
        if config != self.config {
            self.config = config;
            self.seed = self.sources.seed_file();
        }
        let seed = self.seed.clone().map(|file| (state(&file), file));
        let files = config.zip(self.sources.config.clone()).into_iter();
        files
            .chain(seed)
            .map(|(state, file)| (file, state))
            .collect()
    }
}

/// Loads the seed again after each change, for as long as it is polled. A seed that cannot be loaded changes nothing.
pub(super) async fn watch(app: Arc<App>, sources: Sources) {
    let mut watched = Watched::new(sources.clone());
    let mut loaded = watched.look();
    if loaded.is_empty() {
        tracing::warn!("--watch has no file to watch; name one with --seed or --config");
    }
    let mut seen = loaded.clone();
    loop {
        tokio::time::sleep(PAUSE).await;
        let before = std::mem::replace(&mut seen, watched.look());
        // Somebody may still be writing: two looks must agree.
        if seen != before || seen == loaded {
            continue;
        }
        loaded.clone_from(&seen);
        let (app, sources) = (Arc::clone(&app), sources.clone());
        let reload = move || {
            let tenants = app.reseed(sources.seed()?)?;
            Ok::<_, anyhow::Error>(tenants)
        };
        // Reading and planting may take long.
        match tokio::task::spawn_blocking(reload).await {
            Ok(Ok(tenants)) => tracing::info!(tenants, "loaded the seed again"),
            Ok(Err(error)) => {
                tracing::error!(
                    "cannot load the seed again, so the mock goes on as before: {error:#}"
                );
            }
            // The mock is stopping.
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{COMPARED, Settings, Sources, Watched, state};

    #[test]
    fn an_edit_that_keeps_the_time_and_the_size_is_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("seed.json");
        let written = |text: &[u8]| {
            fs::write(&file, text).unwrap();
            let opened = fs::File::options().write(true).open(&file).unwrap();
            opened.set_modified(std::time::UNIX_EPOCH).unwrap();
            state(&file)
        };
        let first = written(b"{\"a\": 1}");
        assert!(first.is_some());
        assert_ne!(first, written(b"{\"a\": 2}"));
        assert_eq!(first, written(b"{\"a\": 1}"));
        // A large one is not read at each look.
        let mut large = vec![b' '; usize::try_from(COMPARED).unwrap() + 1];
        let first = written(&large);
        large[0] = b'x';
        assert_eq!(first, written(&large));
        assert_eq!(state(&folder.path().join("absent")), None);
    }

    #[test]
    fn the_seed_that_a_changed_configuration_names_is_watched() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let config = at("mock.toml");
        fs::write(&config, "seed = \"a.json\"").unwrap();
        let mut watched = Watched::new(Sources {
            flags: Settings::default(),
            config: Some(config.clone()),
        });
        let mut seeds = || {
            let files = watched.look().into_iter();
            files.map(|(file, _)| file).collect::<Vec<_>>()
        };
        assert_eq!(seeds(), [config.clone(), at("a.json")]);
        fs::write(&config, "seed = \"another.json\"").unwrap();
        assert_eq!(seeds(), [config.clone(), at("another.json")]);
        fs::write(&config, "seed = \"demo\"").unwrap();
        assert_eq!(seeds().len(), 1);
        fs::write(&config, "seed").unwrap();
        assert_eq!(seeds(), [config]);
    }
}
