#!/bin/sh
# Tells each line that is typed.
echo 'type to me'
while read -r line; do echo "got <$line>"; done
