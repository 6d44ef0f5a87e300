#!/usr/bin/env bash
# Makes every transcript that the book and the README show, by running what they say was typed,
# and the list that the reference page of the faults is made of.
# With --check it compares instead, and fails where a transcript is no longer what a run prints.
# Times and PostgreSQL's minor version differ from machine to machine and aren't compared.
set -euo pipefail
cd "$(dirname "$0")/.."

check=false
[ "${1:-}" = "--check" ] && check=true
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT

# What was typed, then what was printed. Exit codes 0 and 1 are verdicts; others are failures.
transcript() {
    local name=$1
    shift
    local code=0
    { echo "\$ $*"; "$@" 2>/dev/null || code=$?; } >"$made/$name" || true
    if [ "$code" -gt 1 ]; then
        echo "transcripts: '$*' ended with $code" >&2
        exit 1
    fi
}

# What was typed, then what a wrong request is answered with.
mistake() {
    local name=$1
    shift
    local code=0
    { echo "\$ $*"; "$@" 2>&1 >/dev/null || code=$?; } >"$made/$name" || true
    if [ "$code" != 2 ]; then
        echo "transcripts: '$*' ended with $code, not with 2" >&2
        exit 1
    fi
}

# A lab that was graded before plays what it found then first, and says what was passed; a reader's
# lab is fresh.
rm -rf labs/01-credit-ledger/.badai .badai/progress.json
transcript first-verdict.txt cargo badai storm --ledger naive --seed 7 --only exactly-once,recovery
transcript naive-seed-7.txt cargo badai storm --ledger naive --seed 7
transcript race.txt cargo badai storm --ledger naive --seed 7 --strategy exhaustive --only atomic-lifecycle
transcript contract-race.txt cargo badai storm --ledger tests/contracts/copy-is-refused.toml --seed 7 --strategy exhaustive --only honest-replies
mistake contract-mistake.txt cargo badai storm --ledger tests/contracts/mistake.toml
transcript grade-01.1-as-shipped.txt cargo badai grade 01.1
# The reference page lists the faults from this.
cargo badai list faults --json >"$made/faults.json"

timeless() { sed -E 's/[0-9]+\.[0-9] s$/… s/; s/PostgreSQL [0-9.]+/PostgreSQL …/' "$1"; }

readme() {
    awk -v file="$made/first-verdict.txt" '
        /<!-- verdict:begin -->/ { print; print "```text"; while ((getline line < file) > 0) print line; print "```"; skip = 1; next }
        /<!-- verdict:end -->/ { skip = 0 }
        !skip' README.md
}

stale=0
for file in "$made"/*.{txt,json}; do
    name=$(basename "$file")
    kept="book/src/transcripts/$name"
    if $check; then
        diff -u --label "$kept" <(timeless "$kept") --label "a run" <(timeless "$file") || stale=1
    else
        cp "$file" "$kept"
    fi
done
if $check; then
    diff -u --label README.md <(timeless README.md) --label "a run" <(readme | timeless /dev/stdin) || stale=1
    [ "$stale" = 0 ] || { echo "transcripts are stale: book/transcripts.sh makes them anew" >&2; exit 1; }
    echo "transcripts: all are what a run prints"
else
    readme >"$made/README.md"
    cp "$made/README.md" README.md
fi
