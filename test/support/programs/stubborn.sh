#!/bin/sh
# Ignores every polite signal, and so does its child. Prints `stubborn <own pid> <child's pid>`.
trap '' TERM INT HUP QUIT
sleep 1000 &
echo "stubborn $$ $!"
while :; do sleep 1000; done
