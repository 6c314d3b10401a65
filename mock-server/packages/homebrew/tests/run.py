"""Fills the formula in, and uses it as Homebrew does on each machine: which archive it takes, what it installs, and its own test.

Usage: run.py MOCK FOLDER, with the mock's program and a folder for what is installed. It needs Ruby; without, the exit code is 3.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
#: The exit code if there is no Ruby.
NO_RUBY = 3
TARGETS = {
    ("macos", "arm"): "aarch64-apple-darwin",
    ("macos", "intel"): "x86_64-apple-darwin",
    ("linux", "arm"): "aarch64-unknown-linux-musl",
    ("linux", "intel"): "x86_64-unknown-linux-musl",
}
REPOSITORY = "https://git.example/stepup"


def printed(*command):
    return subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, check=True).stdout


def main(mock, folder):
    if not shutil.which("ruby"):
        print("there is no Ruby")
        sys.exit(NO_RUBY)
    shutil.rmtree(folder, ignore_errors=True)
    archives, unpacked, prefix = folder / "archives", folder / "unpacked", folder / "prefix"
    for needed in (archives, unpacked):
        needed.mkdir(parents=True)
    for target in TARGETS.values():
        (archives / f"stepup-mock-{target}.tar.gz").write_text(f"the archive for {target}")
    formula = folder / "stepup-mock.rb"
    formula.write_text(printed(sys.executable, HERE / "fill.py", REPOSITORY, "1.2.3", archives))
    print(printed("ruby", "-wc", formula), end="")
    for machine, target in TARGETS.items():
        archive = f"stepup-mock-{target}.tar.gz"
        checksum = hashlib.sha256((archives / archive).read_bytes()).hexdigest()
        said = printed("ruby", "-w", HERE / "tests/formula.rb", formula, *machine).splitlines()
        assert said == [f"{REPOSITORY}/releases/download/v1.2.3/{archive}", checksum], (machine, said)
    shutil.copy(mock, unpacked / "stepup-mock")
    (unpacked / "THIRD-PARTY-NOTICES.txt").write_text("licences of others")
    print(printed("ruby", "-w", HERE / "tests/formula.rb", formula, "linux", "intel", unpacked, prefix), end="")
    installed = sorted(str(path.relative_to(prefix)) for path in prefix.rglob("*") if path.is_file())
    assert {"bin/stepup-mock", "THIRD-PARTY-NOTICES.txt", "share/man/man1/stepup-mock.1"} <= set(installed), installed
    print(f"the formula takes the archive of each machine, installs {len(installed)} files, and its test passes")
    (archives / archive).unlink()
    missing = subprocess.run(
        [sys.executable, HERE / "fill.py", REPOSITORY, "1.2.3", archives], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
    )
    assert missing.returncode != 0 and archive in missing.stderr, missing


main(*(Path(path).resolve() for path in sys.argv[1:]))
