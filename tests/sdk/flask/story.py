"""Plays the people who use the Flask app of app.py, over HTTP, against a mock server.

    IAMPASS_SERVER=URL python story.py APPLICATION_ID APPLICATION_SECRET
"""

import http.cookiejar
import json
import os
import queue
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from werkzeug.serving import make_server

from app import make_app

SERVER = os.environ["IAMPASS_SERVER"]
# How long to wait for the app, in seconds.
PATIENCE = 20


def control(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{SERVER}/_mock/{path}", data=data)) as answer:
        return json.load(answer)


class Login:
    """Stops the app between two questions for a login's status, so that the story decides what happens in between."""

    def __init__(self):
        self.stopped, self.go = queue.Queue(), queue.Queue()

    def pause(self):
        self.stopped.put(None)
        self.go.get(timeout=PATIENCE)

    def after_questions(self, count, act):
        for _ in range(count - 1):
            self.stopped.get(timeout=PATIENCE)
            self.go.put(None)
        self.stopped.get(timeout=PATIENCE)
        act()
        self.go.put(None)


class Browser:
    def __init__(self, url):
        self.url = url
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def post(self, path, **form):
        with self.opener.open(self.url + path, urllib.parse.urlencode(form).encode(), PATIENCE) as answer:
            return json.load(answer)

    def signed_in(self):
        with self.opener.open(f"{self.url}/status", timeout=PATIENCE) as answer:
            return json.load(answer)["signedIn"]


def register(browser, name):
    """Opens the link on a phone. Returns the id by which IAMPASS knows the user."""
    link = browser.post("/register", name=name)["link"]
    assert link.startswith(f"{SERVER}/"), link
    user = control("phone/register", {"link": link})["userId"]
    assert len(user) == 32, user
    return user


def sign_in(pool, login, browser, name, user, action, questions=1):
    """Signs in while the phone acts. The app's server waits with its answer until then."""
    answer = pool.submit(browser.post, "/login", name=name)
    login.after_questions(questions, lambda: control(f"phone/{action}", {"userId": user}))
    return answer.result(PATIENCE)


def refused(text, call):
    try:
        call()
    except urllib.error.HTTPError as refusal:
        assert refusal.code == 401 and text in refusal.read().decode(), refusal
    else:
        raise AssertionError("no refusal")


def play(url, login, pool):
    ada = Browser(url)
    user = register(ada, "ada")
    assert not ada.signed_in()
    # The phone rings while the app asks again and again.
    assert sign_in(pool, login, ada, "ada", user, "approve", questions=5) == {"signedIn": True}
    # The page asks each second, and so does every other request.
    assert all([ada.signed_in() for _ in range(20)])
    assert ada.post("/logout") == {"ended": True}
    assert not ada.signed_in()

    refused("cancelled", lambda: sign_in(pool, login, ada, "ada", user, "deny"))
    refused("timeout", lambda: sign_in(pool, login, ada, "ada", user, "expire"))
    ada.post("/register", name="bob")
    refused("NO_MOBILE_DEVICE", lambda: ada.post("/login", name="bob"))

    # Whoever walks away with the phone is signed out, and so is a browser whose session was ended elsewhere.
    sign_in(pool, login, ada, "ada", user, "approve")
    control("phone/walk-away", {"userId": user})
    assert not ada.signed_in()
    sign_in(pool, login, ada, "ada", user, "approve")
    other = Browser(url)
    for cookie in ada.cookies:
        other.cookies.set_cookie(cookie)
    assert other.signed_in() and other.post("/logout") == {"ended": True}
    assert not ada.signed_in()


def main():
    login = Login()
    server = make_server("127.0.0.1", 0, make_app(*sys.argv[1:3], login.pause), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with ThreadPoolExecutor() as pool:
        play(f"http://localhost:{server.server_port}", login, pool)
    server.shutdown()
    print("the Flask app: ok")


if __name__ == "__main__":
    main()
