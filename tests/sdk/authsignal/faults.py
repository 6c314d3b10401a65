"""Shows with the vendor's Python SDK, unmodified, what each planned fault does, and that it does nothing else.

Usage: faults.py, with MOCK_URL in the environment and the SDK on the path. Each fault is about one `track` of a tenant of its
own: the SDK meets it, the action is there once or not at all, the next calls are well, and another tenant notices nothing.
"""

import json
import os
import threading
import time
import urllib.request

import jwt
import requests
from authsignal.client import ApiException, AuthsignalClient

MOCK = os.environ["MOCK_URL"]


def control(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{MOCK}/_mock/{path}", data=data, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


class Tenant:
    def __init__(self):
        created = control("POST", "tenants", {"seed": {"authsignal": {"defaultOutcome": "REVIEW"}}})
        self.id = created["id"]
        secret = created["authsignal"]["secretKey"]
        self.sdk = AuthsignalClient(api_secret_key=secret, api_url=f"{MOCK}/v1", timeout=30)

    def plan(self, fault):
        control("POST", "faults", {"tenant": self.id, "faults": [fault]})

    def waiting(self):
        return control("GET", f"faults?tenant={self.id}")["tenants"][0]["faults"]

    def tracked(self):
        return len(control("GET", f"actions?tenant={self.id}")["actions"])

    def track(self, key):
        return self.sdk.track("ada", "pay", {"idempotencyKey": key})

    def is_well(self, key):
        assert self.track(key)["state"] == "REVIEW_REQUIRED"


def raised(call, kind):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError("nothing was raised")


def story(effect, carried_out, meets):
    """One fault, and what the SDK meets."""
    faulty, other = Tenant(), Tenant()
    faulty.plan({"operation": "track", **effect})
    # Another tenant, and another operation.
    other.is_well("one")
    faulty.sdk.get_user("bob")
    meets(lambda: faulty.track("faulty"))
    assert faulty.tracked() == carried_out, (effect, faulty.tracked())
    assert faulty.waiting() == [], effect
    faulty.is_well("next")
    other.is_well("two")
    assert (faulty.tracked(), other.tracked()) == (carried_out + 1, 2), effect


def refused(status, code):
    def meets(track):
        error = raised(track, ApiException)
        assert (error.status_code, error.error_code) == (status, code), error

    return meets


def fails(*kinds):
    """The SDK has one exception for all; requests says what it was."""

    def meets(track):
        error = raised(track, ApiException)
        assert isinstance(error.__cause__, kinds), repr(error.__cause__)

    return meets


def waits(track):
    """The SDK's own timeout has no effect on requests, so it waits on; the mock says that it has carried the request out."""
    waiting = threading.Thread(target=track, daemon=True)
    waiting.start()
    waiting.join(0.5)
    assert waiting.is_alive()


def late(least):
    def meets(track):
        began = time.monotonic()
        assert track()["state"] == "REVIEW_REQUIRED"
        assert time.monotonic() - began >= least

    return meets


def answered(check):
    def meets(track):
        answer = track()
        assert check(answer), answer

    return meets


def is_stale(answer):
    return jwt.decode(answer["token"], options={"verify_signature": False})["exp"] < time.time()


lost = fails(requests.exceptions.ConnectionError)
cut = fails(requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError)

story({"latency": {"milliseconds": 300}}, 1, late(0.3))
story({"latency": {"minMilliseconds": 300, "maxMilliseconds": 400}}, 1, late(0.3))
story({"latency": {"milliseconds": 60000}}, 1, waits)
story({"connection": "timeout"}, 1, waits)
story({"error": "too_many_requests", "headers": {"Retry-After": "0"}}, 0, refused(429, "too_many_requests"))
story({"error": "expired_token"}, 0, refused(401, "expired_token"))
story({"error": "internal_server_error", "carriedOut": True}, 1, refused(500, "internal_server_error"))
story({"status": 418, "body": {"errorCode": "teapot", "errorDescription": "short"}}, 0, refused(418, "teapot"))
story({"connection": "reset_before_answer"}, 1, lost)
story({"connection": "reset_before_answer", "carriedOut": False}, 0, lost)
story({"connection": "reset_after_answer"}, 1, late(0))
story({"truncateAfter": 20}, 1, cut)
story({"bytesPerSecond": 2000}, 1, late(0.2))
story({"malformed": True}, 1, fails(requests.exceptions.JSONDecodeError))
story({"wrongSchema": {"change": "drop", "member": "state"}}, 1, answered(lambda answer: "state" not in answer))
story({"wrongSchema": {"change": "type", "member": "state"}}, 1, answered(lambda answer: answer["state"] == 1))
story({"skewSeconds": -86400 * 365}, 1, answered(is_stale))

# A counted limit.
limited = Tenant()
limited.plan({"operation": "track", "rateLimit": {"count": 2, "seconds": 3600}})
limited.is_well("one")
limited.is_well("two")
refused(429, "too_many_requests")(lambda: limited.track("three"))
control("POST", f"reset?tenant={limited.id}")
limited.is_well("three")

print("faults: ok", flush=True)
# Calls that are never answered still wait.
os._exit(0)
