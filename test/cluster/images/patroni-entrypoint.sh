#!/bin/bash
# Patroni reads PATRONI_* variables by itself; this adds what it takes from a file only, and then becomes it.
set -euo pipefail

: "${PATRONI_KUBERNETES_POD_IP:?the manifest sets it from status.podIP}"
: "${PATRONI_SUPERUSER_PASSWORD:?}" "${PATRONI_REPLICATION_PASSWORD:?}"

# A pod's fsGroup opens it to the group at each start, which PostgreSQL refuses.
mkdir -p "$PATRONI_POSTGRESQL_DATA_DIR"
chmod 700 "$PATRONI_POSTGRESQL_DATA_DIR"

cat > "$HOME/patroni.yml" <<CONFIGURATION
bootstrap:
  dcs:
    postgresql:
      use_pg_rewind: true
      parameters:
        max_connections: 50
      pg_hba:
        - local all all trust
        - host all all all scram-sha-256
        - host replication $PATRONI_REPLICATION_USERNAME all scram-sha-256
  initdb:
    - auth-host: scram-sha-256
    - auth-local: trust
    - encoding: UTF8
    - locale: en_US.UTF-8
    - data-checksums
restapi:
  connect_address: $PATRONI_KUBERNETES_POD_IP:8008
postgresql:
  connect_address: $PATRONI_KUBERNETES_POD_IP:5432
CONFIGURATION

exec patroni "$HOME/patroni.yml"
