#!/usr/bin/env bash
# Installs what `npm run engines` and the engines' tests start, as Debian has it: Java and Maven (Kafka and OpenSearch come as
# artifacts), Go (Toxiproxy), Redis, PgBouncer, promtool. What is there already is left alone. Needs root only if something is missing.
set -euo pipefail
missing=()
command -v java >/dev/null || missing+=(default-jre-headless)
command -v mvn >/dev/null || missing+=(maven)
command -v go >/dev/null || missing+=(golang-go)
command -v redis-server >/dev/null || missing+=(redis-server)
command -v pgbouncer >/dev/null || missing+=(pgbouncer)
command -v promtool >/dev/null || missing+=(prometheus)
if [ ${#missing[@]} -eq 0 ]; then
  echo 'Everything that the engines need is installed'
  exit 0
fi
echo "Installing ${missing[*]}"
apt-get update -qq
# RUNLEVEL=1: the packages' own daemons stay down.
RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}"
