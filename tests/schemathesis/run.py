"""Runs schemathesis on every spec, each against a mock of its own on this machine's loopback.

    python run.py MOCK_PROGRAM [OPTION_OF_SCHEMATHESIS]...

With the Python of an environment that has requirements.txt installed. What is left out is in schemathesis.toml.
"""

import base64
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
SPECS = HERE.parent.parent / "openapi"


def secret(ready):
    return ready["authsignal"]["tenants"][0]["apiSecret"] + ":"


def management(ready):
    return ready["authsignal"]["tenants"][0]["managementSecret"] + ":"


def token(ready):
    """The token of an action of a user who has authenticators, which may add more."""
    body = json.dumps({"scope": "read:authenticators add:authenticators"}).encode()
    basic = base64.b64encode(secret(ready).encode()).decode()
    headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{ready['url']}/v1/users/ada/actions/signIn", body, headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=10) as answer:
        return json.load(answer)["token"]


# What the mock and schemathesis are told for one spec alone.
MOCK = {"activeconnect": ["--no-signatures"]}
CREDENTIALS = {
    "authsignal": lambda ready: ["--auth", secret(ready)],
    "authsignal-management": lambda ready: ["--auth", management(ready)],
    "authsignal-client": lambda ready: ["--header", f"Authorization: Bearer {token(ready)}"],
}


# Operations that get a mock of their own. With several tenants, other requests would have to name one.
APART = {"mock-control": ["create_tenant", "delete_tenant"]}


def runs(spec):
    """A spec with the options that say which of its operations are meant, for each mock that it needs."""
    apart = APART.get(spec.stem, [])
    yield spec, [f"--exclude-operation-id={operation}" for operation in apart]
    if apart:
        yield spec, [f"--include-operation-id={operation}" for operation in apart]


def run(program, spec, operations):
    """What schemathesis says of operations of a spec, and whether it found nothing."""
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
                *operations,
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


# A shared file holds schemas and no operation.
specs = sorted(spec for spec in SPECS.glob("*.yaml") if not spec.stem.endswith("-shared"))
all_runs = [one for spec in specs for one in runs(spec)]
# Each is a process of its own; a second thread within one only trips over the first.
with ThreadPoolExecutor(max_workers=2) as pool:
    results = list(pool.map(lambda one: run(sys.argv[1], *one), all_runs))
for (spec, _), (output, passed) in zip(all_runs, results):
    print(f"{spec.name}:\n{output}")
failed = [spec.name for (spec, _), (_, passed) in zip(all_runs, results) if not passed]
if failed:
    sys.exit(f"schemathesis found faults by {', '.join(failed)}")
