#!/usr/bin/env bash
# What the action runs. The inputs come in REPOSITORY, VERSION, PROGRAM, LISTEN and ARGS, and the folders and files of the runner
# in RUNNER_TEMP, GITHUB_OUTPUT, GITHUB_ENV and GITHUB_PATH.
set -euo pipefail

fail() {
    echo "::error title=stepup-mock::$1"
    exit 1
}

# Sets `target`, the name of this machine in the archives of a release.
find_target() {
    case "$RUNNER_OS-$RUNNER_ARCH" in
        Linux-X64) target=x86_64-unknown-linux-musl ;;
        Linux-ARM64) target=aarch64-unknown-linux-musl ;;
        macOS-X64) target=x86_64-apple-darwin ;;
        macOS-ARM64) target=aarch64-apple-darwin ;;
        Windows-X64) target=x86_64-pc-windows-msvc ;;
        Windows-ARM64) target=aarch64-pc-windows-msvc ;;
        *) fail "no release has a program for $RUNNER_OS on $RUNNER_ARCH: build one, and name it in the input program" ;;
    esac
}

# Downloads the archive of the release, and checks it against the checksums of the release.
download() {
    local target name
    find_target
    name=stepup-mock-$target
    cd "$folder"
    gh release download "v$VERSION" --repo "$REPOSITORY" --pattern "$name.tar.gz" --pattern SHA256SUMS ||
        fail "$REPOSITORY has no release v$VERSION with $name.tar.gz: check the input version"
    grep -F " $name.tar.gz" SHA256SUMS | shasum -a 256 -c - ||
        fail "$name.tar.gz is not what the release's SHA256SUMS says: run the job again, and report it if it stays so"
    tar -xzf "$name.tar.gz"
    PROGRAM=$(ls "$folder/$name"/stepup-mock*)
}

readonly folder=$RUNNER_TEMP/stepup-mock
mkdir -p "$folder"
if [ -z "$PROGRAM" ]; then
    # The manifest of Node's package has the version of the action.
    manifest=$(dirname "${BASH_SOURCE[0]}")/../node/package.json
    VERSION=${VERSION:-$(sed -n 's/^  "version": "\(.*\)",$/\1/p' "$manifest")}
    download
fi
[ -x "$PROGRAM" ] || fail "the input program is $PROGRAM, and no program is there"

read -ra more <<<"$ARGS"
: >"$folder/out"
nohup "$PROGRAM" --listen "$LISTEN" ${more[@]+"${more[@]}"} >"$folder/out" 2>"$folder/log" </dev/null &
mock=$!
until url=$(sed -n 's/^listening on //p' "$folder/out") && [ -n "$url" ]; do
    if ! kill -0 "$mock" 2>/dev/null; then
        cat "$folder/log"
        fail "the mock has ended; the job's log shows why"
    fi
done
"$PROGRAM" health --url "$url" --wait 30

echo "url=$url" >>"$GITHUB_OUTPUT"
echo "STEPUP_MOCK_URL=$url" >>"$GITHUB_ENV"
dirname "$PROGRAM" >>"$GITHUB_PATH"
