#!/bin/bash
# Prepares PostgreSQL as the image of this name documents it, written anew for these tests: same variables, same paths,
# same users, so that what is tested against it holds for the image that users run.
set -euo pipefail
. /opt/bitnami/scripts/postgresql/environment.sh

# Anew at each start: these directories may be empty volumes.
configure() {
  cp /usr/share/postgresql/15/postgresql.conf.sample "$POSTGRESQL_CONF_DIR/postgresql.conf"
  mkdir -p "$POSTGRESQL_CONF_DIR/conf.d"
  cat >> "$POSTGRESQL_CONF_DIR/postgresql.conf" <<CONFIGURATION
listen_addresses = '*'
port = $POSTGRESQL_PORT_NUMBER
unix_socket_directories = '/tmp'
wal_level = replica
include_dir = 'conf.d'
CONFIGURATION
  local method=scram-sha-256
  if [ -z "$PASSWORD" ]; then method=trust; fi
  cat > "$POSTGRESQL_CONF_DIR/pg_hba.conf" <<CONFIGURATION
local all         all              trust
local replication all              trust
host  all         all 127.0.0.1/32 $method
host  all         all all          $method
host  replication all all          $method
CONFIGURATION
}

require_password() {
  if [ -n "$PASSWORD" ] || [ "${ALLOW_EMPTY_PASSWORD-}" = yes ]; then return; fi
  echo 'ERROR ==> POSTGRESQL_PASSWORD is empty. Set it, or ALLOW_EMPTY_PASSWORD=yes for development.' >&2
  exit 1
}

run_sql() {
  psql -v ON_ERROR_STOP=1 --no-psqlrc --quiet --host /tmp --port "$POSTGRESQL_PORT_NUMBER" --username postgres \
    --dbname postgres "$@"
}

set_password() {
  run_sql --set name="$1" --set password="$2" <<< "ALTER ROLE :\"name\" PASSWORD :'password';"
}

create_owner() {
  run_sql --set name="$USER_NAME" --set password="$PASSWORD" \
    <<< "CREATE ROLE :\"name\" LOGIN CREATEDB PASSWORD :'password';"
  if [ -n "$POSTGRES_PASSWORD_SETTING" ]; then set_password postgres "$POSTGRES_PASSWORD_SETTING"; fi
}

create_database() {
  if [ "$DATABASE" != postgres ]; then
    run_sql --set name="$DATABASE" <<< 'CREATE DATABASE :"name";'
  fi
  if [ "$USER_NAME" != postgres ]; then
    run_sql --set name="$DATABASE" --set owner="$USER_NAME" <<< 'ALTER DATABASE :"name" OWNER TO :"owner";'
  fi
}

initialise() {
  echo 'INFO  ==> Initializing PostgreSQL database...'
  # shellcheck disable=SC2086 # several words in one variable, as users write it
  initdb --encoding UTF8 --username postgres --auth trust -D "$POSTGRESQL_DATA_DIR" ${POSTGRESQL_INITDB_ARGS-}
  rm "$POSTGRESQL_DATA_DIR/postgresql.conf" "$POSTGRESQL_DATA_DIR/pg_hba.conf"
  local options=(
    "--config-file=$POSTGRESQL_CONF_DIR/postgresql.conf" "--hba_file=$POSTGRESQL_CONF_DIR/pg_hba.conf"
    -c listen_addresses=
  )
  pg_ctl -D "$POSTGRESQL_DATA_DIR" --wait --silent --options "${options[*]}" start
  if [ "$USER_NAME" = postgres ]; then set_password postgres "$PASSWORD"; else create_owner; fi
  create_database
  pg_ctl -D "$POSTGRESQL_DATA_DIR" --wait --silent --mode fast stop
}

set_up() {
  # A crashed container leaves it behind.
  rm -f "$POSTGRESQL_TMP_DIR/postgresql.pid"
  mkdir -p "$POSTGRESQL_DATA_DIR"
  chmod u+rwx,go-rwx "$POSTGRESQL_DATA_DIR"
  USER_NAME=$(setting postgres POSTGRESQL_USERNAME POSTGRESQL_USER POSTGRES_USER)
  PASSWORD=$(setting '' POSTGRESQL_PASSWORD POSTGRES_PASSWORD)
  DATABASE=$(setting postgres POSTGRESQL_DATABASE POSTGRES_DATABASE POSTGRES_DB)
  POSTGRES_PASSWORD_SETTING=$(setting '' POSTGRESQL_POSTGRES_PASSWORD POSTGRES_POSTGRES_PASSWORD)
  require_password
  configure
  if [ -f "$POSTGRESQL_DATA_DIR/PG_VERSION" ]; then
    echo 'INFO  ==> Deploying PostgreSQL with persisted data...'
    # As the image of this name does: whatever asks for a recovery is gone before the server starts.
    rm -f "$POSTGRESQL_DATA_DIR"/{postmaster.pid,standby.signal,recovery.signal}
  else
    initialise
  fi
}

if [ "${1-}" = /opt/bitnami/scripts/postgresql/run.sh ]; then
  echo 'INFO  ==> ** Starting PostgreSQL setup **'
  set_up
  echo 'INFO  ==> ** PostgreSQL setup finished! **'
fi
exec "$@"
