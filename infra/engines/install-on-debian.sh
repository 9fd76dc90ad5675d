#!/usr/bin/env bash
# Installs what `npm run engines` and the engines' tests start, as Debian has it: Java and Maven (Kafka and OpenSearch come as
# artifacts), Go (Toxiproxy and the S3 server), Redis, PgBouncer, promtool, OpenSSL (the certificates of tests), ps (the run of `npm start`). What is there already is left alone.
# Needs root only if something is missing.
set -euo pipefail
missing=()
command -v java >/dev/null || missing+=(default-jre-headless)
command -v mvn >/dev/null || missing+=(maven)
command -v go >/dev/null || missing+=(golang-go)
command -v redis-server >/dev/null || missing+=(redis-server)
command -v pgbouncer >/dev/null || missing+=(pgbouncer)
command -v promtool >/dev/null || missing+=(prometheus)
command -v openssl >/dev/null || missing+=(openssl)
command -v ps >/dev/null || missing+=(procps)
# What Debian 12 has is too old for the S3 server.
check_go() {
  local minor
  minor=$(go env GOVERSION | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
  [ "${minor:-99}" -ge 24 ] ||
    echo "go is $(go env GOVERSION): the S3 server wants 1.24 or newer, from https://go.dev/dl. The rest runs with this one." >&2
}
if [ ${#missing[@]} -eq 0 ]; then
  echo 'Everything that the engines need is installed'
  check_go
  exit 0
fi
echo "Installing ${missing[*]}"
apt-get update -qq
# RUNLEVEL=1: the packages' own daemons stay down.
RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}"
check_go
