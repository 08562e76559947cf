#!/bin/sh
# Prints the same on every machine: colours, wide characters, a bar over one line, a line that is too long; then waits.
printf '\033[32mINFO\033[0m begun\r\n'
printf 'wide \346\227\245\346\234\254\350\252\236 and \360\237\216\211, combined e\314\201\r\n'
printf 'loading 10%%\rloading 55%%\rloading 100%%\r\n'
printf 'a long line: %s\r\n' 'the quick brown fox jumps over the lazy dog and goes on to the end of the screen and beyond it'
printf '\033[1;38;2;200;80;40mtruecolour\033[0m \033]8;;https://example.org\033\\link\033]8;;\033\\\r\n'
echo "$COURANTE_SERVICE is ready"
exec sleep 1000
