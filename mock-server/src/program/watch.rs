//! `--watch`: loads the seed again when its file or the configuration file changes. Knows no tenant.

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

/// When a file was written, and its size; `None` if there is no such file.
type State = Option<(SystemTime, u64)>;

fn state(file: &Path) -> State {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
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

    use super::{Settings, Sources, Watched};

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
