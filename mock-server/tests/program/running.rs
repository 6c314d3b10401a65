//! The program: started on a free port, stopped when dropped. Must not use the mock as a library.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio};

use conformance::wire::HOST;

/// The program with these arguments and nothing of this process's environment.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stepup-mock"));
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
        command.stderr(Stdio::piped());
        Self::with_stderr(command)
    }

    /// With a stderr that the command names.
    pub(crate) fn with_stderr(mut command: Command) -> Self {
        let (name, _) = HOST.split_once(':').expect("a port");
        let mut child = command
            // The host that requests of the tests name.
            .env("STEPUP_ALLOW_HOST", name)
            .stdout(Stdio::piped())
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

    /// Runs the program with these arguments, for this mock.
    pub(crate) fn tool(&self, arguments: &[&str]) -> Output {
        let mut tool = command(arguments);
        tool.env("STEPUP_MOCK_URL", self.url()).output().unwrap()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.url()
            .strip_prefix("http://")
            .and_then(|rest| rest.parse().ok())
            .expect("an address")
    }

    /// What it writes on stderr, which [`signal`](Self::signal) then does not read. Dropping it closes the pipe.
    pub(crate) fn take_stderr(&mut self) -> BufReader<ChildStderr> {
        BufReader::new(self.child.stderr.take().expect("stderr is piped"))
    }

    /// Closes the pipe of stdin, and gives what comes of it.
    pub(crate) fn end_of_stdin(mut self) -> Stopped {
        drop(self.child.stdin.take().expect("stdin is piped"));
        self.stopped()
    }

    /// Sends a signal by name.
    pub(crate) fn send(&self, name: &str) {
        let kill = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status();
        assert!(kill.expect("there is a kill").success());
    }

    /// Waits for the end of a program that was told to end, and gives its exit code.
    pub(crate) fn code(mut self) -> Option<i32> {
        self.child.wait().expect("it ended").code()
    }

    /// Sends a signal by name, and waits for the end.
    pub(crate) fn signal(self, name: &str) -> Stopped {
        self.send(name);
        self.stopped()
    }

    /// Waits for the end of a program that was told to end.
    pub(crate) fn end(self) -> Stopped {
        self.stopped()
    }

    fn stopped(mut self) -> Stopped {
        let mut stdout = String::new();
        self.stdout
            .read_to_string(&mut stdout)
            .expect("stdout is text");
        let mut stderr = String::new();
        if let Some(mut pipe) = self.child.stderr.take() {
            pipe.read_to_string(&mut stderr).expect("stderr is text");
        }
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
