//! `--watch`: loads the seed again when its file or the configuration file changes. Knows no tenant.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::settings::Settings;
use crate::runtime::App;
use crate::runtime::seed::{NAMES, Seed};

/// How often the files are looked at. Looking works where the operating system sends no notice, such as in a folder that a
/// container shares with its host.
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

    /// The files, with what shows that one has changed. A configuration that cannot be read names no seed.
    fn state(&self) -> Vec<(PathBuf, Option<(SystemTime, u64)>)> {
        let settings = self.settings().unwrap_or_else(|_| self.flags.clone());
        let seed = settings.seed.filter(|seed| !NAMES.contains(&&**seed));
        let files = self.config.iter().cloned().chain(seed.map(PathBuf::from));
        files
            .map(|file| {
                let state = looks(&file);
                (file, state)
            })
            .collect()
    }
}

/// When a file was written, and its size; `None` if it is not there.
fn looks(file: &Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// Loads the seed again after each change, for as long as it is polled. A seed that cannot be loaded changes nothing.
pub(super) async fn watch(app: Arc<App>, sources: Sources) {
    let mut loaded = sources.state();
    if loaded.is_empty() {
        tracing::warn!("--watch has no file to look at; name one with --seed or --config");
    }
    let mut seen = loaded.clone();
    loop {
        tokio::time::sleep(PAUSE).await;
        let before = std::mem::replace(&mut seen, sources.state());
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
