"""Runs the mock as the image of the Dockerfile does, without a container engine: in a root with nothing but the program, which
is read-only, as the user of the image, in a network of its own. Then runs the application of the compose example.

Usage: run.py MOCK FOLDER, with the mock's program and a folder for the root. It needs root; without, the exit code is 3. If the
program is not static, its libraries are in the root, too.
"""

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
#: The exit code without the rights for a root and a network of its own.
NO_RIGHTS = 3
INSIDE = "--inside"
#: Of Linux: sets the flags of a network interface, such as that it is up.
SIOCSIFFLAGS, IFF_UP = 0x8914, 1


def image():
    """What the Dockerfile says of the image."""
    text = (HERE / "Dockerfile").read_text().replace("\\\n", "")
    assert re.findall(r"^FROM (.*)$", text, re.MULTILINE) == ["scratch"]
    [program] = re.findall(r"^COPY --chmod=0555 \S+(/\S+) .* /$", text, re.MULTILINE)
    return {
        "program": program,
        "user": re.search(r"^USER (\d+:\d+)$", text, re.MULTILINE)[1],
        "env": dict(re.findall(r"^ENV (\w+)=(\S+)$", text, re.MULTILINE)),
        "entrypoint": json.loads(re.search(r"^ENTRYPOINT (\[.*\])$", text, re.MULTILINE)[1]),
        "health": json.loads(re.search(r"^HEALTHCHECK .* CMD (\[.*\])$", text, re.MULTILINE)[1]),
    }


def fill(root, mock, program):
    """Makes the root: the program, and the libraries that the dynamic linker names."""
    shutil.rmtree(root, ignore_errors=True)
    said = subprocess.run(["ldd", str(mock)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout
    libraries = re.findall(r"(/\S+) \(0x", said)
    for source, target in [(str(mock), program), *((one, one) for one in libraries)]:
        copy = Path(f"{root}{target}")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, copy)
        copy.chmod(0o555)
    print("the program is static" if not libraries else f"the program is not static: the root also has {', '.join(libraries)}")


def listed(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def main(mock, root):
    like = image()
    fill(root, mock, like["program"])
    before = listed(root)
    print(f"{(root / like['program'].lstrip('/')).stat().st_size / 2**20:.1f} MiB, root: {' '.join(before)}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
    subprocess.run(["mount", "--bind", str(root), str(root)], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", str(root)], check=True)
    try:
        (root / "file").touch()
    except OSError:
        pass
    else:
        raise AssertionError("the root can be written")

    def inside(command, **options):
        chroot = [shutil.which("chroot"), f"--userspec={like['user']}", str(root), *command]
        return subprocess.Popen(chroot, env=like["env"], text=True, **options)

    mock_process = inside(like["entrypoint"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        line = mock_process.stdout.readline()
        assert line.startswith("listening on http://"), line + mock_process.stderr.read()
        status = Path(f"/proc/{mock_process.pid}/status").read_text()
        owner = like["user"].split(":")[0]
        assert re.search(rf"^Uid:(\t{owner}){{4}}$", status, re.MULTILINE), status
        assert re.search(r"^CapEff:\t0+$", status, re.MULTILINE), status
        health = inside(like["health"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said = health.communicate()[0]
        assert health.returncode == 0, said
        print(f"health check: {said.strip()}")
        port = like["env"]["STEPUP_LISTEN"].rsplit(":", 1)[1]
        environment = {**os.environ, "AUTHSIGNAL_API_URL": f"http://127.0.0.1:{port}/v1"}
        environment["AUTHSIGNAL_API_SECRET"] = "mock-authsignal-secret-0123456789abcdef"
        app = subprocess.run(
            ["node", str(HERE / "example/app.mjs")], env=environment, stdout=subprocess.PIPE, text=True, check=True
        )
        print(f"the application of the example: {app.stdout.split('?')[0]}")
        assert app.stdout.startswith("CHALLENGE_REQUIRED http://"), app.stdout
    finally:
        mock_process.send_signal(signal.SIGTERM)
        mock_process.communicate()
    assert mock_process.returncode == 0, mock_process.returncode
    assert inside(like["health"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).wait() != 0
    assert listed(root) == before


if __name__ == "__main__":
    if sys.argv[1] != INSIDE:
        separate = ["unshare", "--mount", "--net", "--propagation", "private"]
        if subprocess.run([*separate, "true"], check=False).returncode != 0:
            print("this user may not have a root and a network of its own")
            sys.exit(NO_RIGHTS)
        os.execvp("unshare", [*separate, sys.executable, __file__, INSIDE, *sys.argv[1:]])
    main(*(Path(path).resolve() for path in sys.argv[2:]))
