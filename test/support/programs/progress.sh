#!/bin/sh
# A progress bar by carriage returns, then another one, then a cleared screen with one line.
# Waits for a line of input before it clears.
for percent in 10 40 70 100; do printf '\rfetched %s %%' "$percent"; done
printf '\ndone\n'
read -r _
printf 'old words\n\033[2J\033[Hfresh screen\n'
sleep 1000
