#!/usr/bin/env bash
# Builds the program as it is released: TARGET FOLDER. Two builds of a commit, in whichever folders, have the same bytes.
set -euo pipefail

readonly target=$1 folder=$2
cargo_home=${CARGO_HOME:-$HOME/.cargo}
here=$PWD
# On Windows, the compiler sees other paths than this shell.
if command -v cygpath >/dev/null; then
    cargo_home=$(cygpath --windows "$cargo_home") here=$(cygpath --windows "$here")
fi
RUSTFLAGS="--remap-path-prefix=$here=/stepup --remap-path-prefix=$cargo_home=/cargo"
# A program for Windows that needs no runtime of Visual C++.
case $target in *-windows-msvc) RUSTFLAGS+=" -C target-feature=+crt-static" ;; esac
case $target in *-musl) export CC=musl-gcc ;; esac
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export RUSTFLAGS SOURCE_DATE_EPOCH CARGO_INCREMENTAL=0
cargo build --locked --profile dist --package stepup-mock --bin stepup-mock --target "$target"
mkdir -p "$folder"
for program in stepup-mock stepup-mock.exe; do
    [ ! -f "${CARGO_TARGET_DIR:-target}/$target/dist/$program" ] || cp "${CARGO_TARGET_DIR:-target}/$target/dist/$program" "$folder/"
done
