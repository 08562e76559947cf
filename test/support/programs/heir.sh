#!/bin/sh
# Leaves a child that ignores signals and holds the terminal, prints `heir <child's pid>`, and crashes with code 7.
trap '' TERM INT HUP QUIT
sleep 1000 &
echo "heir $!"
exit 7
