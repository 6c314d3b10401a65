//! Published versions of Python packages side by side, each on the path of one interpreter and never in the same process
//! as another. Knows no vendor.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::spec;

/// A package of the Python package index. The scripts of a folder below `tests/sdk/` drive its versions.
pub(super) struct Package {
    /// Its name there.
    pub(super) name: &'static str,
    /// The folder of its scripts below `tests/sdk/`.
    pub(super) folder: &'static str,
}

/// The interpreter that the environment is made with.
struct Python {
    program: &'static str,
    version: String,
}

fn python() -> &'static Python {
    static PYTHON: OnceLock<Python> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let found = ["python3", "python"].into_iter().find_map(|program| {
            let output = Command::new(program)
                .args(["-c", "import sys; print(sys.version.split()[0])"])
                .output()
                .ok()?;
            let version = String::from_utf8(output.stdout).ok()?.trim().to_owned();
            version.starts_with("3.").then_some(Python { program, version })
        });
        found.expect(
            "the vendors' Python packages cannot be driven: there is no python3 on the PATH; install Python 3.9 or \
             newer with its venv module (on Debian: apt-get install python3-venv)",
        )
    })
}

/// The output of a command that must succeed.
pub(super) fn done(what: &str, output: &Output) {
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{what} failed:\n{out}{err}");
}

/// A folder that is filled once and kept in target/. One that was filled for something else than `wanted`, or not to
/// the end, is filled again.
fn folder(name: &str, wanted: &str, fill: impl FnOnce(&Path)) -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("sdk")
        .join(format!("python-{}", python().version))
        .join(name);
    let above = home.parent().expect("it was joined");
    fs::create_dir_all(above).expect("target/ can be written to");
    // Two test runs at once fill one folder, not two into each other.
    let lock = above.join(format!(
        "{}.lock",
        home.file_name().expect("it was joined").display()
    ));
    let lock = File::create(lock).expect("target/ can be written to");
    lock.lock().expect("the lock can be had");
    // Written last.
    let marker = home.join("complete");
    if !fs::read_to_string(&marker).is_ok_and(|found| found == wanted) {
        let _ = fs::remove_dir_all(&home);
        fill(&home);
        fs::write(&marker, wanted).expect("target/ can be written to");
    }
    home
}

/// The interpreter of an environment with pip and nothing else.
fn interpreter() -> PathBuf {
    let make = |home: &Path| {
        let output = Command::new(python().program)
            .args(["-m", "venv"])
            .arg(home)
            .output()
            .expect("python3 runs");
        done(
            "making a virtual environment (on Debian it needs the package python3-venv)",
            &output,
        );
    };
    folder("pip", "", make).join("bin/python")
}

/// pip, installing into a folder of its own.
fn pip(home: &Path) -> Command {
    let mut command = Command::new(interpreter());
    command
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-input",
            "--no-compile",
        ])
        .args([
            "--disable-pip-version-check",
            "--no-warn-conflicts",
            "--target",
        ])
        .arg(home);
    command
}

impl Package {
    /// A file of the package's folder below `tests/sdk/`.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        spec::workspace()
            .join("tests/sdk")
            .join(self.folder)
            .join(name)
    }

    /// What all scripts of the folder need, in the versions of `constraints.txt`.
    fn dependencies(&self) -> PathBuf {
        let constraints = self.file("constraints.txt");
        let wanted = fs::read_to_string(&constraints).expect("the constraints are there");
        folder(&format!("{}/dependencies", self.folder), &wanted, |home| {
            let output = pip(home).arg("--requirement").arg(&constraints).output();
            done(
                &format!(
                    "installing what {} needs (from the package index)",
                    self.name
                ),
                &output.expect("pip runs"),
            );
        })
    }

    /// A version alone.
    fn version(&self, version: &str) -> PathBuf {
        let wanted = format!("{}=={version}", self.name);
        folder(&format!("{}/{version}", self.name), &wanted, |home| {
            let output = pip(home).args(["--no-deps", &wanted]).output();
            done(
                &format!("pip install {wanted} (it needs the package index)"),
                &output.expect("pip runs"),
            );
        })
    }

    /// Python with a version and what it needs on its path, and no proxy.
    pub(super) fn interpreter(&self, version: &str) -> Command {
        let path = [self.version(version), self.dependencies()];
        let mut command = Command::new(interpreter());
        for proxy in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
            command.env_remove(proxy);
        }
        command
            .env(
                "PYTHONPATH",
                std::env::join_paths(path).expect("no colon in target/"),
            )
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONNOUSERSITE", "1");
        command
    }

    /// As [`interpreter`](Self::interpreter), running a script of the package's folder.
    pub(super) fn script(&self, version: &str, name: &str) -> Command {
        let mut command = self.interpreter(version);
        command.arg(self.file(name));
        command
    }
}
