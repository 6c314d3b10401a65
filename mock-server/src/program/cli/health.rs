//! `stepup-mock health`: whether a mock answers. Knows nothing of what a mock does.

use std::time::{Duration, Instant};

use super::{RunningMock, say, text};

/// How long a script that waits for a mock waits between two tries.
const PAUSE: Duration = Duration::from_millis(50);

/// Fails unless a mock answers, at once or within `wait`.
pub(super) fn run(mock: &RunningMock, wait: Option<u32>) -> anyhow::Result<()> {
    let until = Instant::now() + Duration::from_secs(wait.map_or(0, u64::from));
    loop {
        match mock.call(|http, url| http.get(format!("{url}/_mock/health"))) {
            Ok(health) => {
                let version = text(&health["version"]);
                let url = super::without_credentials(&mock.url);
                return say(&format!("{url}: stepup-mock {version} is up"));
            }
            Err(error) if Instant::now() >= until => return Err(error),
            // Nothing tells a program that another begins to listen.
            Err(_) => std::thread::sleep(PAUSE),
        }
    }
}
