"""A step-up with the vendor's SDK, and what the fixture gives besides."""

import contextlib
import importlib
from datetime import datetime, timedelta, timezone

import Activeconnect.authentication_api  # noqa: F401, as an application does at its top
import Activeconnect.management_api  # noqa: F401
import IAMPASS.authentication_api  # noqa: F401
import IAMPASS.management_api  # noqa: F401
import pytest
import requests
from authsignal.client import AuthsignalClient

import stepup_mock as package

ADA = "ada@example.com"


def sdk(tenant):
    return AuthsignalClient(tenant.api_secret_key, api_url=tenant.api_url, timeout=30)


def browser(tenant, token, path, **body):
    """What the hosted page does for its user, with the token of its URL."""
    answer = requests.post(
        f"{tenant.api_url}/client/{path}", headers={"Authorization": f"Bearer {token}"}, json=body, timeout=30
    )
    answer.raise_for_status()
    return answer.json()


def challenged(tenant, user="ada", email=ADA):
    """A user with an email address, and the token of an action that asks for its challenge."""
    client = sdk(tenant)
    client.enroll_verified_authenticator(user, {"verificationMethod": "EMAIL_OTP", "email": email})
    tracked = client.track(user, "pay", {"redirectUrl": "https://app.example/back"})
    assert tracked["state"] == "CHALLENGE_REQUIRED"
    return client, tracked["token"]


def test_a_step_up_with_the_code_from_the_inbox(stepup):
    client, token = challenged(stepup)
    browser(stepup, token, "challenge/email-otp")
    code = stepup.inbox.wait_for(ADA).code
    passed = browser(stepup, token, "verify/email-otp", verificationCode=code)
    assert passed["isVerified"]
    validated = client.validate_challenge({"token": passed["accessToken"]})
    assert (validated["is_valid"], validated["state"]) == (True, "CHALLENGE_SUCCEEDED")


def test_the_control_api_answers_a_challenge_in_place_of_the_user(stepup):
    client, token = challenged(stepup)
    stepup.fail_challenge("ada", "pay")
    assert not client.validate_challenge({"token": token})["is_valid"]
    token = client.track("ada", "pay", {})["token"]
    stepup.succeed_challenge("ada")
    assert client.validate_challenge({"token": token})["is_valid"]


def test_a_fault_is_met_once_and_taken_back(stepup):
    stepup.faults({"operation": "get_user", "status": 503, "headers": {"Retry-After": "7"}})
    user = f"{stepup.api_url}/users/ada"
    answers = [requests.get(user, auth=(stepup.api_secret_key, ""), timeout=30) for _ in range(2)]
    assert [(one.status_code, one.headers.get("Retry-After")) for one in answers] == [(503, "7"), (200, None)]
    stepup.faults({"operation": "get_user", "status": 503, "always": True})
    stepup.faults()
    assert requests.get(user, auth=(stepup.api_secret_key, ""), timeout=30).ok


def test_what_happens_next_is_planned_and_taken_back(stepup):
    client, _ = challenged(stepup)
    stepup.scenarios({"userId": "ada", "action": "pay", "outcome": "BLOCK"})
    assert [client.track("ada", "pay", {})["state"] for _ in range(2)] == ["BLOCK", "CHALLENGE_REQUIRED"]
    stepup.scenarios({"outcome": "REVIEW", "always": True})
    stepup.scenarios()
    assert client.track("ada", "pay", {})["state"] == "CHALLENGE_REQUIRED"


def test_each_message_is_returned_once_and_the_newest_first(stepup):
    _, token = challenged(stepup)
    browser(stepup, token, "challenge/email-otp")
    first = stepup.inbox.wait_for("ADA@example.com")
    with pytest.raises(package.NoMessage) as raised:
        stepup.inbox.wait_for(ADA, timeout=0)
    assert "no message to ada@example.com came within 0 s." in str(raised.value)
    assert f"{first.text}  (read before; messages() shows it again)" in str(raised.value)
    browser(stepup, token, "challenge/email-otp")
    browser(stepup, token, "challenge/email-otp")
    newest = stepup.inbox.wait_for()
    assert [newest, first] == [stepup.inbox.messages(ADA)[0], stepup.inbox.messages()[2]]
    assert (newest.channel, newest.to, newest.url) == ("email", ADA, None)


