#!/bin/sh
# Makes sure that a right Node and the packages are here, then hands over: to a command of scripts/, to the tests, or to
# the runner. Every way in (`npm run up`, `npm test`, ./courante) goes through this file. POSIX sh, since it runs before
# anything is installed. Exit codes: docs/commands.md.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
command=${1:-help}

# An installed package (docs/any-project.md): its packages are the business of whoever installed it, so that only a Node
# may be missing; and Node strips no types there by itself.
case $root/ in
  */node_modules/*) packaged=yes locks=package.json up='npx courante up' ;;
  *) packaged='' locks='package-lock.json services/engines/package-lock.json' up='npm run up' ;;
esac
[ "$command" != init ] || up='courante init'

# What would make the last check stale: another Node at that path, a changed lockfile. One cksum, no node start.
# Not how many hard links it has, which a backup changes.
# shellcheck disable=SC2012,SC2086 # the mode and owner that ls prints are all that is read of it; $locks is a list
fingerprint() {
  {
    ls -lLn "$1" | { read -r mode _ rest && echo "$mode $rest"; } && (cd "$root" && cat $locks) && echo "$2"
  } 2>/dev/null | cksum
}

lock=$root/.runtime/installing
locked=
hand_over() {
  # What goes on under this pid installs nothing.
  [ -z "$locked" ] || rm -f "$lock"
  PATH=$(dirname -- "$node"):$PATH
  NODE_COMPILE_CACHE=${NODE_COMPILE_CACHE:-$root/.runtime/compile-cache}
  export PATH NODE_COMPILE_CACHE
  if [ -n "$packaged" ]; then
    exec "$node" --disable-warning=ExperimentalWarning --require "$root/runner/strip-types.js" "$root/runner/main.ts" "$@"
  elif [ "$command" = test ]; then
    shift
    exec "$node" "$root/test/run.ts" "$@"
  elif [ -f "$root/scripts/$command.ts" ]; then
    shift
    exec "$node" "$root/scripts/$command.ts" "$@"
  fi
  # What a console shows of a flood is garbage at once: a small nursery keeps 15 MB less of it resident.
  exec "$node" --max-semi-space-size=1 "$root/runner/main.ts" "$@"
}

# Tests need the development packages too; once they are here they serve everything.
wanted=use
[ "$command" = test ] && wanted=all
have=
# By the last run that ended well; its node is in $node then.
is_ready() {
  [ -f "$root/.runtime/ready" ] || return 1
  { read -r node && read -r have && read -r sum; } <"$root/.runtime/ready" || return 1
  [ -x "$node" ] && { [ -n "$packaged" ] || { [ -d "$root/node_modules" ] && [ -d "$root/services/engines/node_modules" ]; }; } && { [ "$have" = all ] || [ "$have" = "$wanted" ]; } &&
    [ "$(fingerprint "$node" "$have")" = "$sum" ]
}
if is_ready; then hand_over "$@"; fi
[ "$have" = all ] && wanted=all

fail() {
  printf 'courante: %s\n  → %s\n' "$1" "$2" >&2
  exit "${3:-1}"
}

recent() { "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 24 || (a === 24 && b >= 12) ? 0 : 1)' 2>/dev/null; }

private=node-$(uname -s | tr '[:upper:]' '[:lower:]')-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')
node=
for candidate in "$(command -v node || true)" "$root/.runtime/node_modules/$private/bin/node"; do
  if [ -x "$candidate" ] && recent "$candidate"; then
    node=$candidate
    break
  fi
done
remember() { mkdir -p "$root/.runtime" && printf '%s\n%s\n%s\n' "$node" "$wanted" "$(fingerprint "$node" "$wanted")" >"$root/.runtime/ready"; }

if [ -n "$packaged" ] && [ -n "$node" ]; then
  # Installed by another user, it can't be written: then each start asks the Node for its version.
  remember 2>/dev/null || true
  hand_over "$@"
fi
# These need no packages.
case $command in
  help | version | uninstall | --help | -h | --version) [ -z "$node" ] || hand_over "$@" ;;
esac
command -v npm >/dev/null || fail 'npm is missing; it installs the packages.' 'Install Node.js with npm, any version from 20 on, then run this again.'

# In 80 columns, as runner/install/screen.ts has it.
item() { printf '  %-22s %7s  %s\n      from %s to %s\n' "$1" "$2" "$3" "$4" "$5"; }

plan() {
  if [ -n "$packaged" ]; then echo "To install, inside $root:"; else echo 'To install, all of it inside this folder:'; fi
  [ -n "$node" ] || item 'Node 24, private' '50 MB' 'MIT; 190 MB unpacked' "npm: $private@24" .runtime
  if [ -z "$packaged" ]; then
    if [ "$wanted" = all ]; then
      item 'packages, also to test' '120 MB' 'each its own licence; 210 MB unpacked' 'npm: package-lock.json' node_modules
    else
      item packages '65 MB' 'each its own licence; 90 MB unpacked' 'npm: package-lock.json' node_modules
    fi
    item "engines' libraries" '75 MB' 'MIT, Apache-2.0; 135 MB unpacked' 'npm: its package-lock.json' services/engines/node_modules
  fi
  [ "$command" != up ] || item 'Python venv' '' 'nothing to download' 'your Python, if one is 3.12 or later,' venv
  [ -z "${free:-}" ] || echo "  $((free / 1000000)).$((free / 100000 % 10)) GB are free on that disk."
}

answer=ask
[ "${npm_config_yes:-}" = true ] || [ "${CI:-}" = true ] || [ "${COURANTE_ENVIRONMENT_GRANTED:-}" = 1 ] || [ "$command" = test ] && answer=yes
for argument in "$@"; do
  case $argument in
    --yes | -y) answer=yes ;;
    --no) answer=no ;;
    --offline) OFFLINE=1 && export OFFLINE ;;
    --) break ;;
  esac
done

# One process at a time installs in this folder. The lock is a link that leads nowhere: it is there with its owner's name,
# or not at all. The name is a pid and the start of that process, so that a dead one's holds nobody up.
born() {
  if [ -r /proc/self/stat ]; then
    # proc(5), counted from the last bracket: state, which for a zombie is Z, and the 22nd is the start.
    sed -n 's/.*) [^ZX] //p' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 19
  else
    LC_ALL=C TZ=UTC ps -o stat= -o lstart= -p "$1" 2>/dev/null | sed -n 's/^[^Z][^ ]* *//p' | tr -d ' '
  fi
}
is_alive() { [ -n "${1#*:}" ] && [ "$(born "${1%%:*}")" = "${1#*:}" ]; }
# Whether somebody else is installing; the lock of a dead one goes.
is_busy() {
  owner=$(readlink "$lock") || return 1
  is_alive "$owner" && return
  # One at a time, or the second would remove what the first has put there since.
  if ln -s "$me" "$lock.taking" 2>/dev/null; then
    [ "$(readlink "$lock")" != "$owner" ] || rm -f "$lock"
    rm -f "$lock.taking"
  elif taker=$(readlink "$lock.taking") && ! is_alive "$taker"; then
    rm -f "$lock.taking"
  fi
  return 1
}
# Then all is looked at anew: most often nothing is left to do.
wait_and_restart() {
  echo "Another process (pid ${owner%%:*}) is installing in this folder. Waiting for its end …"
  while is_busy; do sleep 1; done
  exec sh "$root/setup.sh" "$@"
}
me=$$:$(born $$)

