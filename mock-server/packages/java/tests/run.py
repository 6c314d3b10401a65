"""Compiles the extension and its tests, and the examples of docs/test-double/java.md, and runs them.

Usage: run.py MOCK FOLDER, with the mock's program and a folder to keep the classes in. JUnit comes from Debian's or Ubuntu's
package junit5: Maven Central is no registry that every machine reaches. If it cannot be had, the exit code is 3. If all but the
example with a container passes, because its library cannot be had from Maven Central, it is 4.
"""

import glob
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
PAGE = HERE.parents[2] / "docs/test-double/java.md"
#: The exit code if there is no JUnit.
NO_JUNIT = 3
#: The exit code if there is no Testcontainers.
NO_TESTCONTAINERS = 4
JAR = "usr/share/java/junit-platform-console-standalone.jar"


def junit(folder):
    """JUnit's console launcher: the installed one, or one that is downloaded into the folder and not installed."""
    installed = Path("/", JAR)
    if installed.exists():
        return installed
    jar = folder / "junit5" / JAR
    if not jar.exists():
        try:
            subprocess.run(["apt-get", "download", "--quiet=2", "junit5"], cwd=folder, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"JUnit cannot be downloaded: {error}")
            sys.exit(NO_JUNIT)
        [package] = glob.glob(str(folder / "junit5_*.deb"))
        subprocess.run(["dpkg", "-x", package, str(folder / "junit5")], check=True)
    return jar


def testcontainers(folder):
    """The class path of Testcontainers as Maven finds it, or None."""
    told = folder / "testcontainers.classpath"
    command = ["mvn", "--batch-mode", "--quiet", "--file", str(HERE / "examples/pom.xml"), "dependency:build-classpath"]
    try:
        subprocess.run([*command, f"-Dmdep.outputFile={told}"], stdout=subprocess.PIPE, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"Testcontainers cannot be downloaded: {error}")
        return None
    return told.read_text()


def examples(folder):
    """The examples of the page as files, each under the name of its class."""
    texts = re.findall(r"```java\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names = [re.search(r"^class (\w+)", text, re.MULTILINE)[1] for text in texts]
    assert names, f"{PAGE} has no example"
    for name, text in zip(names, texts):
        (folder / f"{name}.java").write_text(text)
    return [folder / f"{name}.java" for name in names]


def compile_classes(sources, target, *classes, lint="all,-processing,-path"):
    """Compiles with all warnings on, but for those about jars that JUnit's own manifest names."""
    shutil.rmtree(target, ignore_errors=True)
    command = ["javac", "--release", "11", "-encoding", "UTF-8", f"-Xlint:{lint}", "-Werror", "-d", str(target)]
    path = os.pathsep.join(map(str, classes))
    subprocess.run([*command, "-classpath", path, *map(str, sources)], check=True)


def main():
    mock, folder = (Path(path).resolve() for path in sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    jar = junit(folder)
    package, tests, docs = folder / "package", folder / "tests", folder / "docs"
    compile_classes(HERE.glob("src/main/java/**/*.java"), package, jar)
    compile_classes(HERE.glob("src/test/java/**/*.java"), tests, jar, package)
    shutil.rmtree(folder / "examples", ignore_errors=True)
    (folder / "examples").mkdir()
    compile_classes(examples(folder / "examples"), docs, jar, package)
    container = testcontainers(folder)
    if container:
        # Its jars name annotations of jars that it does not need.
        compile_classes(HERE.glob("examples/*.java"), folder / "container", container, lint="all,-classfile,-processing,-path")
    path = os.pathsep.join(map(str, (package, tests, docs)))
    parallel = ["enabled=true", "mode.default=concurrent", "config.strategy=fixed", "config.fixed.parallelism=16"]
    arguments = ["--class-path", path, "--scan-class-path", "--disable-banner", "--disable-ansi-colors", "--details=tree", "--fail-if-no-tests"]
    arguments += [f"--config=junit.jupiter.execution.parallel.{one}" for one in parallel]
    # Without the PATH, on which a mock may be.
    environment = {**os.environ, "PATH": "", "STEPUP_MOCK": str(mock)}
    environment.pop("STEPUP_MOCK_URL", None)
    java = shutil.which("java")
    done = subprocess.run(
        [java, "-jar", str(jar), *arguments], env=environment, stdout=subprocess.PIPE, encoding="utf-8", check=False
    )
    # A line for each of a thousand repetitions tells nobody anything.
    print("\n".join(line for line in done.stdout.splitlines() if "repetition" not in line or "[X]" in line))
    sys.exit(done.returncode or (0 if container else NO_TESTCONTAINERS))


main()
