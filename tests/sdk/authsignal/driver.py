"""Drives one published version of the vendor's Python SDK, unmodified, through every call it has, against a mock.

Usage: driver.py VERSION, with MOCK_URL, AUTHSIGNAL_API_SECRET in the environment and the SDK on the path.

What single versions break by themselves is listed in DEFECTS, by name and with the reason, and must break in exactly
that way; nothing else is left out. No connection leaves the machine: one that would is refused and recorded.
"""

import importlib
import inspect
import json
import os
import socket
import sys
import urllib.request

VERSION = sys.argv[1]
MOCK = os.environ["MOCK_URL"]
SECRET = os.environ["AUTHSIGNAL_API_SECRET"]

DEFECTS = {
    "1.0.0": {"import": "it imports a top-level module `version` that it does not ship"},
    "1.0.1": {"validate": "it reads the claim other.action, and checks `aud` without being given one"},
    "1.0.2": {"validate": "it reads the claim other.action, and checks `aud` without being given one"},
    "1.0.3": {"validate": "it checks `aud` without being given one"},
    **{
        version: {"validate": "it sends /validate to a fixed public host, whatever api_url says"}
        for version in ("2.0.0", "2.0.1", "2.0.2", "2.0.3", "2.0.5", "2.0.6")
    },
    **{
        version: {"track": "it refuses an action without attributes before anything is sent"}
        for version in ("4.0.0", "4.0.1", "4.0.2")
    },
}.get(VERSION, {})

used = set()


def defect(name):
    if name in DEFECTS:
        used.add(name)
        return True
    return False


def major():
    return int(VERSION.split(".")[0])


outside = []
resolve = socket.getaddrinfo


def loopback_only(host, *args, **kwargs):
    if host not in ("127.0.0.1", "localhost", "::1"):
        outside.append(host)
        raise socket.gaierror(socket.EAI_NONAME, f"{host} is not on this machine")
    return resolve(host, *args, **kwargs)


socket.getaddrinfo = loopback_only


