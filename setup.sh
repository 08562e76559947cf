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

hand_over() {
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
if [ -f "$root/.runtime/ready" ]; then
  { read -r node && read -r have && read -r sum; } <"$root/.runtime/ready" || node=
  if [ -n "$node" ] && [ -x "$node" ] && { [ -n "$packaged" ] || { [ -d "$root/node_modules" ] && [ -d "$root/services/engines/node_modules" ]; }; } && { [ "$have" = all ] || [ "$have" = "$wanted" ]; } &&
    [ "$(fingerprint "$node" "$have")" = "$sum" ]; then
    hand_over "$@"
  fi
  [ "${have:-}" = all ] && wanted=all
fi

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
offline=
case ${OFFLINE:-} in 1 | [Tt][Rr][Uu][Ee] | [Yy][Ee][Ss] | [Oo][Nn]) offline=--offline ;; esac
# Only `up`, `init` and `test` install; any other command says what to do first.
missing='the packages are not installed yet, or have changed.'
[ -z "$packaged" ] || missing='there is no Node >= 24.12 here.'
case $command in
  up | init | test) ;;
  *) [ "$answer" = yes ] || fail "$missing" "Run: $up" 4 ;;
esac
# What can't come to a good end is said before the question.
log=$root/.runtime/install.log
if [ "$answer" != no ]; then
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
