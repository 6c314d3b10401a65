"""Starts the program, or finds a mock that runs. Knows nothing of pytest."""

from __future__ import annotations

import importlib.metadata
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

from .control import Control
from .errors import MockError, MockNotFound, MockUnreachable, Refused
from .tenant import Tenant

#: The program to start.
PROGRAM_VARIABLE = "STEPUP_MOCK"
#: The URL of a mock that runs already.
URL_VARIABLE = "STEPUP_MOCK_URL"
#: Seconds without a request after which a mock deletes a tenant that a killed test has left.
IDLE = 3600
#: How many tenants an error names.
NAMED = 10
#: How much of a tenant's name it gets.
NAME = 100
#: Seconds that the program may take to listen.
START = 60.0
#: Seconds that it may take to end. It gives open requests 5.
STOP = 10.0

#: Flags that this package gives to the program itself.
OURS = ("--listen", "--ready-json", "--stop-with-stdin")

#: Credentials of the tenant that each mock begins with. An application that has kept the documented ones is refused, so it
#: cannot meet other tests in that tenant unseen.
OF_NO_TEST = {
    "STEPUP_AUTHSIGNAL_SECRET": "this-secret-belongs-to-no-test-0123456789",
    "STEPUP_APPLICATION_ID": "of-no-test",
    "STEPUP_APPLICATION_SECRET": "this-secret-belongs-to-no-test",
}

NOT_FOUND = f"""There is no stepup-mock to start: this package came without it, and none is on the PATH. Do one of these:
  - install the package of your platform: pip install --force-reinstall stepup-mock
  - build it with Rust: cargo install --path mock-server (in the repository of stepup)
  - name the program: export {PROGRAM_VARIABLE}=/path/to/stepup-mock
  - name a mock that runs: export {URL_VARIABLE}=http://127.0.0.1:4750"""


class Mock:
    """A mock that runs."""

    def __init__(self, url: str, program: "Optional[_Program]" = None, log: Optional[str] = None) -> None:
        self._program = program
        #: The file with what the program writes to stderr, if this package has started it.
        self.log = log
        self.control = Control(url, self._why_unreachable)
        #: Where the mock is, such as ``http://127.0.0.1:4750``. Its desk is there, too.
        self.url = self.control.url

    def create_tenant(self, seed: Optional[Mapping[str, Any]] = None, *, name: Optional[str] = None) -> Tenant:
        """A tenant with a clock, inbox and journal of its own. Use it in a ``with``, or call its ``delete``.

        The desk shows the name. A mock that runs with ``--deterministic`` makes ids and secrets of it.
        """
        body: Dict[str, Any] = {"ttlSeconds": IDLE}
        if seed is not None:
            body["seed"] = seed
        if name:
            # The end of a long name says most.
            body["name"] = name[-NAME:]
        try:
            return Tenant(self.control, self.control.call("POST", "/_mock/tenants", body))
        except Refused as refused:
            # A second tenant of one name would have the secrets of the first.
            if refused.status == 409 and name:
                return self.create_tenant(seed)
            if refused.status in (404, 405):
                raise MockUnreachable(
                    f"the mock at {self.url} is too old: it cannot create tenants. Install the one of this repository."
                ) from refused
            raise

    def tenant(self, name: str) -> Tenant:
        """A tenant that is there already, by its id at either vendor or by its name, such as ``mock.tenant("mock-app")``.

        It is for an application that runs beside the mock. Nothing here deletes it, unless you call its ``delete``.
        """
        listed = self._with_id(name) or self._with_name(name)
        names = [one["name"] for one in listed]
        if len(names) > 1:
            raise MockError(f"the mock at {self.url} has {len(names)} tenants of the name {name!r}; name the id of one: {names}")
        if not names:
            first = [one["name"] for one in self._listed(brief="true", limit=NAMED + 1)]
            there = first[:NAMED] + ["…"] * (len(first) > NAMED)
            raise MockError(
                f"the mock at {self.url} has no tenant {name!r}. It has: {', '.join(there)}."
                f" If the application runs with another mock, name that in {URL_VARIABLE}."
            )
        return Tenant(self.control, {"id": names[0], **self._credentials(names[0])}, ours=False)

    def _credentials(self, tenant: str) -> Dict[str, Dict[str, str]]:
        """The credentials of a tenant, as its creation answers them. Those of a vendor where it is not are empty."""
        # The list of tenants shows no secrets.
        [dumped] = self.control.call("GET", "/_mock/dump", query={"tenant": tenant})["tenants"]
        authsignal, activeconnect = dumped.get("authsignal", {}), dumped.get("activeconnect", {})
        return {
            "authsignal": {
                "tenantId": authsignal.get("id", ""),
                "secretKey": authsignal.get("secret", ""),
                "managementSecretKey": authsignal.get("managementSecret", ""),
                "terminalSecretKey": authsignal.get("terminalSecret", ""),
            },
            "activeconnect": {
                "applicationId": activeconnect.get("id", ""),
                "applicationSecret": activeconnect.get("secret", ""),
            },
        }

    def _with_id(self, name: str) -> List[Mapping[str, Any]]:
        try:
            return self._listed(tenant=name, brief="true")
        except Refused as refused:
            if refused.status == 404:
                return []
            raise

    def _with_name(self, name: str) -> List[Mapping[str, Any]]:
        found = self._listed(search=name, brief="true", limit=1000)
        return [one for one in found if one.get("activeconnect", {}).get("name") == name]

    def _listed(self, **query: Any) -> List[Mapping[str, Any]]:
        listed: List[Mapping[str, Any]] = self.control.call("GET", "/_mock/tenants", query=query)["tenants"]
        return listed

    def stop(self) -> None:
        """Stops the program, if this package has started it."""
        if self._program:
            self._program.stop()

    def __enter__(self) -> "Mock":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _why_unreachable(self) -> str:
        ended = self._program.ended() if self._program else ""
        if not self.log:
            return f"Check that a mock runs there, and {URL_VARIABLE}."
        return f"{ended or 'The mock has stopped.'} The end of its log:\n{_end_of(self.log)}"


