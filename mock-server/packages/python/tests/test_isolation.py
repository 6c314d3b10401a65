"""A thousand tests at once, each with a tenant, a clock and faults of its own. `pytest -n` spreads them over processes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest
import requests
from authsignal.client import AuthsignalClient

START = datetime(2030, 1, 1, tzinfo=timezone.utc)


def canary(tenant, number):
    """Does all that a test does, and checks that it sees only what it has done itself."""
    client = AuthsignalClient(tenant.api_secret_key, api_url=tenant.api_url, timeout=60)
    user, email = f"canary-{number}", f"canary-{number}@example.com"
    now = START + timedelta(days=number)
    tenant.clock.freeze(now)
    client.enroll_verified_authenticator(user, {"verificationMethod": "EMAIL_OTP", "email": email})
    tracked = client.track(user, "pay", {})
    assert tracked["state"] == "CHALLENGE_REQUIRED"
    token = {"Authorization": f"Bearer {tracked['token']}"}
    requests.post(f"{tenant.api_url}/client/challenge/email-otp", headers=token, timeout=60).raise_for_status()
    message = tenant.inbox.wait_for(timeout=60)
    assert (message.to, message.created_at) == (email, now)
    # Within the ten minutes that the action waits for its challenge.
    later = now + timedelta(seconds=1 + number % 500)
    assert tenant.clock.advance(later - now) == later
    tenant.succeed_challenge(user)
    assert client.validate_challenge({"token": tracked["token"]})["is_valid"]

    # Every second one has a fault that its neighbours must not meet.
    fails = number % 2
    if fails:
        tenant.faults({"operation": "get_user", "status": 503, "headers": {"Retry-After": str(number)}})
    answer = requests.get(f"{tenant.api_url}/users/{user}", auth=(tenant.api_secret_key, ""), timeout=60)
    wanted = (503, str(number)) if fails else (200, None)
    assert (answer.status_code, answer.headers.get("Retry-After")) == wanted

    assert [one.to for one in tenant.inbox.messages()] == [email]
    assert tenant.clock.now() == later
    assert [one["userId"] for one in tenant.control("GET", "/_mock/users")["users"]] == [user]
    journal = tenant.journal.requests()
    assert [(one.operation, one.at) for one in journal] == [
        ("enroll_verified_authenticator", now),
        ("track", now),
        ("challenge_email_otp", now),
        ("validate_challenge", later),
        ("get_user", later),
    ]


@pytest.mark.parametrize("number", range(1000))
def test_each_test_is_alone(stepup, number):
    canary(stepup, number)


def test_so_are_the_threads_of_one_test(stepup_mock):
    def alone(number):
        with stepup_mock.create_tenant() as tenant:
            canary(tenant, number)

    with ThreadPoolExecutor(32) as threads:
        list(threads.map(alone, range(200)))
