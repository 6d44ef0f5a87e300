#!/bin/sh
# Makes an image of a PostgreSQL without pulling one: image.sh NAME MAJOR
# Its server is the package's (../src/server/package.sh), beside what `ldd` names and a shell. It
# takes POSTGRES_HOST_AUTH_METHOD as the official image does.
set -eu
name=$1
major=$2
here=$(cd "$(dirname "$0")" && pwd)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
"$here/../src/server/package.sh" "$major" "$root"
mv "$root/postgres-$major" "$root/postgres"
mkdir -p "$root/bin" "$root/etc" "$root/tmp" "$root/dev" "$root/proc" "$root/sys" "$root/usr/share"
chmod 1777 "$root/tmp"
chmod 755 "$root"
for program in sh setpriv mkdir chown; do
    cp -L "$(command -v $program)" "$root/bin/$program"
done
for file in "$root"/bin/* "$root"/postgres/bin/* "$root"/postgres/lib/*.so*; do
    ldd "$file" 2>/dev/null | grep -o '/[^ ]*' || true
done | sort -u | while read -r library; do
    case $library in "$root"*) continue ;; esac
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
done
cp -r /usr/share/zoneinfo "$root/usr/share/zoneinfo"
echo 'root:x:0:0::/:/bin/sh
postgres:x:999:999::/:/bin/sh' >"$root/etc/passwd"
cat >"$root/entry" <<'END'
#!/bin/sh
set -eu
as="setpriv --reuid=999 --regid=999 --clear-groups"
mkdir -p /data
chown 999:999 /data
$as /postgres/bin/initdb -D /data -U postgres --no-sync --auth="${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >/dev/null
echo "host all all all ${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>/data/pg_hba.conf
exec $as /postgres/bin/postgres -D /data -c 'listen_addresses=*' -c unix_socket_directories=/tmp
END
chmod 755 "$root/entry"
tar -C "$root" -c . | docker import -c 'ENTRYPOINT ["/entry"]' -c 'ENV PATH=/bin' -c 'EXPOSE 5432' - "$name"
