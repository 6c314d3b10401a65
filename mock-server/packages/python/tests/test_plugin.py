"""What a person sees: of a test that fails, of a mock that is missing or has died, and over several processes."""

import functools
import os
import signal
import subprocess
import sys

import pytest

import stepup_mock

STEP_UP = """
    import pytest
    import requests

    def call(tenant, path, secret=None, **body):
        answer = requests.post(f"{tenant.api_url}/{path}", auth=(secret or tenant.api_secret_key, ""), json=body)
        return answer.json()
"""


@pytest.fixture
def tests(pytester, monkeypatch):
    """Runs a file with these tests, in a process of its own, and returns the lines that it prints."""
    # Whoever runs these tests may do so with a mock of their own.
    monkeypatch.delenv("STEPUP_MOCK_URL", raising=False)

    def run(text, *arguments):
        pytester.makepyfile(STEP_UP + text)
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)

    return run


FAILING = """
    def test_fails(stepup):
        call(stepup, "users/ada/actions/pay", custom={"amount": 1200})
        call(stepup, "users/ada/authenticators", verificationMethod="EMAIL_OTP")
        assert "the application" == "as expected"
"""


@pytest.mark.parametrize("processes", [[], ["-n", "2"]], ids=["one process", "two"])
def test_a_failing_test_shows_its_journal(tests, processes):
    result = tests(FAILING, *processes)
    result.assert_outcomes(failed=1)
    result.stdout.re_match_lines([
        r"-+ Requests to stepup-mock \(app_.*\) -+",
        r"  200 POST /v1/users/ada/actions/pay \(track\)",
        r"      request: \{.*1200.*\}",
        r"      answer: \{.*\"state\":\"ALLOW\".*\}",
        r"  400 POST /v1/users/ada/authenticators \(enroll_verified_authenticator\)",
        r"      refused: .*",
        r"      request: .*",
    ], consecutive=True)


def test_a_passing_test_shows_nothing(tests):
    result = tests("""
    def test_passes(stepup):
        call(stepup, "users/ada/actions/pay")
    """, "-rA")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*Requests to stepup-mock*")


def test_a_wrong_secret_is_shown_although_it_belongs_to_no_tenant(tests):
    result = tests("""
    def test_fails(stepup):
        call(stepup, "users/ada/actions/pay", secret="of another tenant")
        assert False
    """)
    result.stdout.re_match_lines([
        r"  The mock got no request with the credentials of this test's tenant.",
        r"  Requests that belong to no tenant, from this test or from one beside it:",
        r"  401 POST /v1/users/ada/actions/pay \(track\)",
        r"      refused: .*secret.*|      refused: .*API key.*",
    ], consecutive=True)


def test_an_application_that_kept_the_documented_secret_is_refused(tests):
    result = tests("""
    def test_fails(stepup):
        call(stepup, "users/ada/actions/pay", secret="mock-authsignal-secret-0123456789abcdef")
        assert False
    """)
    result.stdout.re_match_lines([
        r"  The mock got no request with the credentials of this test's tenant.",
        r"  Requests that belong to no tenant, from this test or from one beside it:",
        r"  401 POST /v1/users/ada/actions/pay \(track\)",
    ], consecutive=True)


def test_a_webhook_that_its_receiver_did_not_take_is_shown(tests):
    result = tests("""
    def test_fails(stepup):
        stepup.webhooks({"url": "http://127.0.0.1:9/hook", "events": ["sms.created"]})
        call(stepup, "challenge", verificationMethod="SMS", action="signIn", phoneNumber="+64270000001")
        assert False
    """)
    result.stdout.re_match_lines([r"  webhook sms.created to http://127.0.0.1:9/hook \(given_up\): .+"])


def test_what_the_mock_refuses_is_told_without_the_code_of_this_package(tests):
    result = tests("""
    def test_waits(stepup):
        stepup.inbox.wait_for("ada@example.com", timeout=0)

    def test_verifies(stepup):
        stepup.verify({"pattern": {"operation": "track"}})

    def test_calls(stepup):
        stepup.control("GET", "/_mock/actions", limit=-1)
    """)
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(["*track sends no code: the hosted page does, or the application by*"])
    result.stdout.no_re_match_line(r".*stepup_mock/\w+\.py:\d+.*")


def test_a_fault_that_no_request_met_is_shown(tests):
    result = tests("""
    def test_fails(stepup):
        stepup.faults({"operation": "get_user", "status": 503}, {"operation": "track", "always": True, "status": 503})
        call(stepup, "users/ada/actions/pay")
        assert False
    """)
    result.stdout.re_match_lines([r'  This fault is still planned: {.*"operation": "get_user".*}'])
    result.stdout.no_re_match_line(r'.*still planned.*"always".*')


