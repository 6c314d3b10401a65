"""Drives one published version of the vendor's Python package, unmodified, against a mock server.

    ACTIVE_CONNECT_SERVER=URL python driver.py Activeconnect VERSION APPLICATION_ID APPLICATION_SECRET
    IAMPASS_SERVER=URL python driver.py IAMPASS VERSION APPLICATION_ID APPLICATION_SECRET

IAMPASS is the package's new name; its modules, classes and functions have kept theirs.

Every function and property that the package defines is called; the run fails if one was not. Each step is a function
whose name says what it shows. What a version is known to get wrong is a branch on one of the sets under "Known
defects", and is asserted to go wrong in exactly that way; nothing else is left out.
"""

import enum
import importlib
import inspect
import json
import pkgutil
import sys
import urllib.error
import urllib.request

PACKAGE, NUMBER, APPLICATION_ID, APPLICATION_SECRET = sys.argv[1:5]
VERSION = f"{PACKAGE} {NUMBER}"


def of_package(module, *names):
    return [getattr(importlib.import_module(f"{PACKAGE}.{module}"), name) for name in names]


AuthenticationAPI, AuthenticationMethod = of_package("authentication_api", "AuthenticationAPI", "AuthenticationMethod")
ManagementAPI, ManagementAPIResult = of_package("management_api", "ManagementAPI", "ManagementAPIResult")
(Session,) = of_package("session", "Session")
(Status,) = of_package("status", "Status")
(SERVER,) = of_package("config", {"Activeconnect": "ACTIVE_CONNECT_SERVER", "IAMPASS": "IAMPASS_SERVER"}[PACKAGE])

ALL = {
    "Activeconnect 0.0.4",
    "Activeconnect 0.0.7",
    "Activeconnect 0.0.8",
    "Activeconnect 0.0.9",
    "Activeconnect 0.0.10",
    "IAMPASS 0.0.10",
    "IAMPASS 0.0.20",
    "IAMPASS 0.0.31",
    "IAMPASS 0.0.32",
}
IAMPASS = {version for version in ALL if version.startswith("IAMPASS")}

# Known defects of the package: the versions that have them.
# `response_data.json.get(...)` on a dict: AttributeError on every 2xx.
HAS_DEVICE_RAISES = ALL - IAMPASS - {"Activeconnect 0.0.10"}
# get_status stores and returns the wire's text, so `active` and `in_progress` turn false with the first poll.
STATUS_IS_TEXT = {"Activeconnect 0.0.4", "Activeconnect 0.0.7"}
# No JSON schema, so a session cannot be saved.
NO_SCHEMA = {"Activeconnect 0.0.4"}
# A started session has the failure reason "" where later versions have None.
EMPTY_FAILURE_REASON = {"Activeconnect 0.0.4"}
# The methods are joined from the empty result variable instead of the argument: `?methods=` for any list.
METHODS_ARE_DROPPED = ALL - IAMPASS | {"IAMPASS 0.0.10"}
# authenticate_user takes `duration_seconds`, and checks no more than that it is an integer.
TAKES_A_DURATION = {"IAMPASS 0.0.31", "IAMPASS 0.0.32"}
# The README names methods that no version has.
README_ONLY = {ManagementAPI: "delete_use", Session: "getStatus"}

# quote_plus has something to do in each of these.
ODD_IDS = ["user one@example.com", "a/b", "a+b", "é", "~tilde*star", "50%25", "..", "a?b#c&d=e"]


# The simulated phone, by the mock's control API.


