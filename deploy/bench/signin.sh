#!/usr/bin/env bash
# What a sign-in by password costs, with the share of argon2id, and whether the time of a
# refusal tells who has an account: a histogram for a wrong password, one for an unknown name.
#
#   deploy/bench/signin.sh [how often, default 200x]
set -euo pipefail
cd "$(dirname "$0")/../.."
go test -run '^$' -bench '^Benchmark(SignIn|Refusal)$' -benchtime "${1:-200x}" ./idp/server