offline=
case ${OFFLINE:-} in 1 | [Tt][Rr][Uu][Ee] | [Yy][Ee][Ss] | [Oo][Nn]) offline=--offline ;; esac
# Only `up`, `init` and `test` install; any other command says what to do first.
missing='the packages are not installed yet, or have changed.'
[ -z "$packaged" ] || missing='there is no Node >= 24.12 here.'
case $command in
  up | init | test) ;;
  uninstall) fail 'there is no Node >= 24.12 here any more, which it needs.' 'Look at what is left, then remove it: git clean -xdn, git clean -xdf' 4 ;;
  *) fail "$missing" "Run: $up" 4 ;;
esac
# What can't come to a good end is said before the question.
log=$root/.runtime/install.log
if [ "$answer" != no ]; then
  if is_busy; then wait_and_restart "$@"; fi
  for folder in "$root" "$root/.runtime" "$root/node_modules" "$root/services/engines" "$root/services/engines/node_modules"; do
    [ ! -d "$folder" ] || [ -w "$folder" ] || fail "$folder can't be written." "$(if [ -n "$packaged" ]; then echo 'Install Node 24.12 or later by hand, then run this again.'; else echo 'It is read-only, or belongs to another user: mend that, then run this again.'; fi)"
  done
  # In MB, as in the plan, with a little room; what is there already is replaced.
  need=10
  [ -n "$node" ] || need=$((need + 200))
  if [ -z "$packaged" ]; then
    [ -d "$root/node_modules" ] || { [ "$wanted" = all ] && need=$((need + 220)) || need=$((need + 100)); }
    [ -d "$root/services/engines/node_modules" ] || need=$((need + 140))
  fi
  free=$(df -Pk "$root" 2>/dev/null | sed -n '2s/.*[[:space:]]\([0-9]\{1,\}\)[[:space:]]\{1,\}[0-9]\{1,\}%.*/\1/p')
  # From KiB to kB.
  [ -z "$free" ] || free=$((free * 128 / 125))
  [ -z "$free" ] || [ $((free / 1000)) -ge "$need" ] || fail "the disk has too little room: $((free / 1000)) MB are free, and $need MB are needed in $root." 'Make room, then run this again.'
