# Runs one throw-away server for as long as somebody holds the other end of standard input.
#   $1 the postgres program   $2 the folder of the run
# Standard output is the folder's lock: it is held as long as this script lives.
#
# In the folder: `server` has the server's process id, `stopped` is there once it won't run any
# more. Who takes it down and wants it back makes `again` first; a library in `preload.so` is
# loaded into it from its next start on.
trap '' HUP INT QUIT TERM PIPE
exec 3<&0

# End of file comes however badai ends: by exit, by panic, by Ctrl-C, by kill -9. Whoever writes
# first, `closing` or `server`, the other finds it: no server starts that nobody stops.
{
    while read -r _; do :; done
    : >"$2/closing"
    [ -e "$2/stopped" ] || kill -QUIT "$(cat "$2/server")"
} <&3 &
watcher=$!

while [ ! -e "$2/closing" ]; do
    preload=${LD_PRELOAD-}
    [ -e "$2/preload.so" ] && preload="$2/preload.so"
    LD_PRELOAD="$preload" BADAI_CLOCK="$2/clock" "$1" -D "$2/data" -k "$2" -p 5432 </dev/null >>"$2/log" 2>&1 3<&- &
    server=$!
    echo "$server" >"$2/server.new" && mv "$2/server.new" "$2/server"
    [ -e "$2/closing" ] && kill -QUIT "$server"
    wait "$server"
    [ -e "$2/again" ] || break
    rm -f "$2/again"
done
: >"$2/stopped"
wait "$watcher"

# The data first: while the run's mark is there, a sweep can finish what was begun.
rm -rf "$2/data"
rm -rf "$2"
