#!/usr/bin/env bash
# Makes what compose.yaml needs and no repository may hold: passwords, the
# key-encryption key, a certificate for trying out. What is there already stays.
#   ./compose-secrets.sh https://login.example.com
set -euo pipefail
cd "$(dirname "$0")"
issuer=${1:?the public address, such as https://login.example.com}
host=${issuer#https://}; host=${host%%[/:]*}
[ "$issuer" != "$host" ] || { echo "the address must begin with https://" >&2; exit 1; }

# The folder keeps other users of this machine out. The files in it are mounted into
# containers whose programs have users of their own, so these may read them; but for the
# key-encryption key, which only its owner reads.
umask 077
mkdir -p secrets
put() { # mode name text
  [ -e "secrets/$2" ] || { printf '%s\n' "$3" >"secrets/$2"; chmod "$1" "secrets/$2"; }
}

put 444 postgres_password "$(openssl rand -hex 24)"
put 400 redis_password "$(openssl rand -hex 24)"
put 400 kek "$(openssl rand -base64 32)"
put 444 store_url "postgres://cloudsso:$(cat secrets/postgres_password)@postgres:5432/cloudsso?sslmode=disable"
put 444 flows_url "redis://:$(cat secrets/redis_password)@redis:6379/0"
put 444 redis.conf "requirepass $(cat secrets/redis_password)
maxmemory-policy noeviction
appendonly yes
appendfsync everysec"
if [ ! -e secrets/tls.crt ]; then # put the real one in its place
  openssl req -x509 -newkey rsa:2048 -nodes -days 90 -subj "/CN=$host" -addext "subjectAltName=DNS:$host" \
    -keyout secrets/tls.key -out secrets/tls.crt 2>/dev/null
  chmod 444 secrets/tls.crt
  chmod 400 secrets/tls.key
fi

# The nodes run as the owner of the key-encryption key, but never as root.
uid=$(id -u) gid=$(id -g)
[ "$uid" != 0 ] || { uid=65532 gid=65532; chown $uid:$gid secrets/kek; }
printf 'CLOUDSSO_ISSUER=%s\nCLOUDSSO_USER=%s:%s\n' "$issuer" "$uid" "$gid" >.env
echo "secrets/ and .env are made. Next: docker compose up -d --build"
