//! The mock as a program: built once for all tests, started on a free port, stopped when dropped. Must not use the mock
//! as a library.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use crate::spec;

/// The program, built from the sources as they are.
fn path() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .parent()
            .expect("cargo's folder for tests is in target/");
        let mut cargo = Command::new(env!("CARGO"));
        // The whole workspace with its tests, so that features unite as they did for this test, and everything but
        // the program itself is there already.
        cargo.args([
            "build",
            "--workspace",
            "--bin",
            "stepup-mock",
            "--test",
            "it",
        ]);
        cargo
            .args([
                "--message-format",
                "json-render-diagnostics",
                "--quiet",
                "--target-dir",
            ])
            .arg(target);
        if !cfg!(debug_assertions) {
            cargo.arg("--release");
        }
        let output = cargo
            .current_dir(spec::workspace())
            .stderr(Stdio::inherit())
            .output()
            .expect("cargo runs");
        assert!(
            output.status.success(),
            "the mock does not build; the compiler's messages are above"
        );
        let artifacts = output
            .stdout
            .split(|byte| *byte == b'\n')
            .filter_map(|line| {
                let message: Value = serde_json::from_slice(line).ok()?;
                let ours = message["reason"] == "compiler-artifact"
                    && message["target"]["name"] == "stepup-mock";
                let executable = message["executable"].as_str()?;
                ours.then(|| PathBuf::from(executable))
            });
        artifacts
            .reduce(|_, last| last)
            .expect("cargo tells where the program is")
    })
}

/// The program with these arguments and nothing of this process's environment.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(path());
    command.args(arguments).env_clear().stdin(Stdio::null());
    command
}

/// Runs the program to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    command(arguments).output().expect("the program starts")
}

/// A server that is running.
pub(crate) struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// First line on stdout, without its end.
    pub(crate) first_line: String,
}

/// What a server left behind.
pub(crate) struct Stopped {
    /// `None` where a signal ended it.
    pub(crate) code: Option<i32>,
    /// After the first line.
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Running {
    /// Starts the program, and waits for its first line.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::of(command(arguments))
    }

    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let mut first_line = String::new();
        stdout.read_line(&mut first_line).expect("stdout is text");
        if first_line.is_empty() {
            let output = child.wait_with_output().expect("it ended");
            panic!(
                "it ended without a word on stdout: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        first_line.truncate(first_line.trim_end_matches('\n').len());
        Self {
            child,
            stdout,
            first_line,
        }
    }

    /// The URL of a first line that is not JSON.
    pub(crate) fn url(&self) -> &str {
        self.first_line
            .strip_prefix("listening on ")
            .unwrap_or_else(|| panic!("first line {:?}", self.first_line))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.url()
            .strip_prefix("http://")
            .and_then(|rest| rest.parse().ok())
            .expect("an address")
    }

    /// Sends a signal by name, and waits for the end.
    pub(crate) fn signal(mut self, name: &str) -> Stopped {
        let kill = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status();
        assert!(kill.expect("there is a kill").success());
        let mut stdout = String::new();
        self.stdout
            .read_to_string(&mut stdout)
            .expect("stdout is text");
        let mut stderr = String::new();
        let mut pipe = self.child.stderr.take().expect("stderr is piped");
        pipe.read_to_string(&mut stderr).expect("stderr is text");
        let status = self.child.wait().expect("it ended");
        Stopped {
            code: status.code(),
            stdout,
            stderr,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended already needs no killing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