def test_a_message_that_comes_later_is_waited_for(stepup):
    from threading import Timer

    _, token = challenged(stepup)
    Timer(0.2, lambda: browser(stepup, token, "challenge/email-otp")).start()
    assert stepup.inbox.wait_for(ADA, timeout=30).code


def test_an_empty_inbox_says_so(stepup):
    with pytest.raises(package.NoMessage, match="The inbox of this test is empty"):
        stepup.inbox.wait_for(timeout=0.05)


def test_time_passes_when_the_test_says_so(stepup):
    start = datetime(2030, 1, 1, tzinfo=timezone.utc)
    assert stepup.clock.freeze(start) == start
    client, token = challenged(stepup)
    assert stepup.clock.advance(minutes=9, seconds=30) == start + timedelta(minutes=9, seconds=30)
    stepup.succeed_challenge("ada")
    assert client.validate_challenge({"token": token})["is_valid"]
    stepup.clock.advance(timedelta(hours=1))
    assert not client.validate_challenge({"token": token})["is_valid"]
    assert stepup.clock.set("2029-01-01T00:00:00.250Z") == datetime(2029, 1, 1, 0, 0, 0, 250000, timezone.utc)
    assert stepup.clock.now().year == 2029
    stepup.clock.release()
    with pytest.raises(ValueError, match="use set"):
        stepup.clock.advance(-1)
    with pytest.raises(ValueError, match="time zone"):
        stepup.clock.set(datetime(2030, 1, 1))


@pytest.mark.stepup(seed={"authsignal": {"users": [{"userId": "eve", "email": "eve@example.com"}]}})
def test_a_marker_says_what_the_tenant_begins_with(stepup):
    assert sdk(stepup).get_user("eve")["email"] == "eve@example.com"


@pytest.mark.parametrize("vendor", ["Activeconnect", "IAMPASS"])
def test_a_package_that_was_imported_before_finds_the_tenant(stepup_env, vendor):
    management = importlib.import_module(f"{vendor}.management_api").ManagementAPI
    authentication = importlib.import_module(f"{vendor}.authentication_api").AuthenticationAPI
    credentials = stepup_env.application_id, stepup_env.application_secret
    management(*credentials).add_user("ada")
    stepup_env.register_phone(management(*credentials).get_registration_link("ada", "Ada"))
    session = authentication(*credentials).authenticate_user("ada")
    stepup_env.approve_on_phone("ada")
    session.get_status()
    assert session.active
    denied = authentication(*credentials).authenticate_user("ada")
    stepup_env.deny_on_phone("ada")
    denied.get_status()
    assert not denied.active
    assert "authenticate_user" in [one.operation for one in stepup_env.journal.requests()]


def test_environment_variables_lead_an_application_to_the_tenant(stepup_env):
    import os

    assert os.environ["AUTHSIGNAL_API_URL"] == stepup_env.api_url
    assert os.environ["AUTHSIGNAL_API_SECRET"] == stepup_env.api_secret_key
    assert os.environ["ACTIVE_CONNECT_SERVER"] == stepup_env.url


def test_the_journal_has_the_requests_of_this_tenant_alone(stepup, stepup_mock):
    with stepup_mock.create_tenant() as other:
        sdk(other).get_user("someone-else")
        challenged(stepup)
        lines = [(one.operation, one.status) for one in stepup.journal.requests()]
        assert lines == [("enroll_verified_authenticator", 200), ("track", 200)]
        assert [one.operation for one in other.journal.requests("get_user")] == ["get_user"]
    with pytest.raises(Exception, match="unauthorized"):
        sdk(other).get_user("someone-else")
    other.delete()