def start(arguments: Sequence[str] = ()) -> Mock:
    """The mock that ``STEPUP_MOCK_URL`` names, or else a new one on a free port, with these arguments."""
    if isinstance(arguments, str):
        raise MockError(f"the arguments of the mock are a list, not one text: start({arguments.split()!r})")
    taken = [one for one in arguments if one.partition("=")[0] in OURS]
    if taken:
        raise MockError(
            f"{taken[0]} is not for you to pass: this package starts the mock on a free port, and ends it. For a mock at an"
            f" address of your choice, start `stepup-mock {' '.join(arguments)}` yourself, and set {URL_VARIABLE} to its URL."
        )
    url = os.environ.get(URL_VARIABLE)
    if url:
        return _attached(url)
    program = _Program(_path(), arguments)
    try:
        return Mock(program.url(), program, program.log)
    except BaseException:
        program.stop()
        raise


def _attached(url: str) -> Mock:
    mock = Mock(url)
    try:
        health = mock.control.call("GET", "/_mock/health")
    except Refused as refused:
        raise MockUnreachable(f"{url} ({URL_VARIABLE}) is no stepup-mock: {refused}") from refused
    if not isinstance(health, dict) or health.get("status") != "ok":
        raise MockUnreachable(f"{url} ({URL_VARIABLE}) is no stepup-mock")
    return mock


def _path() -> str:
    named = os.environ.get(PROGRAM_VARIABLE)
    if named:
        found = shutil.which(os.path.expanduser(named))
        if not found:
            raise MockNotFound(f"{PROGRAM_VARIABLE} is {named}, and no program is there")
        return found
    found = installed() or shutil.which("stepup-mock")
    if not found:
        raise MockNotFound(NOT_FOUND)
    return found


def installed() -> Optional[str]:
    """The program that came with this package, if it did."""
    try:
        files = importlib.metadata.files("stepup-mock")
    except importlib.metadata.PackageNotFoundError:
        return None
    programs = [file.locate() for file in files or () if file.name in ("stepup-mock", "stepup-mock.exe")]
    return next(filter(None, (shutil.which(os.path.normpath(program)) for program in programs)), None)


class _Program:
    """The program, as a child of this process."""

    def __init__(self, path: str, arguments: Sequence[str]) -> None:
        self._path = path
        log, self.log = tempfile.mkstemp(prefix="stepup-mock-", suffix=".log")
        # With its stdin, which ends with this process in any case, the mock ends too.
        command = [path, "--listen", "127.0.0.1:0", "--ready-json", "--stop-with-stdin"]
        if not os.environ.get("STEPUP_LOG"):
            command += ["--log", "warn"]
        try:
            self._child = subprocess.Popen(
                [*command, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**OF_NO_TEST, **os.environ},
                # Ctrl-C stops the tests first; they still need the mock to clean up.
                start_new_session=sys.platform != "win32",
            )
        except OSError as error:
            os.unlink(self.log)
            raise MockNotFound(f"cannot start {path}: {error}") from error
        finally:
            os.close(log)

    def url(self) -> str:
        """The URL from the first line that the program prints."""
        lines: "queue.Queue[str]" = queue.Queue()
        stdout = self._child.stdout
        assert stdout
        threading.Thread(target=lambda: lines.put(stdout.readline()), daemon=True).start()
        try:
            line = lines.get(timeout=START)
        except queue.Empty:
            raise MockUnreachable(f"{self._path} did not listen within {START:.0f} s:\n{_end_of(self.log)}") from None
        try:
            return str(json.loads(line)["url"])
        except (ValueError, KeyError, TypeError):
            said = f"{line}{_end_of(self.log)}"
            raise MockUnreachable(f"{self._path} did not start:\n{said}") from None

    def ended(self) -> str:
        """How the program ended, or nothing while it runs."""
        try:
            code = self._child.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return ""
        return f"{self._path} has ended with exit code {code}."

    def stop(self) -> None:
        self._child.terminate()
        try:
            self._child.wait(timeout=STOP)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe:
                pipe.close()
        Path(self.log).unlink(missing_ok=True)


def _end_of(log: str) -> str:
    try:
        text = Path(log).read_text("utf-8", "replace")
    except OSError:
        return "  (it is gone)"
    # What the mock prints when it starts ends with this line, and says nothing about its end.
    _, started, rest = text.rpartition("\nListens: ")
    lines = (rest if started else f"\n{text}").splitlines()[1:]
    return "\n".join(f"  {line}" for line in lines[-20:]) or "  (it is empty)"
