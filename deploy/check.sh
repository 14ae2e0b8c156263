#!/usr/bin/env bash
# THE gate: everything that must hold before a change lands, on a fresh machine.
# It installs what it needs where it may (root or sudo on Debian or Ubuntu), listens on
# loopback only, and ends what it starts. With CI=true nothing may be skipped.
#
#   deploy/check.sh            all stages
#   deploy/check.sh test e2e   only these
set -euo pipefail
cd "$(dirname "$0")/.."
export GOFLAGS="${GOFLAGS:-} -mod=readonly"
STATICCHECK=honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK=golang.org/x/vuln/cmd/govulncheck@v1.1.4
apache_oidc=/usr/lib/apache2/modules/mod_auth_openidc.so
FUZZ=${FUZZ:-1}
STAGES=(packages format vet layers test cluster fuzz vulnerabilities docs e2e start)
skipped=()

say() { printf '\n== %s\n' "$*"; }
fail() { printf 'deploy/check.sh: %s\n' "$*" >&2; exit 1; }
# A stage that cannot run here is named at the end; with CI=true it fails instead.
skip() { [ "${CI:-}" = true ] && fail "$*"; printf 'not run: %s\n' "$*"; skipped+=("$*"); }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo -n "$@"; else return 1; fi
}

# Debian packages of the SAML service providers in deploy/e2e/saml and guides that are missing here
service_providers() {
  [ -x /usr/sbin/shibd ] && [ -e /usr/lib/apache2/modules/mod_shib.so ] || echo libapache2-mod-shib
  [ -d /usr/lib/python3/dist-packages/saml2 ] || echo python3-pysaml2
  compgen -G '/usr/share/rubygems-integration/all/gems/ruby-saml-*' >/dev/null || echo ruby-saml
  compgen -G '/usr/share/rubygems-integration/all/gems/webrick-*' >/dev/null || echo ruby-webrick
  command -v openssl >/dev/null || echo openssl # makes their certificates
}

