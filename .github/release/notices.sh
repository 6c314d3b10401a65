#!/usr/bin/env bash
# Writes the licences of what the programs of a release contain: FILE. Fails if a crate has a licence that about.toml does not list.
#
# Needs cargo-about. Works offline, because a release must not depend on what the sources of crates say on the day of the release.
set -euo pipefail

file=$(realpath "$1")
readonly file
cd "$(dirname "${BASH_SOURCE[0]}")"
cargo fetch --quiet --locked --manifest-path ../../Cargo.toml
cargo about --color never generate --locked --offline --fail --manifest-path ../../mock-server/Cargo.toml --config about.toml \
    --output-file "$file" notices.hbs

# That of Rust's standard library comes with the compiler, as a page.
python3 - "$(rustc --print sysroot)/share/doc/rust/COPYRIGHT-library.html" >>"$file" <<'END'
import html, pathlib, re, sys
page = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
text = html.unescape(re.sub(r"<head>.*?</head>|<[^>]*>", "", page, flags=re.DOTALL))
lines = [line.rstrip() for line in text.splitlines()]
print("=" * 80, "Rust's standard library", "=" * 80, sep="\n")
print(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip())
END
