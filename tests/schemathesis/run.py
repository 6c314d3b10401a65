"""Runs schemathesis on every spec, each against a mock of its own on this machine's loopback.

    python run.py MOCK_PROGRAM [OPTION_OF_SCHEMATHESIS]...

With the Python of an environment that has requirements.txt installed. What is left out is in schemathesis.toml.
"""

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
SPECS = HERE.parent.parent / "openapi"

# What the mock and schemathesis are told for one spec alone.
MOCK = {"activeconnect": ["--no-signatures"]}
CREDENTIALS = {"authsignal": lambda ready: ["--auth", ready["authsignal"]["tenants"][0]["apiSecret"] + ":"]}


def run(program, spec):
    """What schemathesis says of a spec, and whether it found nothing."""
    api = spec.stem
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as said:
        mock = subprocess.Popen(
            [program, "--listen", "127.0.0.1:0", "--ready-json", "--log", "error", "--seed", "demo", *MOCK.get(api, [])],
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
        try:
            line = mock.stdout.readline()
            if not line:
                mock.wait()
                said.seek(0)
                sys.exit(f"the mock does not start: {said.read()}")
            ready = json.loads(line)
            command = [
                Path(sys.executable).with_name("schemathesis"),
                *("--config-file", HERE / "schemathesis.toml"),
                # Every check is on unless the configuration says otherwise; `--checks all` would overrule it.
                *("run", spec, "--url", ready["url"], "--no-color"),
                *CREDENTIALS.get(api, lambda _: [])(ready),
                *sys.argv[2:],
            ]
            environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
            environment["HYPOTHESIS_STORAGE_DIRECTORY"] = folder
            tested = subprocess.run(
                command, env=environment, cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            if mock.poll() is not None:
                said.seek(0)
                sys.exit(f"the mock ended with {mock.returncode}: {said.read()}")
            return tested.stdout, tested.returncode == 0
        finally:
            mock.kill()
            mock.wait()


specs = sorted(SPECS.glob("*.yaml"))
# Each is a process of its own; a second thread within one only trips over the first.
with ThreadPoolExecutor(max_workers=2) as pool:
    results = list(pool.map(lambda spec: run(sys.argv[1], spec), specs))
for spec, (output, passed) in zip(specs, results):
    print(f"{spec.name}:\n{output}")
failed = [spec.name for spec, (_, passed) in zip(specs, results) if not passed]
if failed:
    sys.exit(f"schemathesis found faults by {', '.join(failed)}")
