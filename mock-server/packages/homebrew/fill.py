"""Prints the Homebrew formula of a release. Knows nothing of what the program does.

Usage: fill.py REPOSITORY VERSION RELEASE, with the web address of the repository, the version, and the folder with the archives.
"""

import hashlib
import re
import sys
from pathlib import Path

TEMPLATE = Path(__file__).with_name("stepup-mock.rb.in")


def formula(repository, version, release):
    """The text of the formula. Raises FileNotFoundError if an archive is missing."""
    def value(found):
        kind, target = found["kind"], found["target"]
        archive = f"stepup-mock-{target}.tar.gz"
        if kind == "SHA256":
            return hashlib.sha256((release / archive).read_bytes()).hexdigest()
        return {"REPOSITORY": repository, "VERSION": version, "ARCHIVE": f"{repository}/releases/download/v{version}/{archive}"}[kind]

    # Of the template, without its first line, which is about the template.
    _, text = TEMPLATE.read_text(encoding="utf-8").split("\n", 1)
    return re.sub(r"@(?P<kind>[A-Z0-9]+)(:(?P<target>[\w-]+))?@", value, text)


if __name__ == "__main__":
    print(formula(sys.argv[1], sys.argv[2], Path(sys.argv[3])), end="")
