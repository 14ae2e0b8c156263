#!/usr/bin/env bash
# How long from starting the binary to its first answer, and its memory when idle.
# The very first start makes the keys; later ones only read them.
#
#   deploy/bench/start.sh [rounds]
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-5}
work=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT
go build -trimpath -ldflags '-s -w' -o "$work/cloudsso" ./cmd/cloudsso
port=$(( 20000 + RANDOM % 20000 ))
url="http://localhost:$port"

# start DIR: prints milliseconds until discovery answers; leaves the process in $pid
start() {
  local began
  began=$(date +%s%N)
  "$work/cloudsso" serve --dev --data "$1" --listen "127.0.0.1:$port" --ops-listen "127.0.0.1:$((port + 1))" --issuer "$url" >"$work/log" 2>&1 &
  pid=$!
  until curl -sf -o /dev/null "http://127.0.0.1:$port/.well-known/openid-configuration"; do
    kill -0 "$pid" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
    sleep 0.002
  done
  echo $(( ($(date +%s%N) - began) / 1000000 ))
}
stop() { kill "$pid"; wait "$pid" 2>/dev/null || true; pid=; }

first=() later=()
for _ in $(seq "$rounds"); do
  rm -rf "$work/data"; mkdir "$work/data"
  start "$work/data" > "$work/ms"; first+=("$(cat "$work/ms")"); stop
  start "$work/data" > "$work/ms"; later+=("$(cat "$work/ms")")
  sleep 1
  rss=$(awk '/^VmRSS/ {print $2}' "/proc/$pid/status")
  stop
done
median() { printf '%s\n' "$@" | sort -n | sed -n "$(( ($# + 1) / 2 ))p"; }
printf 'first start, keys made: median %s ms of %s (aim 1500)\n' "$(median "${first[@]}")" "${first[*]}"
printf 'later starts:           median %s ms of %s (aim 80)\n' "$(median "${later[@]}")" "${later[*]}"
printf 'resident memory, idle:  %s MB (aim 40)\n' "$(( rss / 1024 ))"
