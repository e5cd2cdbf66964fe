# PostgreSQL 15 as Debian packages it, with the user of the well-known image.
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
 && rm -rf /var/lib/apt/lists/*
