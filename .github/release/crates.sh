#!/usr/bin/env bash
# Uses the crates of a release as strangers to this repository do: RELEASE. RELEASE is the folder with the crates.
#
# Each crate is alone in a folder outside of the repository. The program is installed from its crate, plays the step-up of
# README.md with curl, and then answers the examples of the client's crate. That compiles both, which takes minutes.
set -euo pipefail

release=$(realpath "$1")
readonly release
work=$(mktemp -d)
mock=
trap '[ -z "$mock" ] || kill "$mock" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
for crate in "$release"/stepup-{client,mock}-*.crate; do
    tar -xzf "$crate"
done
# No variable of the caller may lend the builds anything.
unset CARGO_TARGET_DIR CARGO_BUILD_TARGET RUSTFLAGS STEPUP_MOCK STEPUP_MOCK_URL

cargo install --quiet --locked --path "$(ls -d "$work"/stepup-mock-*)" --root "$work/root" --target-dir "$work/mock"
echo "the program is installed after $SECONDS s"
rm -rf "$work/mock"
export PATH=$work/root/bin:$PATH

stepup-mock --listen 127.0.0.1:0 --log off >"$work/out" 2>"$work/err" &
mock=$!
until url=$(sed -n 's/^listening on //p' "$work/out") && [ -n "$url" ]; do
    kill -0 "$mock" || { cat "$work/err" >&2; exit 1; }
done

# Prints a member of the JSON on standard input.
member() {
    python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"
}

export AUTHSIGNAL_API_URL=$url/v1 AUTHSIGNAL_API_SECRET=mock-authsignal-secret-0123456789abcdef
ask() {
    curl --silent --show-error --fail --user "$AUTHSIGNAL_API_SECRET:" "$@"
}
ask "$AUTHSIGNAL_API_URL/users/ada/authenticators" -d '{"verificationMethod": "EMAIL_OTP", "email": "ada@example.com"}' >enrolled
ask "$AUTHSIGNAL_API_URL/users/ada/actions/pay" -d '{"redirectUrl": "http://localhost:4750/"}' >tracked
[ "$(member state <tracked)" = CHALLENGE_REQUIRED ] || { cat tracked >&2; exit 1; }
# In place of the user, who types the code of the inbox.
stepup-mock challenge succeed ada --url "$url"
ask "$AUTHSIGNAL_API_URL/validate" -d "{\"token\": \"$(member token <tracked)\"}" >validated
[ "$(member state <validated)" = CHALLENGE_SUCCEEDED ] || { cat validated >&2; exit 1; }
echo "the step-up of README.md has passed after $SECONDS s"

cd "$work"/stepup-client-*
run=(cargo run --quiet --locked --all-features --target-dir "$work/client" --example)
"${run[@]}" authsignal_webhook
# Before the next ones, which reset the mock.
member token <../tracked | "${run[@]}" authsignal_validate | grep CHALLENGE_SUCCEEDED
"${run[@]}" authsignal_track
ACTIVE_CONNECT_SERVER=$url "${run[@]}" activeconnect_login
echo "the examples of the client have passed after $SECONDS s"
