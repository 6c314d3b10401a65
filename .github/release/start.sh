#!/usr/bin/env bash
# Starts a program, asks it whether it is up, and stops it: PROGRAM.
set -euo pipefail

readonly program=$1
out=$(mktemp)
"$program" --version
"$program" --listen 127.0.0.1:0 --log off >"$out" 2>/dev/null &
mock=$!
trap 'kill "$mock" 2>/dev/null || true; rm -f "$out"' EXIT
until url=$(sed -n 's/^listening on //p' "$out") && [ -n "$url" ]; do
    kill -0 "$mock" || { echo "$program has ended" >&2; exit 1; }
done
"$program" health --url "$url"