def test_an_application_that_called_nobody_here_may_have_called_the_vendor(tests):
    result = tests("""
    def test_fails(stepup):
        assert False
    """)
    result.stdout.re_match_lines([
        r"  The mock got no request with the credentials of this test's tenant.",
        r"  If the application has called a vendor's SDK, that went to the vendor's live service: .*api_url.*",
    ], consecutive=True)


def test_a_proxy_that_takes_the_requests_is_named(tests, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    result = tests("""
    def test_fails(stepup):
        assert False
    """)
    result.stdout.re_match_lines([r"  HTTP_PROXY sends requests to 127.0.0.1 through a proxy: set NO_PROXY=127.0.0.1"])


def test_a_fixture_that_fails_shows_the_journal_too(tests):
    result = tests("""
    @pytest.fixture
    def signed_in(stepup):
        call(stepup, "users/ada/actions/signIn")
        assert False

    def test_never_runs(signed_in):
        pass
    """)
    result.assert_outcomes(errors=1)
    result.stdout.re_match_lines([r"  200 POST /v1/users/ada/actions/signIn \(track\)"])


@pytest.mark.parametrize("marker", ["{}", "seeds={}"])
def test_a_marker_that_does_not_name_its_seed_says_how(tests, marker):
    result = tests(f"""
    @pytest.mark.stepup({marker})
    def test_never_runs(stepup):
        pass
    """)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*the marker stepup takes a seed by its name: @pytest.mark.stepup(seed={...})"])


def test_no_program_is_installed(tests, pytester, monkeypatch, tmp_path):
    monkeypatch.delenv("STEPUP_MOCK", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    pytester.makeconftest("import stepup_mock.server; stepup_mock.server.installed = lambda: None")
    result = tests("""
    def test_one(stepup):
        pass

    def test_two(stepup):
        pass

    def test_without_a_mock():
        pass
    """)
    result.assert_outcomes(passed=1, errors=2)
    first = "There is no stepup-mock to start: this package came without it, and none is on the PATH. Do one of these:"
    assert result.outlines.count(first) == 2
    result.stdout.fnmatch_lines([
        first,
        "*pip install --force-reinstall stepup-mock",
        "*cargo install --path mock-server*",
        "*export STEPUP_MOCK=/path/to/stepup-mock",
        "*export STEPUP_MOCK_URL=http://127.0.0.1:4750",
    ])
    result.stdout.no_fnmatch_line("*Traceback*")


NEEDS_A_MOCK = """
    def test_one(stepup):
        pass
"""


@pytest.mark.parametrize("processes", [[], ["-n", "1"]], ids=["one process", "a worker"])
def test_a_path_without_a_program(tests, monkeypatch, processes):
    monkeypatch.setenv("STEPUP_MOCK", "/nowhere/stepup-mock")
    result = tests(NEEDS_A_MOCK, *processes)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["STEPUP_MOCK is /nowhere/stepup-mock, and no program is there"])


def test_a_program_that_does_not_start_says_why(tests, pytester):
    pytester.makeini("[pytest]\nstepup_mock_args = --seed /nowhere.json")
    result = tests(NEEDS_A_MOCK)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*stepup-mock did not start:", "*/nowhere.json*"])


@pytest.mark.parametrize("flag", ["--listen 127.0.0.1:4767", "--listen=127.0.0.1:4767", "--ready-json"])
def test_a_flag_that_the_package_needs_itself_says_what_to_do(tests, pytester, flag):
    pytester.makeini(f"[pytest]\nstepup_mock_args = --strict {flag}")
    result = tests(NEEDS_A_MOCK)
    result.assert_outcomes(errors=1)
    name = flag.partition(" ")[0]
    result.stdout.fnmatch_lines([
        f"{name} is not for you to pass: this package starts the mock on a free port, and ends it.*"
        f"start `stepup-mock --strict {flag}` yourself, and set STEPUP_MOCK_URL to its URL."
    ])


def test_arguments_in_one_text_say_how_to_write_them():
    with pytest.raises(stepup_mock.MockError, match=r"are a list, not one text: start\(\['--seed', 'demo'\]\)"):
        stepup_mock.start("--seed demo")


def test_a_mock_that_died_says_so_and_how(tests):
    result = tests("""
    def test_kills_it(stepup, stepup_mock):
        import os, signal
        os.kill(stepup_mock._program._child.pid, signal.SIGKILL)
        stepup.clock.advance(1)
    """)
    result.assert_outcomes(failed=1, errors=1)
    result.stdout.re_match_lines([
        r".*the mock at http://127.0.0.1:\d+ does not answer \(.*\)",
        r".*stepup-mock has ended with exit code -9. The end of its log:",
        r".*\(it is empty\)",
        r"-+ Requests to stepup-mock .*",
        r"the mock at http://127.0.0.1:\d+ does not answer.*",
    ])


def test_a_worker_says_that_the_mock_died_too():
    with stepup_mock.start() as mock:
        of_a_worker = stepup_mock.Mock(mock.url, log=mock.log)
        mock._program._child.kill()
        with pytest.raises(stepup_mock.MockUnreachable) as raised:
            of_a_worker.create_tenant()
    assert "The mock has stopped. The end of its log:" in str(raised.value)


@pytest.mark.parametrize("processes", [[], ["-n", "2"]], ids=["one process", "two"])
def test_a_mock_that_runs_already_is_used_and_left_running(tests, monkeypatch, running, processes):
    monkeypatch.setenv("STEPUP_MOCK", "/nowhere/stepup-mock")
    monkeypatch.setenv("STEPUP_MOCK_URL", f"{running}/")
    result = tests(f"""
    @pytest.mark.parametrize("number", range(8))
    def test_uses_it(stepup, stepup_mock, number):
        assert stepup_mock.url == "{running}"
        assert call(stepup, "users/ada/actions/pay")["state"] == "ALLOW"
    """, *processes)
    result.assert_outcomes(passed=8)
    # The tenant of the mock itself is there, and those of the tests are gone.
    assert len(stepup_mock.Mock(running).control.call("GET", "/_mock/tenants")["tenants"]) == 1


def test_a_url_where_no_mock_is(tests, monkeypatch):
    monkeypatch.setenv("STEPUP_MOCK_URL", "http://127.0.0.1:1")
    result = tests(NEEDS_A_MOCK)
    result.stdout.fnmatch_lines([
        "*the mock at http://127.0.0.1:1 does not answer (ConnectionRefusedError*)",
        "*Check that a mock runs there, and STEPUP_MOCK_URL.",
    ])


@pytest.mark.parametrize("api", ["/v1", "/v1/", "/v1/client", "/v1/management", "/_mock"])
def test_the_url_of_an_api_is_refused_with_that_of_the_mock(monkeypatch, api):
    monkeypatch.setenv("STEPUP_MOCK_URL", f"http://127.0.0.1:4750{api}")
    with pytest.raises(stepup_mock.MockUnreachable) as raised:
        stepup_mock.start()
    assert str(raised.value) == (
        f"'http://127.0.0.1:4750{api}' is the URL of an API of a mock; that of the mock itself is http://127.0.0.1:4750"
    )


def test_a_deterministic_mock_makes_secrets_of_names(monkeypatch):
    monkeypatch.delenv("STEPUP_MOCK_URL", raising=False)

    def secrets():
        with stepup_mock.start(["--deterministic"]) as mock:
            return [mock.create_tenant(name=name).api_secret_key for name in ("ada", "bob", "ada")]

    first, second = secrets(), secrets()
    # One of a name that is taken gets another secret.
    assert len(set(first)) == 3
    assert first[:2] == second[:2]


def test_all_processes_use_one_mock_and_it_ends_with_them(tests, pytester):
    result = tests("""
    import os

    @pytest.mark.parametrize("number", range(12))
    def test_writes_down_what_it_uses(stepup_mock, number):
        with open("used", "a") as file:
            file.write(f"{os.getpid()} {stepup_mock.url}\\n")
    """, "-n", "3")
    result.assert_outcomes(passed=12)
    lines = (pytester.path / "used").read_text().split("\n")[:-1]
    processes, urls = zip(*(line.split() for line in lines))
    assert (len(set(processes)) > 1, len(set(urls))) == (True, 1)
    with pytest.raises(stepup_mock.MockUnreachable):
        stepup_mock.Mock(urls[0]).create_tenant()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_leaves_no_mock(pytester, tests, how):
    pytester.makepyfile("""
    def test_hangs(stepup_mock):
        import pathlib, time
        pathlib.Path("url.part").write_text(stepup_mock.url)
        pathlib.Path("url.part").rename("url")
        time.sleep(600)
    """)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    # Whoever started these tests in the background had them ignore SIGINT, and a child does what its parent did.
    heeds = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    child = subprocess.Popen(
        command, cwd=pytester.path, stdout=subprocess.DEVNULL, start_new_session=True, preexec_fn=heeds
    )
    url = pytester.path / "url"
    while not url.exists():
        assert child.poll() is None
    os.killpg(child.pid, how)
    child.wait(timeout=60)
    # One that was killed cannot wait for the mock's end.
    with pytest.raises(stepup_mock.MockUnreachable):
        while True:
            stepup_mock.Mock(url.read_text()).create_tenant()
