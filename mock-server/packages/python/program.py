"""Puts a program that is built already into the wheel, with the tag of its platform. Knows nothing of what the program does.

The environment variable ``STEPUP_MOCK`` names the program. maturin would build it once more: the wheel would have another
program than the archive and the npm package of a release, which are tested and signed. If the licences of what the program
contains are beside it, as those of a release are, they get into the wheel, too.
"""

import os
import re
import struct
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VARIABLE = "STEPUP_MOCK"
NOTICES = "THIRD-PARTY-NOTICES.txt"

ELF = {0x3E: "x86_64", 0xB7: "aarch64"}
#: The oldest macOS for which Rust builds by default.
MACH_O = {0x01000007: "macosx_10_12_x86_64", 0x0100000C: "macosx_11_0_arm64"}
PE = {0x8664: "win_amd64", 0xAA64: "win_arm64"}
#: The entry of an ELF program header that names the dynamic linker. A static program has none.
INTERPRETER = 3


def platform_tag(program: bytes) -> str:
    """The platform of a wheel with this program. Raises ValueError if it is not a program for a known platform."""
    try:
        if program.startswith(b"\x7fELF\x02\x01"):
            return _linux_tag(program)
        if program.startswith(b"\xcf\xfa\xed\xfe"):
            return MACH_O[struct.unpack_from("<I", program, 4)[0]]
        if program.startswith(b"MZ"):
            [header] = struct.unpack_from("<I", program, 0x3C)
            return PE[struct.unpack_from("<H", program, header + 4)[0]]
    except (KeyError, struct.error):
        pass
    raise ValueError("it is not a program for Linux, macOS or Windows on x86-64 or arm64")


def _linux_tag(program: bytes) -> str:
    cpu = ELF[struct.unpack_from("<H", program, 18)[0]]
    [at] = struct.unpack_from("<Q", program, 32)
    size, count = struct.unpack_from("<HH", program, 54)
    if INTERPRETER not in (struct.unpack_from("<I", program, at + size * index)[0] for index in range(count)):
        # It needs neither glibc nor musl, so it is for both.
        return f"manylinux_2_17_{cpu}.manylinux2014_{cpu}.musllinux_1_1_{cpu}"
    versions = {(int(major), int(minor)) for major, minor in re.findall(rb"\0GLIBC_(\d+)\.(\d+)", program)}
    if not versions:
        raise ValueError("it is dynamic, and not for glibc: build a static one")
    major, minor = max(versions)
    return f"manylinux_{major}_{minor}_{cpu}"


class ProgramHook(BuildHookInterface):
    """Called by hatchling when it builds a wheel."""

    def initialize(self, version, build_data):
        named = os.environ.get(VARIABLE)
        if not named:
            raise RuntimeError(
                f"The wheel needs a program: set {VARIABLE} to its whole path, such as that of target/debug/stepup-mock"
                " after `cargo build --package stepup-mock` in the repository of stepup."
            )
        program = Path(named)
        # pip runs this in another folder than that of its user.
        if not program.is_absolute():
            raise RuntimeError(f"{VARIABLE} is {named}: name the program by its whole path")
        try:
            tag = platform_tag(program.read_bytes())
        except (OSError, ValueError) as error:
            raise RuntimeError(f"{VARIABLE} is {named}: {error}") from error
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{tag}"
        build_data["shared_scripts"][str(program)] = "stepup-mock.exe" if tag.startswith("win") else "stepup-mock"
        notices = program.with_name(NOTICES)
        if notices.exists():
            build_data["extra_metadata"][str(notices)] = NOTICES
