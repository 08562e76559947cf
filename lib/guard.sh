#!/bin/sh
# The guard: outlives a killed parent by a moment and takes the parent's processes along.
# Usage: guard.sh <NAME=value> [<tmux socket>]. Reads lines from a pipe that only the parent holds: `add <group>`, `del <group>`, `end`.
# At end of file without `end` the parent is dead: every listed group is killed, then (where there is a /proc) every process
# that carries that line in its environment, until none is seen twice in a row: also daemons, also what was spawned in the
# parent's last moment. The guard itself is started without that variable. A console's tmux session is ended politely, so
# that it restores the terminal, and first, before another run can have one there.
trap '' HUP INT TERM QUIT
mark=$1
console=${2:-}
groups=' '
while read -r verb group; do
  case $verb in
    add) groups="$groups$group " ;;
    del) case $groups in
        *" $group "*) groups="${groups%%" $group "*} ${groups#*" $group "}" ;;
      esac ;;
    end) exit 0 ;;
  esac
done

[ ! -S "$console" ] || tmux -S "$console" kill-session 2>/dev/null
for group in $groups; do
  kill -s KILL -- "-$group" 2>/dev/null
done

quiet=0
rounds=0
while [ -r /proc/self/environ ] && [ "$quiet" -lt 2 ] && [ "$rounds" -lt 200 ]; do
  rounds=$((rounds + 1))
  found=$(grep -l -F -e "$mark" /proc/[0-9]*/environ 2>/dev/null)
  if [ -z "$found" ]; then
    quiet=$((quiet + 1))
  else
    quiet=0
    for path in $found; do
      pid=${path#/proc/}
      kill -s KILL "${pid%/environ}" 2>/dev/null
    done
  fi
  # A fraction of a second is not POSIX; where sleep does not know it, the wait is a whole one.
  sleep 0.05 2>/dev/null || sleep 1
done
exit 0
