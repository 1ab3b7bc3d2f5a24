#!/bin/sh
# Stop what runs on the given data folder: ask, wait up to 30 s, say what happened. Usage: stop.sh FOLDER
set -eu

running() {
    kill -0 "$1" 2>/dev/null && ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null
}

found=
for file in "$1"/*.pid; do
    [ -e "$file" ] || continue
    pid=$(cat "$file")
    name=$(basename "$file" .pid)
    # A process number is used again after a while: the program has to be ours, too.
    if ! tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qE 'alliance|deploy\.serve'; then
        rm -f "$file"
        continue
    fi
    found=1
    kill -TERM "$pid"
    tries=300
    # A process that has ended is there until its parent asks for it: that one has stopped, too.
    while running "$pid" && [ "$tries" -gt 0 ]; do
        sleep 0.1
        tries=$((tries - 1))
    done
    if running "$pid"; then
        echo "$name (process $pid) has not stopped within 30 s" >&2
        exit 1
    fi
    rm -f "$file"
    echo "$name stopped"
done
[ -n "$found" ] || echo "nothing runs on $1/"
