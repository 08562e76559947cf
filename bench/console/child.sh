#!/bin/sh
# What every subject of bench/console.ts runs three times: says hello, then does what it is told through a FIFO, so that a
# measurement begins when the bench says so. POSIX sh, since it starts in a millisecond. It leaves a file with its pid in the
# name. Usage: BENCH_FOLDER=folder child.sh NAME [stubborn]
[ "${2:-}" != stubborn ] || trap '' TERM INT HUP
: >"$BENCH_FOLDER/pids/$1.$$"
# For reading and writing: opening never waits, and there is never an end of file.
exec 3<>"$BENCH_FOLDER/$1.fifo"
printf '\033[32mhello\033[0m from %s\n' "$1"
while read -r command argument last <&3; do
  case $command in
    say) printf '\033[36mtick\033[0m %s\n' "$argument" ;;
    # Writes of 64 KiB, as often as told.
    flood)
      while [ "$argument" -gt 0 ]; do
        dd if="$BENCH_FOLDER/flood" bs=64k status=none
        argument=$((argument - 1))
      done
      echo "$last"
      ;;
    # One write a line.
    lines)
      LC_ALL=C grep -a --line-buffered '' "$BENCH_FOLDER/flood"
      echo "$last"
      ;;
  esac
done