def test_the_desk_shows_the_name_of_the_test(stepup, stepup_mock):
    [tenant] = stepup_mock.control.call("GET", "/_mock/tenants", query={"tenant": stepup.id})["tenants"]
    assert tenant["activeconnect"]["name"].endswith("test_step_up.py::test_the_desk_shows_the_name_of_the_test")
    assert tenant["ttlSeconds"] == 3600


def test_what_the_application_sent_is_verified(stepup, stepup_mock):
    with stepup_mock.create_tenant() as other:
        challenged(stepup)
        challenged(other)
        stepup.verify({"pattern": {"operation": "track", "userId": "ada"}, "exactly": 1})
        enrolled = {"pattern": {"operation": "enroll_verified_authenticator"}}
        stepup.verify(enrolled, {"pattern": {"operation": "track"}}, in_order=True, nothing_else=True)
        with pytest.raises(AssertionError, match="expected track, never; it came once"):
            stepup.verify({"pattern": {"operation": "track"}, "exactly": 0})
        with pytest.raises(AssertionError, match="not expected: request"):
            stepup.verify(enrolled, nothing_else=True)


def test_any_operation_of_the_control_api(stepup):
    challenged(stepup)
    assert stepup.control("GET", "/_mock/actions", limit=1)["actions"][0]["action"] == "pay"
    with pytest.raises(package.Refused, match="body /tenat is unknown"):
        stepup.control("POST", "/_mock/clock", {"tenat": stepup.id})
    with pytest.raises(ValueError, match=r"a GET takes no body; .*control\('GET', '/_mock/users', limit=5\)"):
        stepup.control("GET", "/_mock/users", {"limit": 1})
    with pytest.raises(ValueError, match="begins with /_mock/, as /_mock/verify does"):
        stepup.control("POST", "/verify", {})


def test_what_is_due_has_been_sent_when_the_deliveries_have_settled(stepup):
    stepup.webhooks({"url": "http://127.0.0.1:9/hook", "events": ["authenticator.created"]})
    challenged(stepup)
    assert [(one["type"], len(one["attempts"])) for one in stepup.deliveries(settled=True)] == [("authenticator.created", 1)]


def test_a_tenant_that_was_there_before_is_driven_and_left(stepup, stepup_mock):
    sdk(stepup).update_user("eve", {"email": "eve@example.com"})
    [row] = stepup.control("GET", "/_mock/tenants")["tenants"]
    for name in (stepup.id, stepup.tenant_id, row["activeconnect"]["name"]):
        with stepup_mock.tenant(name) as found:
            assert (found.id, found.env) == (stepup.id, stepup.env)
            assert found.management_secret_key == stepup.management_secret_key
            assert found.terminal_secret_key == stepup.terminal_secret_key
            assert found.application_secret == stepup.application_secret
    _, token = challenged(stepup)
    browser(stepup, token, "challenge/email-otp")
    assert found.inbox.wait_for(ADA).code
    found.succeed_challenge("ada")
    assert found.journal.requests("track")
    # The `with` has left it.
    assert sdk(stepup).get_user("eve")["email"] == "eve@example.com"


def test_a_tenant_of_one_vendor_has_empty_credentials_at_the_other(stepup_mock):
    with stepup_mock.create_tenant({"activeconnect": {"id": "phones-only"}}):
        tenant = stepup_mock.tenant("phones-only")
        assert tenant.application_id == "phones-only"
        assert tenant.application_secret


def test_a_tenant_that_is_not_there_is_an_error_that_names_those_that_are(stepup_mock):
    with stepup_mock.create_tenant(name="two of a name") as one, stepup_mock.create_tenant({}, name="two of a name") as two:
        with pytest.raises(package.MockError, match=f"has 2 tenants of the name 'two of a name'; .*{one.id}.*{two.id}"):
            stepup_mock.tenant("two of a name")
    with pytest.raises(package.MockError, match=r"has no tenant 'nobody'. It has: [^,.]+.* STEPUP_MOCK_URL"):
        stepup_mock.tenant("nobody")
    with contextlib.ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(stepup_mock.create_tenant())
        with pytest.raises(package.MockError, match=r"It has: ([^,]+, ){10}…\."):
            stepup_mock.tenant("nobody")
