#!/bin/sh
# As programs do: colours only on a terminal. One of 16, one of 256, one of all.
if [ -t 1 ]; then
  printf '\033[31mred\033[0m \033[38;5;208morange\033[0m \033[38;2;18;52;86mblue\033[0m end\n'
else
  echo 'red orange blue end'
fi
sleep 1000
