# Debian's Patroni and PostgreSQL, set up as Patroni's own example for Kubernetes does.
FROM docker.io/library/postgres:15
# Patroni speaks to Kubernetes by itself; of the packages for other stores it wants one, and this is the smallest.
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends patroni python3-pysyncobj curl \
 && rm -rf /var/lib/apt/lists/* \
 && install -d -o postgres -g postgres -m 0755 /home/postgres
COPY patroni-entrypoint.sh /entrypoint.sh
ENV HOME=/home/postgres PATRONI_POSTGRESQL_BIN_DIR=/usr/lib/postgresql/15/bin
EXPOSE 5432 8008
# PostgreSQL's image stops by SIGINT, which Patroni does not hand on.
STOPSIGNAL SIGTERM
USER postgres
WORKDIR /home/postgres
ENTRYPOINT ["/bin/bash", "/entrypoint.sh"]
CMD []