def control(path, body=None):
    """Answer of the mock's control API; the status and the reason where it refuses."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"{SERVER}/_mock/{path}", data=data, headers={"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refusal:
        raise AssertionError(f"/_mock/{path}: {refusal.code} {refusal.read().decode()}") from None


def phone(action, user):
    return control(f"phone/{action}", {"userId": user})["sessionStatus"]


def user_with_phone(manager, user):
    assert manager.add_user(user) is ManagementAPIResult.success
    link = manager.get_registration_link(user_id=user, display_name=None)
    assert control("phone/register", {"link": link})["userId"] == user
    return user


def last_target():
    return control("journal?limit=1")["requests"][0]["target"]


def poll(session, expected):
    """One get_status, and everything that follows from the status; STATUS_IS_TEXT says what follows wrongly."""
    status = session.get_status()
    if VERSION in STATUS_IS_TEXT:
        assert status == expected.name and session.session_status == expected.name, status
        assert not session.active and not session.in_progress and not session.failed
        return
    assert status is expected and session.session_status is expected, status
    assert session.active == (expected is Status.active)
    assert session.in_progress == (expected in (Status.pending, Status.identifying))
    assert session.failed == (expected in (Status.failed, Status.timeout, Status.cancelled))


def raises(kind, text, call):
    try:
        call()
    except kind as error:
        assert text in str(error), f"{kind.__name__} says {error}"
    else:
        raise AssertionError(f"no {kind.__name__}")


# The README of the package, snippet by snippet.


def readme_getting_started():
    manager = ManagementAPI(application_id=APPLICATION_ID, application_secret=APPLICATION_SECRET)

    add_user_result = manager.add_user("MY USER")
    assert add_user_result == ManagementAPIResult.success
    add_user_result = manager.add_user("MY USER")
    assert add_user_result == ManagementAPIResult.user_exists

    users = ["MY USER 1", "MY USER 2", "MY USER 3"]
    created, existing = manager.add_users(users)
    assert created == users and not existing, (created, existing)

    registration_link = manager.get_registration_link(user_id="MY USER 1", display_name="MY USER 1@myapp")
    assert registration_link.startswith(f"{SERVER}/"), registration_link

    sent = manager.send_registration_sms(
        user_id="MY USER 1", display_name="MY USER1@myapp", phone_number="+1XXXYYYY", message=None
    )
    assert sent is True
    sent = manager.send_registration_sms(
        user_id="MY USER 1", display_name="MY USER1@myapp", phone_number="+1XXXYYYY", message="REGISTER FOR MY APP"
    )
    assert sent is True

    if VERSION in HAS_DEVICE_RAISES:
        raises(AttributeError, "'json'", lambda: manager.has_registered_mobile_device("MY USER 1"))
    else:
        has_device = manager.has_registered_mobile_device("MY USER 1")
        assert has_device is ManagementAPIResult.no_mobile_device

    raises(AttributeError, README_ONLY[ManagementAPI], lambda: manager.delete_use("MY USER 1"))
    assert manager.delete_user("MY USER 3") is ManagementAPIResult.success
    users = ["MY USER", "MY USER 2"]
    assert manager.delete_users(users) is ManagementAPIResult.success
    created, existing = manager.add_users(["MY USER 1", "MY USER 2"])
    assert created == ["MY USER 2"] and existing == ["MY USER 1"], (created, existing)


def readme_authenticating():
    manager = ManagementAPI(application_id=APPLICATION_ID, application_secret=APPLICATION_SECRET)
    authenticator = AuthenticationAPI(application_id=APPLICATION_ID, application_secret=APPLICATION_SECRET)

    session = authenticator.authenticate_user("MY USER 1")
    assert session.failed
    assert session.failure_reason == "NO_MOBILE_DEVICE"

    link = manager.get_registration_link(user_id="MY USER 1", display_name="MY USER 1@myapp")
    control("phone/register", {"link": link})
    session = authenticator.authenticate_user("MY USER 1")
    assert session.in_progress and session.session_status is Status.pending

    raises(AttributeError, README_ONLY[Session], lambda: session.getStatus())
    polls = 0
    while session.in_progress:
        if polls == 1:
            phone("approve", "MY USER 1")
        session.get_status()
        polls += 1
        assert polls < 5, "the session did not leave `pending`"
    if VERSION in STATUS_IS_TEXT:
        assert polls == 1 and session.session_status == "pending", "the loop ends with the first poll"
        phone("approve", "MY USER 1")
        poll(session, Status.active)
    else:
        assert polls == 2 and session.active
    assert session.destroy() is True


def readme_session_serialization():
    manager = ManagementAPI(application_id=APPLICATION_ID, application_secret=APPLICATION_SECRET)
    authenticator = AuthenticationAPI(application_id=APPLICATION_ID, application_secret=APPLICATION_SECRET)
    user = user_with_phone(manager, "saved")
    session = authenticator.authenticate_user(user)
    if VERSION in NO_SCHEMA:
        assert not hasattr(Session, "Schema")
        return
    from itsdangerous.url_safe import URLSafeSerializer

    session_json = Session.Schema().dumps(session)
    new_session = Session.Schema().loads(session_json)
    assert new_session == session and new_session is not session
    assert session != session_json, "equality is between sessions"
    assert sorted(json.loads(session_json)) == [
        "failure_reason", "logout_url", "session_secret", "session_status", "session_token", "status_url",
    ]

    s = URLSafeSerializer("secret-key")
    session_token = s.dumps(session_json)
    restored = Session.Schema().loads(s.loads(session_token))

    phone("approve", user)
    if VERSION in STATUS_IS_TEXT:
        poll(restored, Status.active)
    else:
        assert restored.get_status() is Status.active and restored.active
    assert restored != session, "the status is part of a session"
    assert restored.destroy() is True
    poll(session, Status.closed)


# What the README does not show.


def users_are_created_once_and_deleted_quietly():
    manager = ManagementAPI(APPLICATION_ID, APPLICATION_SECRET)
    assert manager.add_users(["one", "two"]) == (["one", "two"], [])
    assert manager.add_users(["one", "two"]) == ([], ["one", "two"])
    assert manager.add_users(["two", "three"]) == (["three"], ["two"])
    assert manager.delete_users(["one", "nobody"]) is ManagementAPIResult.success
    assert manager.add_user("one") is ManagementAPIResult.success
    assert manager.add_users([]) == (None, None), "the documented refusal"
    assert manager.delete_users(["one", "two", "three"]) is ManagementAPIResult.success


def odd_ids_arrive_as_given():
    manager = ManagementAPI(APPLICATION_ID, APPLICATION_SECRET)
    authenticator = AuthenticationAPI(APPLICATION_ID, APPLICATION_SECRET)
    assert manager.add_users(ODD_IDS) == (ODD_IDS, [])
    for user in ODD_IDS:
        link = manager.get_registration_link(user, user)
        registered = control("phone/register", {"link": link})
        assert registered["userId"] == user, (registered, user)
        session = authenticator.authenticate_user(user)
        poll(session, Status.pending)
        assert phone("approve", user) == "active"
        poll(session, Status.active)
        assert session.destroy() is True
        assert manager.delete_user(user) is ManagementAPIResult.success
        assert manager.get_registration_link(user, None) is None, "no such user any more"


def sms_carries_message_and_link():
    manager = ManagementAPI(APPLICATION_ID, APPLICATION_SECRET)
    assert manager.add_user("texted") is ManagementAPIResult.success
    for number, display_name, message in [
        ("+15550001", "Texted", "REGISTER FOR MY APP"),
        ("+15550002", None, None),
        ("+15550003", "", ""),
    ]:
        assert manager.send_registration_sms("texted", display_name, number, message) is True
        (sent,) = control(f"messages?to={number.replace('+', '%2B')}")["messages"]
        assert sent["to"] == number and sent["channel"] == "sms", sent
        assert sent["text"].startswith(message or "") and sent["text"].endswith(sent["url"]), sent
        assert sent["url"].startswith(f"{SERVER}/"), sent
    assert control("phone/register", {"link": sent["url"]})["userId"] == "texted"
    assert manager.send_registration_sms("nobody", None, "+15550004", None) is False


def a_device_is_told_of():
    manager = ManagementAPI(APPLICATION_ID, APPLICATION_SECRET)
    user = user_with_phone(manager, "equipped")
    if VERSION in HAS_DEVICE_RAISES:
        raises(AttributeError, "'dict' object has no attribute 'json'", lambda: manager.has_registered_mobile_device(user))
    else:
        assert manager.has_registered_mobile_device(user) is ManagementAPIResult.has_mobile_device
    # The defect is behind the 2xx: a refusal is told in every version.
    assert manager.has_registered_mobile_device("nobody") is ManagementAPIResult.failed


def methods_can_be_named():
    manager = ManagementAPI(APPLICATION_ID, APPLICATION_SECRET)
    authenticator = AuthenticationAPI(APPLICATION_ID, APPLICATION_SECRET)
    user = user_with_phone(manager, "methodical")
    every = [AuthenticationMethod.acceptance, AuthenticationMethod.device, AuthenticationMethod.facial]
    session = authenticator.authenticate_user(user, every)
    sent = "" if VERSION in METHODS_ARE_DROPPED else "acceptance,device,facial"
    assert last_target().endswith(f"/methodical?methods={sent}"), last_target()
    assert session.in_progress and session.failure_reason == ("" if VERSION in EMPTY_FAILURE_REASON else None)
    authenticator.authenticate_user(user, [])
    assert last_target().endswith("/methodical"), last_target()
    raises(TypeError, "AuthenticationMethod", lambda: authenticator.authenticate_user(user, ["acceptance"]))


def a_duration_bounds_the_session():
    manager = ManagementAPI(APPLICATION_ID, APPLICATION_SECRET)
    authenticator = AuthenticationAPI(APPLICATION_ID, APPLICATION_SECRET)
    user = user_with_phone(manager, "hurried")
    if VERSION not in TAKES_A_DURATION:
        raises(TypeError, "duration_seconds", lambda: authenticator.authenticate_user(user, duration_seconds=90))
        return
    methods = [AuthenticationMethod.acceptance]
    session = authenticator.authenticate_user(user, methods, duration_seconds=90)
    assert last_target().endswith("/hurried?methods=acceptance&duration_seconds=90"), last_target()
    assert phone("approve", user) == "active"
    control("clock", {"advanceSeconds": 89})
    poll(session, Status.active)
    control("clock", {"advanceSeconds": 1})
    poll(session, Status.closed)
    assert session.destroy() is False, "the session has already ended"

    for nonsense in (0, -5, True):
        assert authenticator.authenticate_user(user, duration_seconds=nonsense) is None
        assert last_target().endswith(f"/hurried?duration_seconds={nonsense}"), last_target()
    for refused in (1.5, "60"):
        raises(TypeError, "", lambda: authenticator.authenticate_user(user, duration_seconds=refused))


def no_device_starts_nothing():
    manager = ManagementAPI(APPLICATION_ID, APPLICATION_SECRET)
    authenticator = AuthenticationAPI(APPLICATION_ID, APPLICATION_SECRET)
    assert manager.add_user("phoneless") is ManagementAPIResult.success
    session = authenticator.authenticate_user("phoneless")
    assert session.failed and session.session_status is Status.failed
    assert session.failure_reason == "NO_MOBILE_DEVICE"
    assert session.session_token is None and session.session_secret is None
    assert session.status_url is None and session.logout_url is None
    raises(TypeError, "", session.get_status)
    raises(TypeError, "", session.destroy)
    assert authenticator.authenticate_user("nobody") is None


def every_end_of_a_session():
    manager = ManagementAPI(APPLICATION_ID, APPLICATION_SECRET)
    authenticator = AuthenticationAPI(APPLICATION_ID, APPLICATION_SECRET)
    user = user_with_phone(manager, "ender")
    for action, status in [("deny", Status.cancelled), ("fail", Status.failed), ("expire", Status.timeout)]:
        session = authenticator.authenticate_user(user)
        poll(session, Status.pending)
        assert phone(action, user) == status.name
        poll(session, status)
        assert session.destroy() is False, "the session has already ended"
        poll(session, status)

    session = authenticator.authenticate_user(user)
    control("clock", {"advanceSeconds": 24 * 60 * 60})
    poll(session, Status.timeout)

    session = authenticator.authenticate_user(user)
    phone("approve", user)
    poll(session, Status.active)
    assert phone("walk-away", user) == "walkaway"
    poll(session, Status.walkaway)
    assert phone("return", user) == "active"
    poll(session, Status.active)
    assert session.destroy() is True
    poll(session, Status.closed)
    assert session.destroy() is False

    session = authenticator.authenticate_user(user)
    assert session.destroy() is True, "a session that waits can be ended"
    poll(session, Status.closed)


def two_sessions_do_not_touch():
    manager = ManagementAPI(APPLICATION_ID, APPLICATION_SECRET)
    authenticator = AuthenticationAPI(APPLICATION_ID, APPLICATION_SECRET)
    first, second = user_with_phone(manager, "first"), user_with_phone(manager, "second")
    one, two = authenticator.authenticate_user(first), authenticator.authenticate_user(second)
    phone("approve", first)
    phone("deny", second)
    poll(one, Status.active)
    poll(two, Status.cancelled)


def a_wrong_secret_fails_as_the_package_says():
    manager = ManagementAPI(APPLICATION_ID, APPLICATION_SECRET)
    authenticator = AuthenticationAPI(APPLICATION_ID, APPLICATION_SECRET)
    user = user_with_phone(manager, "guarded")
    session = authenticator.authenticate_user(user)
    before = control("state")

    stranger = ManagementAPI(APPLICATION_ID, "not the secret")
    assert stranger.add_users(["intruder"]) == (None, None)
    assert stranger.add_user("intruder") is ManagementAPIResult.failed
    assert stranger.delete_users([user]) is ManagementAPIResult.failed
    assert stranger.delete_user(user) is ManagementAPIResult.failed
    assert stranger.get_registration_link(user, None) is None
    assert stranger.send_registration_sms(user, None, "+15550005", None) is False
    assert stranger.has_registered_mobile_device(user) is ManagementAPIResult.failed
    assert AuthenticationAPI(APPLICATION_ID, "not the secret").authenticate_user(user) is None
    assert ManagementAPI("no-such-application", APPLICATION_SECRET).add_users(["x"]) == (None, None)

    secret, session.session_secret = session.session_secret, "not the secret"
    assert session.get_status() is Status.failed
    assert session.session_status is Status.pending, "the stored status is left alone"
    assert session.destroy() is False
    assert control("state") == before, "a refused request changed the world"
    session.session_secret = secret
    poll(session, Status.pending)


def arguments_are_checked_before_anything_is_sent():
    manager = ManagementAPI(APPLICATION_ID, APPLICATION_SECRET)
    authenticator = AuthenticationAPI(APPLICATION_ID, APPLICATION_SECRET)
    before = len(control("journal?limit=10000")["requests"])
    raises(ValueError, "users", lambda: manager.add_users(None))
    for missing in (None, ""):
        raises(ValueError, "user_id", lambda: manager.get_registration_link(missing, None))
        raises(ValueError, "user_id", lambda: manager.send_registration_sms(missing, None, "+15550006", None))
        raises(ValueError, "user_id", lambda: manager.has_registered_mobile_device(missing))
        raises(ValueError, "phone_number", lambda: manager.send_registration_sms("x", None, missing, None))
    raises(ValueError, "user_id", lambda: authenticator.authenticate_user(None))
    assert len(control("journal?limit=10000")["requests"]) == before


# That every function of the package was called.


def defined_functions():
    """Code object and name of each function and property that the package itself defines."""
    found = {}
    for info in pkgutil.iter_modules(importlib.import_module(PACKAGE).__path__, f"{PACKAGE}."):
        module = importlib.import_module(info.name)
        for name, thing in vars(module).items():
            if inspect.isfunction(thing) and thing.__module__ == info.name:
                found[thing.__code__] = f"{info.name}.{name}"
            if inspect.isclass(thing) and thing.__module__ == info.name and not issubclass(thing, enum.Enum):
                for member, value in vars(thing).items():
                    function = getattr(value, "fget", None) or getattr(value, "__func__", value)
                    # Members that decorators add (`Schema`, `__repr__`) live in other files.
                    if inspect.isfunction(function) and function.__code__.co_filename == module.__file__:
                        found[function.__code__] = f"{info.name}.{name}.{member}"
    return found


def main():
    functions = defined_functions()
    called = set()
    sys.setprofile(lambda frame, event, _: called.add(frame.f_code) if event == "call" else None)
    steps = [
        readme_getting_started,
        readme_authenticating,
        readme_session_serialization,
        users_are_created_once_and_deleted_quietly,
        odd_ids_arrive_as_given,
        sms_carries_message_and_link,
        a_device_is_told_of,
        methods_can_be_named,
        a_duration_bounds_the_session,
        no_device_starts_nothing,
        every_end_of_a_session,
        two_sessions_do_not_touch,
        a_wrong_secret_fails_as_the_package_says,
        arguments_are_checked_before_anything_is_sent,
    ]
    for step in steps:
        step()
        print(f"ok {step.__name__}")
    sys.setprofile(None)
    uncalled = sorted(name for code, name in functions.items() if code not in called)
    assert not uncalled, f"never called: {uncalled}"
    print(f"called {len(functions)} functions of {VERSION}")


if __name__ == "__main__":
    assert VERSION in ALL, f"no known defects are listed for {VERSION}"
    main()
