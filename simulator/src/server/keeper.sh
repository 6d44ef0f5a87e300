# Runs one throw-away server for as long as somebody holds the other end of standard input.
#   $1 the postgres program   $2 the folder of the run
# Standard output is the folder's lock: it is held as long as this script lives.
trap '' HUP INT QUIT TERM PIPE
exec 3<&0

"$1" -D "$2/data" -k "$2" -p 5432 </dev/null >"$2/log" 2>&1 3<&- &
server=$!

# End of file comes however badai ends: by exit, by panic, by Ctrl-C, by kill -9.
{
    while read -r _; do :; done
    [ -e "$2/stopped" ] || kill -QUIT "$server"
} <&3 &
watcher=$!

wait "$server"
: >"$2/stopped"
wait "$watcher"

# The data first: while the run's mark is there, a sweep can finish what was begun.
rm -rf "$2/data"
rm -rf "$2"
