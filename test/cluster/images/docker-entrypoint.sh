#!/bin/bash
# Starts PostgreSQL as the docker-library image does, written anew for these tests: same arguments, same variables, same
# order of events, so that what is tested against it holds for the image that users run.
set -Eeuo pipefail

# A variable NAME, or the content of the file that NAME_FILE names.
setting() {
  local name=$1 default=${2-} file_variable=${1}_FILE
  if [ -n "${!file_variable-}" ]; then
    if [ -n "${!name-}" ]; then
      echo "error: $name and $file_variable are both set; take one" >&2
      exit 1
    fi
    cat "${!file_variable}"
  else
    printf '%s' "${!name-$default}"
  fi
}

prepare_directories() {
  mkdir -p "$PGDATA" /var/run/postgresql
  chmod 700 "$PGDATA" || true # a volume of another uid: postgres itself gives the better message
  chmod 3777 /var/run/postgresql || true
  if [ "$(id -u)" = 0 ]; then
    find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
    find /var/run/postgresql \! -user postgres -exec chown postgres '{}' +
  fi
}

require_password() {
  if [ -z "$PASSWORD" ] && [ "${POSTGRES_HOST_AUTH_METHOD-}" != trust ]; then
    echo 'error: the database is not initialised and there is no superuser password.' >&2
    echo '       Set POSTGRES_PASSWORD (or POSTGRES_PASSWORD_FILE) to a value that is not empty.' >&2
    exit 1
  fi
}

initialise() {
  local arguments=()
  if [ -n "${POSTGRES_INITDB_WALDIR-}" ]; then arguments+=(--waldir "$POSTGRES_INITDB_WALDIR"); fi
  # shellcheck disable=SC2086 # several words in one variable, as users write it
  initdb --username="$USER_NAME" --pwfile=<(printf '%s\n' "$PASSWORD") "${arguments[@]}" ${POSTGRES_INITDB_ARGS-}
  printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >> "$PGDATA/pg_hba.conf"
}

run_sql() {
  psql -v ON_ERROR_STOP=1 --no-psqlrc --no-password --username "$USER_NAME" "$@"
}

create_database() {
  if [ "$DATABASE" = postgres ]; then return; fi
  run_sql --dbname postgres --set name="$DATABASE" <<< 'CREATE DATABASE :"name";'
}

run_init_files() {
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    case $file in
      *.sh)
        echo "$0: running $file"
        if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
      *.sql)
        echo "$0: running $file"
        run_sql --dbname "$DATABASE" -f "$file" ;;
      *.sql.gz)
        echo "$0: running $file"
        gunzip -c "$file" | run_sql --dbname "$DATABASE" ;;
      '/docker-entrypoint-initdb.d/*') ;;
      *) echo "$0: ignoring $file" ;;
    esac
  done
}

# With the server's own arguments, so that what they set is already in force, but reachable by its socket only.
with_temporary_server() {
  shift # the word `postgres`
  PGUSER=$USER_NAME pg_ctl --pgdata "$PGDATA" --wait start \
    --options "$(printf '%q ' "$@" -c "listen_addresses=" -p "${PGPORT:-5432}")"
  create_database
  run_init_files
  PGUSER=$USER_NAME pg_ctl --pgdata "$PGDATA" --mode fast --wait stop
}

main() {
  if [ "${1:0:1}" = - ]; then set -- postgres "$@"; fi
  if [ "${1-}" != postgres ]; then exec "$@"; fi
  local word
  for word in "$@"; do
    case $word in -'?' | --help | --describe-config | -V | --version) exec "$@" ;; esac
  done

  prepare_directories
  if [ "$(id -u)" = 0 ]; then exec setpriv --reuid postgres --regid postgres --init-groups -- "${BASH_SOURCE[0]}" "$@"; fi

  if [ -s "$PGDATA/PG_VERSION" ]; then
    echo 'PostgreSQL Database directory appears to contain a database; Skipping initialization'
  else
    USER_NAME=$(setting POSTGRES_USER postgres)
    PASSWORD=$(setting POSTGRES_PASSWORD)
    DATABASE=$(setting POSTGRES_DB "$USER_NAME")
    require_password
    initialise
    export PGPASSWORD=$PASSWORD
    with_temporary_server "$@"
    unset PGPASSWORD
    echo 'PostgreSQL init process complete; ready for start up.'
  fi
  exec "$@"
}

main "$@"