def control(path, body):
    request = urllib.request.Request(
        f"{MOCK}/_mock/{path}", data=json.dumps(body).encode(), method="POST"
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def raises(call, *parts):
    try:
        call()
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        for part in parts:
            assert part in text, f"{part!r} is not in {text!r}"
        return error
    raise AssertionError(f"nothing was raised; expected {parts}")


def either(answer, *names):
    """A member under its name in this version: camelCase until 0.1, snake_case from 1.0 on."""
    for name in names:
        if name in answer:
            return answer[name]
    raise AssertionError(f"none of {names} in {sorted(answer)}")


def client(secret=SECRET, versioned=False):
    import authsignal.client as module

    base = f"{MOCK}/v1" if versioned else MOCK
    if major() >= 4:
        return module.AuthsignalClient(api_secret_key=secret, api_url=f"{MOCK}/v1", timeout=30)
    return module.Client(api_key=secret, api_url=base, timeout=30)


def call(method, positional, attributes=None):
    """Calls a method whose body argument has another name from version to version."""
    names = [name for name in inspect.signature(method).parameters if name not in ("self", "path")]
    for name in ("payload", "attributes", "authenticator_payload", "user_payload", "data"):
        if name in names and attributes is not None:
            return method(*positional, **{name: attributes})
    return method(*positional) if attributes is None else method(*positional, attributes)


def track(sdk, user, action, attributes=None):
    return call(getattr(sdk, "track", None) or sdk.track_action, (user, action), attributes)


def enroll(sdk, user, attributes):
    method = getattr(sdk, "enroll_verified_authenticator", None) or sdk.enrol_authenticator
    answer = call(method, (user,), attributes)
    return answer["authenticator"]


def update_user(sdk, user, attributes):
    method = getattr(sdk, "update_user", None) or getattr(sdk, "identify", None)
    return call(method, (user,), attributes) if method else None


def validate(sdk, token, user=None, action=None):
    if major() >= 4:
        wanted = {"token": token, "userId": user, "action": action}
        return sdk.validate_challenge({key: value for key, value in wanted.items() if value is not None})
    names = inspect.signature(sdk.validate_challenge).parameters
    wanted = {"user_id": user, "action": action}
    given = {key: value for key, value in wanted.items() if key in names and value is not None}
    return sdk.validate_challenge(token, **given)


def run(sdk, prefix):
    user = f"{prefix}:1"

    # Nobody knows the user yet.
    answer = sdk.get_user(user)
    assert either(answer, "isEnrolled", "is_enrolled") is False, answer
    assert "email" not in answer, "an unset member is left out"
    if "redirect_url" in inspect.signature(sdk.get_user).parameters:
        answer = sdk.get_user(user, redirect_url="http://www.yourapp.com/path-back")
        # Pages are on a name, which a passkey needs.
        assert answer["url"].startswith(MOCK.replace("127.0.0.1", "localhost")), answer

    # A user without authenticators is not challenged.
    if defect("track"):
        raises(lambda: track(sdk, user, "testPython", {}), "must be a non-empty dict")
    if major() >= 4:
        answer = track(sdk, user, "testPython", {"redirectUrl": None, "email": "x@example.com"})
    else:
        answer = track(sdk, user, "testPython")
    assert answer["state"] == "ALLOW", answer

    # What the README tracks.
    answer = track(
        sdk,
        user,
        "testPython",
        {
            "redirectUrl": "https://www.example.com/",
            "email": "test@python.com",
            "deviceId": "cookie",
            "userAgent": "Mozilla/5.0",
            "ipAddress": "127.0.0.1",
            "unknownMember": 1,
            "redirect_url": "snake case is a member nobody knows",
            "custom": {"aBoolean": True, "aString": "Blue", "aDecimal": 100.00, "aList": ["a"]},
        },
    )
    assert answer["state"] == "ALLOW", answer

    if update_user(sdk, user, {"email": "new@email.com", "custom": {"foo": "bar"}}) is not None:
        assert sdk.get_user(user)["email"] == "new@email.com"

    # Legacy names of the README, then the current ones, which replace it.
    legacy = {"oobChannel": "SMS", "phoneNumber": "+64277770770"}
    assert either(enroll(sdk, user, legacy), "verificationMethod", "verification_method") == "SMS"
    current = {"verificationMethod": "SMS", "phoneNumber": "+64277770770"}
    authenticator = enroll(sdk, user, current)
    assert either(authenticator, "userId", "user_id") == user
    assert either(sdk.get_user(user), "isEnrolled", "is_enrolled") is True
    if hasattr(sdk, "get_authenticators"):
        assert len(sdk.get_authenticators(user)) == 1

    # Now they are.
    answer = track(sdk, user, "signIn", {"idempotencyKey": "key 1", "redirectUrl": "https://www.example.com/"})
    assert answer["state"] == "CHALLENGE_REQUIRED", answer
    assert either(answer, "idempotencyKey", "idempotency_key") == "key 1"
    token, url = answer["token"], answer["url"]
    assert either(answer, "challengeUrl", "challenge_url") == url and "?" in url
    assert either(answer, "allowedVerificationMethods", "allowed_verification_methods")
    if major() != 0:
        # urllib does not encode a space on its own in the oldest version either, but requests does.
        assert sdk.get_action(user, "signIn", "key 1")["state"] == "CHALLENGE_REQUIRED"

    def validated(**wanted):
        answer = validate(sdk, token, **wanted)
        return answer, either(answer, "is_valid", "success", "isValid")

    checked = hasattr(sdk, "validate_challenge")
    if checked and defect("validate"):
        checked = False
        if VERSION.startswith("1."):
            raises(lambda: validate(sdk, token), "InvalidAudience")
        else:
            raises(lambda: validate(sdk, token), "api.authsignal.com")
            assert outside and set(outside) == {"api.authsignal.com"}, outside
            outside.clear()
    if checked:
        answer, valid = validated()
        assert valid is False and answer["state"] == "CHALLENGE_REQUIRED", answer
    control("challenge/succeed", {"userId": user})
    assert sdk.get_action(user, "signIn", "key 1")["state"] == "CHALLENGE_SUCCEEDED"
    if checked:
        answer, valid = validated()
        assert valid is True, answer
        assert answer["state"] == "CHALLENGE_SUCCEEDED" and answer["user_id"] == user, answer
        assert answer["action"] == "signIn", answer
        answer, valid = validated(user="somebody else")
        assert valid is False, answer

    # A challenge that fails.
    answer = track(sdk, user, "signIn", {"custom": {"a": None}})
    key = either(answer, "idempotencyKey", "idempotency_key")
    control("challenge/fail", {"userId": user, "action": "signIn"})
    assert sdk.get_action(user, "signIn", key)["state"] == "CHALLENGE_FAILED"
    if hasattr(sdk, "update_action"):
        sdk.update_action(user, "signIn", key, {"state": "REVIEW_REQUIRED"})
        assert sdk.get_action(user, "signIn", key)["state"] == "REVIEW_REQUIRED"

    # Requests that carry null: 3.x and 4.x announce more bytes than they send.
    answer = track(sdk, user, "withNull", {"email": None, "phoneNumber": "1234567890"})
    assert answer["state"] == "CHALLENGE_REQUIRED", answer

    delete = getattr(sdk, "delete_authenticator", None) or getattr(sdk, "delete_user_authenticator", None)
    if delete:
        identity = either(authenticator, "userAuthenticatorId", "user_authenticator_id")
        delete(user, identity)
        assert either(sdk.get_user(user), "isEnrolled", "is_enrolled") is False
    if hasattr(sdk, "delete_user"):
        sdk.delete_user(user)
        assert "email" not in sdk.get_user(user)

    # Errors.
    wrong = client(secret="wrong secret")
    if major() == 0:
        error = raises(lambda: track(wrong, user, "signIn"), "Track Action Failed")
        assert error.http_status_code == 401
        assert error.api_error_message.startswith("The request is unauthorized."), error.api_error_message
    elif major() < 4:
        for status, request in (
            (404, lambda: sdk.get_action(user, "signIn", "no such key")),
            (401, lambda: wrong.get_user(user)),
        ):
            error = raises(request, "ApiException")
            # 1.0.1 tells the status as a member, later versions in the text.
            assert error.http_status_code == status or str(status) in str(error), error
    else:
        error = raises(lambda: wrong.get_user(user), "The request is unauthorized.")
        assert (error.status_code, error.error_code) == (401, "unauthorized")
        error = raises(lambda: sdk.get_action(user, "signIn", "no such key"), "404")
        assert error.error_code == "not_found"


def main():
    if defect("import"):
        raises(lambda: importlib.import_module("authsignal.client"), "No module named 'version'")
    else:
        run(client(), f"python-{VERSION}")
        if major() < 4:
            # A base that ends with /v1 makes the oldest versions ask for /v1/v1.
            run(client(versioned=True), f"python-{VERSION}-versioned")
    unseen = set(DEFECTS) - used
    assert not unseen, f"listed defects that did not show: {unseen}"
    assert not outside, f"tried to leave the machine: {outside}"
    print(f"authsignal {VERSION}: ok")


main()
