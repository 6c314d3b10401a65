//! `stepup-mock health`: whether a mock answers. Knows nothing of what a mock does.

use std::time::{Duration, Instant};

use super::{RunningMock, say, text};

/// How long a script that waits for a mock waits between two tries.
const PAUSE: Duration = Duration::from_millis(50);

/// How long a mock has for its answer. One that is up answers at once.
const PATIENCE: Duration = Duration::from_secs(5);

/// Fails unless a mock answers, at once or within `wait` seconds.
pub(super) fn run(mock: &RunningMock, wait: Option<u32>) -> anyhow::Result<()> {
    let until = wait.map(|seconds| Instant::now() + Duration::from_secs(seconds.into()));
    loop {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let error = match ask(
            mock,
            left.map_or(PATIENCE, |left| left.clamp(PAUSE, PATIENCE)),
        ) {
            Ok(version) => {
                let url = super::without_credentials(&mock.url);
                return say(&format!("{url}: stepup-mock {version} is up"));
            }
            Err(error) => error,
        };
        if until.is_none_or(|until| Instant::now() >= until) {
            return Err(error);
        }
        // Nothing tells a program that another begins to listen.
        std::thread::sleep(PAUSE);
    }
}

/// The version of the mock that answers.
fn ask(mock: &RunningMock, patience: Duration) -> anyhow::Result<String> {
    let health =
        mock.call(|http, url| http.get(format!("{url}/_mock/health")).timeout(patience))?;
    let version = text(&health["version"]);
    anyhow::ensure!(
        health["status"] == "ok" && !version.is_empty(),
        "{} answers, but it is not a stepup-mock; give the URL of one with --url",
        super::without_credentials(&mock.url)
    );
    Ok(version.to_owned())
}
