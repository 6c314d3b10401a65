#!/usr/bin/env bash
# Packs the programs of a release, and nothing else: PROGRAMS FOLDER. PROGRAMS has a folder program-TARGET for each target, and
# the file THIRD-PARTY-NOTICES.txt, which notices.sh writes and which gets into every package that has a program.
set -euo pipefail

programs=$(realpath "$1")
mkdir -p "$2"
folder=$(realpath "$2")
readonly programs folder
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

readonly licences=(LICENSE-APACHE LICENSE-MIT "$programs/THIRD-PARTY-NOTICES.txt")
npm=() image=$work/image
declare -A platforms=(
    [x86_64-unknown-linux-musl]=linux-x64 [aarch64-unknown-linux-musl]=linux-arm64
    [x86_64-apple-darwin]=darwin-x64 [aarch64-apple-darwin]=darwin-arm64
    [x86_64-pc-windows-msvc]=win32-x64 [aarch64-pc-windows-msvc]=win32-arm64
)
for source in "$programs"/program-*; do
    target=${source##*/program-}
    program=$(ls "$source"/stepup-mock*)
    chmod 755 "$program"
    archive=$work/stepup-mock-$target
    mkdir "$archive"
    cp "$program" "${licences[@]}" mock-server/README.md "$archive"
    # With the licences beside it, where the wheel and the npm package look for them.
    program=$archive/${program##*/}
    # Sorted and without owners and times, so that the same files make the same bytes.
    tar --create --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" --directory "$work" \
        "stepup-mock-$target" | gzip --no-name --best >"$folder/stepup-mock-$target.tar.gz"
    # The wheels for glibc and for musl have the static program, which runs on both.
    if [ -n "${platforms[$target]:-}" ]; then
        npm+=("${platforms[$target]}=$program")
        STEPUP_MOCK=$program python3 -m build --wheel --no-isolation --outdir "$folder" mock-server/packages/python
    fi
    case $target in
        x86_64-*-musl) install -D --target-directory "$image/amd64" "$program" "${licences[@]}" ;;
        aarch64-*-musl) install -D --target-directory "$image/arm64" "$program" "${licences[@]}" ;;
    esac
done

node mock-server/packages/node/pack.mjs "$work/npm" "${npm[@]}"
for tarball in "$work"/npm/*.tgz; do
    mv "$tarball" "$folder/npm-${tarball##*/}"
done

cargo package --locked --no-verify --package stepup-client --package stepup-mock
cp "${CARGO_TARGET_DIR:-target}"/package/stepup-{client,mock}-*.crate "$folder"

if command -v docker >/dev/null && docker info >/dev/null 2>&1; then
    for cpu in "$image"/*; do
        docker buildx build --platform "linux/${cpu##*/}" --provenance=false --tag stepup-mock \
            --file mock-server/packages/container/Dockerfile \
            --output "type=docker,dest=$folder/stepup-mock-image-${cpu##*/}.tar,rewrite-timestamp=true" "$image"
    done
else
    echo "no container engine is here, so no image is made" >&2
fi
