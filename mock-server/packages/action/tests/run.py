"""Runs the script of the action as a runner does, with a program that is there already.

Usage: run.py MOCK
"""

import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

START = Path(__file__).resolve().parents[1] / "start.sh"


def run(folder, **inputs):
    """The exit code and output of the script, and what it has told the runner."""
    told = {name: Path(folder) / name for name in ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH")}
    for file in told.values():
        file.write_text("")
    given = {"REPOSITORY": "", "VERSION": "", "PROGRAM": "", "LISTEN": "127.0.0.1:0", "ARGS": "", **inputs}
    machine = {"RUNNER_TEMP": folder, "RUNNER_OS": "Linux", "RUNNER_ARCH": "X64"}
    env = {"PATH": os.environ["PATH"], **machine, **given, **{name: str(file) for name, file in told.items()}}
    # In a process group of its own, so that the mock, which outlives the script, can be stopped.
    with subprocess.Popen([START], env=env, stdout=subprocess.PIPE, text=True, start_new_session=True) as script:
        said = script.stdout.readlines()
    return script, "".join(said), {name: file.read_text() for name, file in told.items()}


def main(mock):
    with tempfile.TemporaryDirectory() as folder:
        script, said, told = run(folder, PROGRAM=mock, ARGS="--deterministic --seed demo")
        try:
            assert script.returncode == 0, said
            url = told["GITHUB_OUTPUT"].strip().removeprefix("url=")
            assert told["GITHUB_ENV"] == f"STEPUP_MOCK_URL={url}\n"
            assert told["GITHUB_PATH"] == f"{os.path.dirname(mock)}\n"
            with urllib.request.urlopen(f"{url}/_mock/health") as health:
                assert health.status == 200
        finally:
            os.killpg(script.pid, signal.SIGTERM)
        for inputs, says in [
            ({"PROGRAM": "/nowhere/mock"}, "::error title=stepup-mock::the input program is /nowhere/mock, and no program is there"),
            ({"PROGRAM": mock, "ARGS": "--no-such-flag"}, "the mock has ended"),
            ({"RUNNER_ARCH": "RISCV"}, "no release has a program for Linux on RISCV"),
        ]:
            script, said, told = run(folder, **inputs)
            assert script.returncode == 1 and says in said, (inputs, said)
            assert set(told.values()) == {""}
    print("the action starts the mock, and says what is wrong")


main(str(Path(sys.argv[1]).resolve()))