fi
case $answer in
  no) fail 'the environment is missing, and --no forbids installing it.' "Run: $up" 3 ;;
  yes) [ "$command" = test ] || plan ;;
  ask)
    plan
    { [ -t 0 ] && [ -t 1 ]; } || fail 'nobody can be asked here: this is no terminal.' "Run: $up --yes" 2
    printf 'Install it? [Y/n] '
    read -r reply || reply=n
    case $reply in
      '' | [Yy]*) COURANTE_ENVIRONMENT_GRANTED=1 && export COURANTE_ENVIRONMENT_GRANTED ;;
      *) fail 'nothing was installed.' 'Run it again when you like.' 3 ;;
    esac
    ;;
esac

mkdir -p "$root/.runtime"
tries=0
until ln -s "$me" "$lock" 2>/dev/null; do
  if is_busy; then wait_and_restart "$@"; fi
  tries=$((tries + 1))
  [ $tries -lt 5 ] || sleep 1
  [ $tries -lt 20 ] || fail "$lock can't be made." 'Remove what is there, or mend the permissions of its folder, then run this again.'
done
locked=yes
trap 'rm -f "$lock"' EXIT
# While the question stood, somebody else may have installed it all, and be running it by now.
chosen=$node
if is_ready; then hand_over "$@"; fi
node=$chosen
# Until all of it is here again: a run that is killed must not leave a half that counts as whole.
rm -f "$root/.runtime/ready"
quietly() {
  "$@" >"$log" 2>&1 && return
  tail -n 20 "$log" >&2
  [ -z "$offline" ] || ! grep -q ENOTCACHED "$log" || fail "npm's cache lacks a package, and offline was on." 'Run this once with a network and without --offline; after that the cache has it.'
  fail "$1 failed; the whole output is in $log" 'Mend what it says, then run this again: it goes on where it stopped.'
}

if [ -z "$node" ]; then
  echo 'Getting Node 24 …'
  # Beside, then renamed: of one that was killed half way, bin/node may be there and run.
  new=$root/.runtime/new
  rm -rf "$new" && mkdir "$new"
  (cd "$new" && quietly npm install --no-save --ignore-scripts --no-audit --no-fund ${offline:+"$offline"} --prefix . "$private@24") || exit
  rm -rf "$root/.runtime/node_modules" && mv "$new/node_modules" "$root/.runtime/node_modules" && rm -rf "$new"
  node=$root/.runtime/node_modules/$private/bin/node
  recent "$node" || fail "$private has no Node >= 24.12 for this machine." 'Install Node 24.12 or later by hand, then run this again.'
fi
if [ -n "$packaged" ]; then
  remember
  hand_over "$@"
fi
PATH=$(dirname -- "$node"):$PATH
export PATH
echo 'Installing the packages …'
omit=--omit=dev
[ "$wanted" = all ] && omit=--include=dev
(cd "$root" && quietly npm ci --ignore-scripts ${offline:+"$offline"} "$omit") || exit
# Apart from the rest, so that a project which uses the runner only does without them.
(cd "$root/services/engines" && quietly npm ci --ignore-scripts ${offline:+"$offline"}) || exit
# A graphics card's packages lie beside, since npm would remove them each time (runner/install/gpu-runtime.ts).
for package in "$root"/.runtime/gpu/*/bins; do
  [ -d "$package" ] || continue
  package=${package%/bins}
  link=$root/services/engines/node_modules/@node-llama-cpp/${package##*/}
  rm -rf "$link" && ln -s "$package" "$link"
done
remember
hand_over "$@"
