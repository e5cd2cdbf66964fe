# Sourced by the two scripts of this image: the documented variables with their defaults, under one name each.

# A variable of two names, or the content of the file that one of NAME_FILE names.
setting() {
  local default=$1 name file_variable
  shift
  for name in "$@"; do
    file_variable=${name}_FILE
    if [ -n "${!file_variable-}" ]; then
      cat "${!file_variable}"
      return
    fi
    if [ -n "${!name-}" ]; then
      printf '%s' "${!name}"
      return
    fi
  done
  printf '%s' "$default"
}

POSTGRESQL_CONF_DIR=/opt/bitnami/postgresql/conf
POSTGRESQL_TMP_DIR=/opt/bitnami/postgresql/tmp
POSTGRESQL_VOLUME_DIR=${POSTGRESQL_VOLUME_DIR:-/bitnami/postgresql}
POSTGRESQL_DATA_DIR=${POSTGRESQL_DATA_DIR:-${PGDATA:-$POSTGRESQL_VOLUME_DIR/data}}
POSTGRESQL_PORT_NUMBER=${POSTGRESQL_PORT_NUMBER:-5432}
export PGDATA=$POSTGRESQL_DATA_DIR

# PostgreSQL's programs want a name for their uid, and the platform may have chosen any uid.
if ! getent passwd "$(id -u)" > /dev/null; then
  NSS_WRAPPER_PASSWD=$(mktemp)
  printf 'postgres:x:%s:%s:PostgreSQL:%s:/bin/false\n' "$(id -u)" "$(id -g)" "$POSTGRESQL_DATA_DIR" \
    > "$NSS_WRAPPER_PASSWD"
  export NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP=/etc/group LD_PRELOAD=libnss_wrapper.so
fi
