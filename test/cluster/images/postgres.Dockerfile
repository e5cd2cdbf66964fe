# Debian's PostgreSQL under the name, the user, the paths and the start-up habits of the well-known image.
FROM docker.io/library/debian:bookworm-slim
# The user first: Debian's package would take whatever uid is free, and volumes remember uids.
RUN groupadd --gid 999 postgres \
 && useradd --uid 999 --gid 999 --home-dir /var/lib/postgresql --shell /bin/bash postgres \
 && install -d -o postgres -g postgres -m 1777 /var/lib/postgresql
# createcluster.conf keeps the package from making and starting a cluster of its own.
RUN mkdir -p /etc/postgresql-common \
 && echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf \
 && printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d \
 && apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends postgresql-15 locales \
 && localedef -i en_US -c -f UTF-8 en_US.UTF-8 \
 && sed -ri "s/^#?listen_addresses *=.*/listen_addresses = '*'/" /usr/share/postgresql/15/postgresql.conf.sample \
 && grep -q "^listen_addresses = '\*'" /usr/share/postgresql/15/postgresql.conf.sample \
 && rm -rf /var/lib/apt/lists/*
ENV LANG=en_US.utf8 PG_MAJOR=15 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/15/bin
ENV PGDATA=/var/lib/postgresql/data
RUN mkdir -p /docker-entrypoint-initdb.d "$PGDATA" \
 && chown postgres:postgres "$PGDATA" && chmod 1777 "$PGDATA" \
 && install -d -o postgres -g postgres -m 3777 /var/run/postgresql
COPY docker-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
VOLUME /var/lib/postgresql/data
EXPOSE 5432
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
