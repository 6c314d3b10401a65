"""The wheel: the program of this platform is in it, and its tag says where it runs."""

import importlib.util
import json
import struct
import subprocess
import sys
import sysconfig
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
import requests

import stepup_mock

SOURCE = Path(__file__).parents[1] / "program.py"
spec = importlib.util.spec_from_file_location("program", SOURCE)
program = importlib.util.module_from_spec(spec)
spec.loader.exec_module(program)


def elf(cpu, *headers, rest=b""):
    """The head of a program for Linux, with program headers of these types."""
    head = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01", 3, cpu, 1, 0, 64, 0, 0, 64, 56, len(headers), 0, 0, 0)
    return head + b"".join(struct.pack("<I52x", kind) for kind in headers) + rest


@pytest.mark.parametrize("binary, tag", [
    (elf(0x3E, 6, 3, rest=b"\0GLIBC_2.9\0GLIBC_2.34\0GLIBC_2.4\0"), "manylinux_2_34_x86_64"),
    (elf(0xB7, 3, rest=b"\0GLIBC_2.17\0"), "manylinux_2_17_aarch64"),
    (elf(0x3E, 1, 2), "manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64"),
    (struct.pack("<II24x", 0xFEEDFACF, 0x0100000C), "macosx_11_0_arm64"),
    (b"MZ" + bytes(58) + struct.pack("<I4sH", 64, b"PE\0\0", 0x8664), "win_amd64"),
])
def test_the_tag_is_that_of_the_program(binary, tag):
    assert program.platform_tag(binary) == tag


@pytest.mark.parametrize("binary", [b"", b"#!/bin/sh", b"MZ", elf(0x28, 3), elf(0x3E, 3), elf(0x3E, 3)[:80]])
def test_what_is_no_program_for_a_known_platform_is_refused(binary):
    with pytest.raises(ValueError):
        program.platform_tag(binary)


def test_the_installed_program_is_of_the_version_of_the_package():
    installed = stepup_mock.server.installed()
    assert Path(installed).parent == Path(sysconfig.get_path("scripts"))
    said = subprocess.run([installed, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert said == f"stepup-mock {version('stepup-mock')}\n"


def test_a_wheel_without_a_program_is_not_built(monkeypatch, tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    for named, why in [
        ("", "The wheel needs a program: set STEPUP_MOCK"),
        ("debug/stepup-mock", "name the program by its whole path"),
        ("/nowhere/stepup-mock", "No such file"),
        (__file__, "it is not a program for Linux"),
    ]:
        monkeypatch.setenv("STEPUP_MOCK", named)
        done = subprocess.run(build, cwd=SOURCE.parent, stderr=subprocess.PIPE, text=True, check=False)
        assert done.returncode != 0
        assert why in done.stderr
    assert not list(tmp_path.iterdir())


def test_the_licences_beside_a_program_are_in_its_wheel(monkeypatch, tmp_path):
    binary, notices = tmp_path / "stepup-mock", tmp_path / "THIRD-PARTY-NOTICES.txt"
    binary.write_bytes(elf(0x3E, 1, 2))
    monkeypatch.setenv("STEPUP_MOCK", str(binary))
    for text in [None, b"Licences of others"]:
        if text:
            notices.write_bytes(text)
        build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
        subprocess.run(build, cwd=SOURCE.parent, stderr=subprocess.PIPE, text=True, check=True)
        [wheel] = tmp_path.glob("*.whl")
        with zipfile.ZipFile(wheel) as packed:
            found = [packed.read(name) for name in packed.namelist() if name.endswith(f".dist-info/extra_metadata/{notices.name}")]
        assert found == ([text] if text else [])


def test_the_program_serves_a_step_up_by_itself():
    command = [stepup_mock.server.installed(), "--listen", "127.0.0.1:0", "--ready-json", "--log", "off"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        ready = json.loads(child.stdout.readline())
        api, secret = f"{ready['url']}/v1", ready["authsignal"]["tenants"][0]["apiSecret"]
        server, page = requests.Session(), requests.Session()
        server.auth = (secret, "")
        server.post(f"{api}/users/ada/authenticators", json={"verificationMethod": "EMAIL_OTP", "email": "ada@example.com"})
        tracked = server.post(f"{api}/users/ada/actions/pay", json={}).json()
        page.headers["Authorization"] = f"Bearer {tracked['token']}"
        page.post(f"{api}/client/challenge/email-otp")
        [message] = page.get(f"{ready['url']}/_mock/messages").json()["messages"]
        passed = page.post(f"{api}/client/verify/email-otp", json={"verificationCode": message["code"]}).json()
        assert server.post(f"{api}/validate", json={"token": passed["accessToken"]}).json()["isValid"]
        child.terminate()
    assert child.returncode == 0
