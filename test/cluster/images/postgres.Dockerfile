# PostgreSQL's programs under the name, the user, the paths and the start-up habits of the well-known image.
ARG PG_MAJOR
FROM localhost/postgresql:${PG_MAJOR}
ARG PG_MAJOR
ARG POSTGRES_ID=999
RUN sed -ri "s/^#?listen_addresses *=.*/listen_addresses = '*'/" /usr/share/postgresql/${PG_MAJOR}/postgresql.conf.sample \
 && grep -q "^listen_addresses = '\*'" /usr/share/postgresql/${PG_MAJOR}/postgresql.conf.sample \
 && if [ "${POSTGRES_ID}" != 999 ]; then \
      groupmod --gid "${POSTGRES_ID}" postgres \
   && usermod --uid "${POSTGRES_ID}" --gid "${POSTGRES_ID}" postgres \
   && find / -xdev -user 999 -exec chown --no-dereference postgres:postgres '{}' +; fi
ENV LANG=en_US.utf8 PG_MAJOR=${PG_MAJOR}
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/${PG_MAJOR}/bin
ARG DATA=/var/lib/postgresql/data
ARG DATA_VOLUME=/var/lib/postgresql/data
ENV PGDATA=${DATA}
RUN mkdir -p /docker-entrypoint-initdb.d "${DATA_VOLUME}" \
 && chown postgres:postgres "${DATA_VOLUME}" && chmod 1777 "${DATA_VOLUME}" \
 && install -d -o postgres -g postgres -m 3777 /var/run/postgresql
COPY docker-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
VOLUME ${DATA_VOLUME}
EXPOSE 5432
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
