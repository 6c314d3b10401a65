"""The pytest plugin: one mock for the run, a tenant for each test, the journal of a test that fails."""

from __future__ import annotations

import sys
from typing import Any, Callable, Dict, Generator, Iterator, Optional, TypeVar

import pluggy
import pytest

from .errors import MockError
from .server import Mock, start
from .tenant import Tenant

T = TypeVar("T")

#: The tenant of a running test.
TENANT = pytest.StashKey[Tenant]()
#: The mock of a process, once it has one.
MOCK = pytest.StashKey["Shared"]()
#: The packages that read their server when they are imported, and the variable. Their modules keep it under the same name.
READ_AT_IMPORT = {"Activeconnect": "ACTIVE_CONNECT_SERVER", "IAMPASS": "IAMPASS_SERVER"}
#: What the controller of pytest-xdist tells its workers.
TOLD = "stepup_mock"


class Shared:
    """The mock of this process, or why there is none. It starts with the first test that wants it."""

    def __init__(self, arguments: "list[str]", told: Optional[Dict[str, Any]] = None) -> None:
        self._arguments = arguments
        self._mock: Optional[Mock] = None
        self._failed: Optional[str] = None
        if told and told.get("failed"):
            self._failed = told["failed"]
        elif told:
            self._mock = Mock(told["url"], log=told["log"])

    def mock(self) -> Mock:
        # A second attempt would fail as the first did, after as long.
        if self._failed is not None:
            raise MockError(self._failed)
        if self._mock is None:
            try:
                self._mock = start(self._arguments)
            except MockError as error:
                self._failed = str(error)
                raise
        return self._mock

    def told(self) -> Dict[str, Any]:
        try:
            mock = self.mock()
        except MockError as error:
            return {"failed": str(error)}
        return {"url": mock.url, "log": mock.log}

    def stop(self) -> None:
        if self._mock:
            self._mock.stop()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("stepup_mock_args", "Arguments for stepup-mock, such as --rs256-tokens", type="args", default=[])


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "stepup(seed): what the tenant of the fixture `stepup` begins with")
    told = getattr(config, "workerinput", {}).get(TOLD)
    config.stash[MOCK] = Shared(config.getini("stepup_mock_args"), told)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Starts the mock in the controller of pytest-xdist, before its workers, which all use this one."""
    node.workerinput[TOLD] = node.config.stash[MOCK].told()


def pytest_unconfigure(config: pytest.Config) -> None:
    shared = config.stash.get(MOCK, None)
    if shared:
        shared.stop()


@pytest.fixture(scope="session")
def stepup_mock(pytestconfig: pytest.Config) -> Mock:
    """The mock that all tests share. ``stepup_mock.create_tenant()`` makes further tenants."""
    return _or_fail(pytestconfig.stash[MOCK].mock)


@pytest.fixture
def stepup(request: pytest.FixtureRequest, stepup_mock: Mock) -> Iterator[Tenant]:
    """A tenant of the test's own, with ``api_url``, ``api_secret_key``, ``inbox``, ``clock`` and ``journal``."""
    marker = request.node.get_closest_marker("stepup")
    if marker and (marker.args or set(marker.kwargs) - {"seed"}):
        pytest.fail("the marker stepup takes a seed by its name: @pytest.mark.stepup(seed={...})", pytrace=False)
    seed = marker.kwargs if marker else {}
    tenant = _or_fail(lambda: stepup_mock.create_tenant(**seed, name=request.node.nodeid))
    request.node.stash[TENANT] = tenant
    yield tenant
    del request.node.stash[TENANT]
    _or_fail(tenant.delete)


@pytest.fixture
def stepup_env(stepup: Tenant, monkeypatch: pytest.MonkeyPatch) -> Tenant:
    """``stepup``, for an application that reads environment variables: those of ``stepup.env`` are set.

    It also leads Activeconnect's and IAMPASS's packages there, if they are imported already.
    """
    for name, value in stepup.env.items():
        monkeypatch.setenv(name, value)
    for name, module in list(sys.modules.items()):
        variable = READ_AT_IMPORT.get(name.partition(".")[0])
        if variable and hasattr(module, variable):
            monkeypatch.setattr(module, variable, stepup.env[variable])
    return stepup


def _or_fail(call: "Callable[[], T]") -> T:
    """The result of a call. If the mock is the trouble, the lines of this plugin would tell nobody anything."""
    try:
        return call()
    except MockError as error:
        said = str(error)
    # Out of the handler, or pytest would show the error twice.
    pytest.fail(said, pytrace=False)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> "Generator[None, pluggy.Result[pytest.TestReport], None]":
    """Adds the tenant's journal to the report of a test that fails."""
    outcome = yield
    report = outcome.get_result()
    tenant = item.stash.get(TENANT, None)
    if report.failed and tenant:
        report.sections.append((f"Requests to stepup-mock ({tenant.id})", _journal(tenant)))


def _journal(tenant: Tenant) -> str:
    try:
        return tenant.journal.text()
    except MockError as error:
        return str(error)
