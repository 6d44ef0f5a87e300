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
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$made"' EXIT

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

# One finding of a transcript that was made: what was typed, and how that claim broke.
finding() {
    local name=$1 whole=$2 claim=$3
    awk -v claim="$claim is broken:" '
        NR == 1 { print; print "" }
        index($0, claim) == 1 { inside = 1 }
        inside && /^  replay:/ { exit }
        inside { print }' "$made/$whole" >"$made/$name"
    if [ "$(wc -l <"$made/$name")" -lt 3 ]; then
        echo "transcripts: $whole has no finding of $claim" >&2
        exit 1
    fi
}

# A lab that was graded before plays what it found then first, and says what was passed; a reader's
# lab is fresh.
rm -rf labs/*/.badai .badai/progress.json
# Each step as it is shipped, for its lab's page or for what one finding shows; beside the storms.
for step in 01.1 01.2 01.4 02.1 02.3 03.1 03.2 03.3 04.1 04.2 04.3 04.4; do
    transcript "grade-$step-as-shipped.txt" cargo badai grade "$step"
done &
grades=$!
transcript first-verdict.txt cargo badai storm --ledger naive --seed 7 --only exactly-once,recovery
transcript naive-seed-7.txt cargo badai storm --ledger naive --seed 7
transcript race.txt cargo badai storm --ledger naive --seed 7 --strategy exhaustive --only atomic-lifecycle
transcript contract-race.txt cargo badai storm --ledger tests/contracts/copy-is-refused.toml --seed 7 --strategy exhaustive --only honest-replies
mistake contract-mistake.txt cargo badai storm --ledger tests/contracts/mistake.toml
wait "$grades"
finding finding-01.1.txt grade-01.1-as-shipped.txt exactly-once
finding finding-01.2.txt grade-01.2-as-shipped.txt atomic-lifecycle
finding finding-01.4.txt grade-01.4-as-shipped.txt boundary
finding finding-02.3.txt grade-02.3-as-shipped.txt reconciliation
finding finding-03.2.txt grade-03.2-as-shipped.txt order-guard
finding finding-03.3.txt grade-03.3-as-shipped.txt recovery
finding finding-04.1.txt grade-04.1-as-shipped.txt reconciliation
finding finding-04.2.txt grade-04.2-as-shipped.txt reconciliation
finding finding-04.3.txt grade-04.3-as-shipped.txt reconciliation
finding finding-04.4.txt grade-04.4-as-shipped.txt recovery
# Only the pages of some labs show a whole one; of the others the finding is kept.
rm "$made"/grade-{01.2,01.4,02.3,03.2,03.3,04.2,04.3,04.4}-as-shipped.txt
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
