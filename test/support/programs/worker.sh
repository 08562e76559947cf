#!/bin/sh
# A well-behaved service: appends `start NAME` and `stop NAME` to the file $STORY, prints `NAME ready`, ends at SIGTERM.
# $DELAY: seconds before it is ready.
trap 'echo "stop $COURANTE_SERVICE" >>"$STORY"; kill "$sleeper" 2>/dev/null; exit 0' TERM
echo "start $COURANTE_SERVICE" >>"$STORY"
sleep 1000 &
sleeper=$!
[ -z "$DELAY" ] || sleep "$DELAY"
echo "$COURANTE_SERVICE ready"
wait "$sleeper"
