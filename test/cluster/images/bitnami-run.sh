#!/bin/bash
# The server, with its configuration outside the data directory and with the flags that users add.
set -euo pipefail
. /opt/bitnami/scripts/postgresql/environment.sh

flags=(
  -D "$POSTGRESQL_DATA_DIR"
  "--config-file=$POSTGRESQL_CONF_DIR/postgresql.conf"
  "--hba_file=$POSTGRESQL_CONF_DIR/pg_hba.conf"
  "--external_pid_file=$POSTGRESQL_TMP_DIR/postgresql.pid"
)
# At white space, and without any quoting.
read -r -a extra_flags <<< "${POSTGRESQL_EXTRA_FLAGS-}"

echo '** Starting PostgreSQL **'
exec postgres "${flags[@]}" "${extra_flags[@]}" "$@"
