//! A server in its own process: starts it, reads what it has used, and stops it. Knows no operation.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// A running server. Dropping it kills the process.
pub(crate) struct Server {
    name: &'static str,
    child: Child,
    address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        // A process that has ended needs no killing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts a server that prints one line of JSON with its `url` as soon as it listens. Its stderr goes to a file in
    /// `folder`.
    pub(crate) fn start(name: &'static str, folder: &Path, mut command: Command) -> Result<Self> {
        // The mock is measured with its default settings.
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("STEPUP_") {
                command.env_remove(variable);
            }
        }
        let log = folder.join("stderr");
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).with_context(|| format!("cannot create {}", log.display()))?)
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
                "{name} did not start; it printed {line:?}, and on stderr:\n{}",
                fs::read_to_string(&log).unwrap_or_default()
            ),
        };
        Ok(server)
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the process has used since it started, if the system reports it.
    pub(crate) fn usage(&self) -> Option<Usage> {
        Usage::of(Pid::from_u32(self.child.id()))
    }
}

fn address(ready: &str) -> Option<SocketAddr> {
    let ready: serde_json::Value = serde_json::from_str(ready).ok()?;
    ready["url"].as_str()?.strip_prefix("http://")?.parse().ok()
}

/// What a process has used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// CPU time of all its threads, user and system.
    pub(crate) cpu: Duration,
    /// Resident memory, in bytes.
    pub(crate) resident: u64,
}

impl Usage {
    /// What this process has used.
    pub(crate) fn own() -> Option<Self> {
        Self::of(sysinfo::get_current_pid().ok()?)
    }

    fn of(pid: Pid) -> Option<Self> {
        let mut system = System::new();
        system.refresh_processes_specifics(
            ProcessesToUpdate::Some(&[pid]),
            true,
            ProcessRefreshKind::nothing().with_cpu().with_memory(),
        );
        system.process(pid).map(|process| Self {
            cpu: Duration::from_millis(process.accumulated_cpu_time()),
            resident: process.memory(),
        })
    }

    /// The CPU time between two readings.
    pub(crate) fn cpu_between(before: Option<Self>, after: Option<Self>) -> Option<Duration> {
        after?.cpu.checked_sub(before?.cpu)
    }
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn a_ready_line_names_the_address() {
        assert_eq!(
            address(r#"{"url":"http://127.0.0.1:80","more":1}"#),
            Some(([127, 0, 0, 1], 80).into())
        );
        assert_eq!(address("listening"), None);
    }
}
