//! A server in a process of its own: started, asked what it uses, and stopped. Knows no operation.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

/// What `/proc` counts CPU time in, whatever the kernel's own clock: 100 to the second on every architecture we build for.
const TICK: Duration = Duration::from_millis(10);

/// A folder for the files of one run; removed when it is dropped.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("stepup-bench-{}", std::process::id()));
        fs::create_dir_all(&path)
            .with_context(|| format!("cannot make the folder {}", path.display()))?;
        Ok(Self(path))
    }

    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.0.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed stays where the system cleans up.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A server that runs. Dropped means killed.
pub(super) struct Server {
    name: &'static str,
    child: Child,
    address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended already needs no killing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts a server that prints one line of JSON with its `url` as soon as it listens.
    pub(super) fn start(name: &'static str, folder: &Folder, mut command: Command) -> Result<Self> {
        // Of the mock's settings it is the defaults that are measured.
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("STEPUP_") {
                command.env_remove(variable);
            }
        }
        let log = folder.0.join("stderr");
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).context("cannot make a file for what a server says")?)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let mut server = Self {
            name,
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        let mut line = String::new();
        if let Some(stdout) = server.child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        server.address = match address(&line) {
            Some(address) => address,
            None => bail!(
                "{name} did not start; it said {line:?}, and on stderr:\n{}",
                fs::read_to_string(&log).unwrap_or_default()
            ),
        };
        Ok(server)
    }

    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has used so far, where the system tells.
    pub(super) fn usage(&self) -> Usage {
        let folder = Path::new("/proc").join(self.child.id().to_string());
        let read = |name| fs::read_to_string(folder.join(name)).unwrap_or_default();
        Usage {
            cpu: cpu(&read("stat")),
            resident: resident(&read("status")),
        }
    }
}

fn address(ready: &str) -> Option<SocketAddr> {
    let ready: serde_json::Value = serde_json::from_str(ready).ok()?;
    ready["url"].as_str()?.strip_prefix("http://")?.parse().ok()
}

/// What a process has used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usage {
    /// CPU time of all its threads, in its own code and in the kernel.
    pub(super) cpu: Option<Duration>,
    /// Memory that is resident, in KiB.
    pub(super) resident: Option<u64>,
}

impl Usage {
    /// The CPU time between two looks.
    pub(super) fn between(before: Self, after: Self) -> Option<Duration> {
        after.cpu?.checked_sub(before.cpu?)
    }
}

/// The CPU time in `/proc/<pid>/stat`.
fn cpu(stat: &str) -> Option<Duration> {
    // The program's name is in parentheses and may hold anything; `state` comes next, `utime` eleven fields later.
    let (_, fields) = stat.rsplit_once(") ")?;
    let ticks: Vec<u32> = fields
        .split(' ')
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse().ok())
        .collect();
    (ticks.len() == 2).then(|| TICK * ticks.iter().sum())
}

/// The resident memory in `/proc/<pid>/status`.
fn resident(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{address, cpu, resident};

    #[test]
    fn cpu_time_is_user_and_system_whatever_the_program_is_called() {
        let stat = "42 (a) b) S 1 42 42 0 -1 4194560 100 0 0 0 150 50 9 9 20 0 3 0 100 1 1";
        assert_eq!(cpu(stat), Some(Duration::from_secs(2)));
        assert_eq!(cpu(""), None);
    }

    #[test]
    fn resident_memory_is_in_kibibytes() {
        assert_eq!(
            resident("VmPeak:\t 9 kB\nVmRSS:\t    1234 kB\n"),
            Some(1234)
        );
        assert_eq!(resident(""), None);
    }

    #[test]
    fn a_ready_line_names_the_address() {
        assert_eq!(
            address(r#"{"url":"http://127.0.0.1:80","more":1}"#),
            Some(([127, 0, 0, 1], 80).into())
        );
        assert_eq!(address("listening"), None);
    }
}