# command → Debian package that brings it
stage_packages() {
  local need=()
  command -v xmlsec1 >/dev/null || need+=(xmlsec1)
  command -v xmllint >/dev/null || need+=(libxml2-utils)
  [ -d /usr/share/xml/opensaml ] || need+=(opensaml-schemas)
  command -v chromium >/dev/null || need+=(chromium)
  command -v redis-server >/dev/null || need+=(redis-server)
  compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || need+=(postgresql)
  [ -x /usr/sbin/slapd ] || need+=(slapd)
  [ -x /usr/sbin/mariadbd ] || need+=(mariadb-server-core)
  need+=($(service_providers))
  command -v nginx >/dev/null || need+=(nginx-light) # reads the sample configuration, never runs
  [ -e "$apache_oidc" ] || need+=(apache2-bin libapache2-mod-auth-openidc) # without the service
  command -v node >/dev/null || need+=(nodejs)
  command -v npm >/dev/null || need+=(npm)
  command -v curl >/dev/null || need+=(curl)
  command -v gcc >/dev/null || need+=(gcc libc6-dev) # the race detector links with it
  [ ${#need[@]} = 0 ] && { echo "nothing to install"; return; }
  echo "installing: ${need[*]}"
  command -v apt-get >/dev/null || { skip "packages missing and no apt-get here: ${need[*]}"; return; }
  { as_root apt-get update -q && DEBIAN_FRONTEND=noninteractive as_root apt-get install -qy --no-install-recommends "${need[@]}"; } >/dev/null ||
    skip "could not install: ${need[*]} (root or sudo is needed)"
}

stage_format() {
  local dirty
  dirty=$(gofmt -l $(git ls-files '*.go'))
  [ -z "$dirty" ] || fail "gofmt is owed by: $dirty"
}

stage_vet() {
  go vet ./...
  go run "$STATICCHECK" ./...
}

# Also part of the tests; alone and first, because everything else assumes it.
stage_layers() { go test -count=1 -run 'TestLayers' ./idp/server; }

# Everything once; then, under the race detector, the tests in which many do the same at
# the same time. RACE=all has the detector watch everything, which takes three times as long.
stage_test() {
  local all=(-timeout 15m -skip '^TestClusterSurvives$' ./...) # that one is the next stage
  if ! command -v gcc >/dev/null; then
    skip "the race detector needs gcc; tests ran without it"
    go test "${all[@]}"
  elif [ "${RACE:-}" = all ]; then
    go test -race "${all[@]}"
  else
    go test "${all[@]}"
    go test -race -timeout 10m ./idp/memory ./idp/sqlite ./idp/login ./idp/audit ./idp/metrics ./idp/outbound ./idp/mapping ./keys ./userdir ./userdir/httpdir
    go test -race -timeout 10m -run 'Race|Parallel|Concurrent|AtOnce|Once|Refresh' ./oauth ./samlidp ./api ./idp/server
  fi
  ! git grep -nE '\bt\.Skip' -- '*_test.go' || fail "tests that can be skipped"
}

# Three nodes on PostgreSQL and Redis, two minutes, one fault after the other; alone and
# aloud, because its figures are worth reading.
stage_cluster() { go test -count=1 -v -run '^TestClusterSurvives$' ./cmd/cloudsso; }

# What strangers can send, thrown at its reader: so many inputs each, ten seconds or so
# on two cores; FUZZ=100 does a hundred times as many. Counted and not timed, because Go
# 1.26 may call the end of the time a failure (golang/go#75804); from the seeds alone, so
# that what an earlier run found does not eat the count.
stage_fuzz() {
  local target name folder inputs
  for target in FuzzAuthnRequest:samlidp:8000 FuzzLogout:samlidp:4000 FuzzDecode:samlidp:16000 FuzzMetadata:samlidp/md:55000 FuzzOpen:samlidp/xenc:85000 FuzzAuthorize:oauth:2000; do
    IFS=: read -r name folder inputs <<<"$target"
    echo "$name"
    go test -c -fuzz "^$name\$" -o "$work/$name" "./$folder"
    (cd "$folder" && "$work/$name" -test.run '^$' -test.fuzz "^$name\$" -test.fuzztime "$((inputs * FUZZ))x" -test.fuzzminimizetime 1x -test.fuzzcachedir "$work/fuzz")
  done
}

# The database of known vulnerabilities is a site of its own, which closed networks do
# not reach; that is said, and is the one thing CI=true tolerates.
stage_vulnerabilities() {
  if curl -sfm 10 -o /dev/null https://vuln.go.dev/index/db.json; then
    go run "$GOVULNCHECK" ./...
  else
    echo "not run: the vulnerability database (vuln.go.dev) cannot be reached from here"
  fi
}

# Every path of the tree that the documents name exists.
stage_docs() {
  local missing=0 path
  while read -r path; do
    [ -e "$path" ] || { echo "named in the documents, but not there: $path"; missing=1; }
  done < <(cat README.md deploy/decisions/*.md $(git ls-files '*doc.go') |
    grep -oE '`(\./)?(cmd|idp|oauth|samlidp|keys|userdir|api|deploy)/[A-Za-z0-9_./-]+`' | tr -d '`' | sed 's#^\./##; s#/$##' | sort -u)
  [ $missing = 0 ] || fail "documents name what does not exist"
  ls deploy/changes/*.md >/dev/null
}

stage_e2e() {
  command -v chromium >/dev/null && command -v npm >/dev/null || { skip "browser tests: chromium or npm is missing"; return; }
  (cd deploy/e2e && npm ci --no-audit --no-fund --loglevel=error)
  go build -o "$work/cloudsso" ./cmd/cloudsso
  local tests=(deploy/e2e/*.test.js)
  if [ ! -e "$apache_oidc" ]; then
    skip "Apache as a relying party: libapache2-mod-auth-openidc is missing"
    tests=("${tests[@]/deploy\/e2e\/mod-auth-openidc.test.js/}")
  fi
  if [ -n "$(service_providers)" ]; then
    skip "real SAML service providers: missing $(service_providers | xargs)"
    tests=("${tests[@]/deploy\/e2e\/saml.test.js/}")
    tests=("${tests[@]/deploy\/e2e\/guides.test.js/}")
  fi
  E2E_BINARY="$work/cloudsso" node --test --test-concurrency=2 --test-reporter=spec ${tests[@]}
}

stage_start() { deploy/bench/start.sh; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ $# = 0 ] && set -- "${STAGES[@]}"
for stage in "$@"; do
  declare -F "stage_$stage" >/dev/null || fail "unknown stage $stage; there are: ${STAGES[*]}"
  say "$stage"
  began=$SECONDS
  "stage_$stage"
  echo "($stage: $((SECONDS - began)) s)"
done
say "result"
for s in "${skipped[@]+"${skipped[@]}"}"; do echo "not run: $s"; done
echo "deploy/check.sh: all of: $*"
