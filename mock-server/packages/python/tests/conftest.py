"""The tests start pytest inside pytest: what a person sees of a failing test is tested, too."""

import json
import subprocess

import pytest

import stepup_mock

pytest_plugins = ["pytester"]


@pytest.fixture
def running():
    """The URL of a mock that somebody else has started."""
    command = [stepup_mock.server.installed(), "--listen", "127.0.0.1:0", "--ready-json", "--log", "off"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        yield json.loads(child.stdout.readline())["url"]
        child.terminate()
