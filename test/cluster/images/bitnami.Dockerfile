# Debian's PostgreSQL under the name, the user, the paths and the start-up habits of the image that Helm users know.
FROM localhost/postgresql:15
RUN apt-get update \
 && apt-get install -y --no-install-recommends libnss-wrapper \
 && rm -rf /var/lib/apt/lists/*
COPY bitnami-environment.sh /opt/bitnami/scripts/postgresql/environment.sh
COPY bitnami-entrypoint.sh /opt/bitnami/scripts/postgresql/entrypoint.sh
COPY bitnami-run.sh /opt/bitnami/scripts/postgresql/run.sh
RUN mkdir -p /opt/bitnami/postgresql/conf /opt/bitnami/postgresql/tmp /bitnami/postgresql \
 && ln -s /usr/lib/postgresql/15/bin /opt/bitnami/postgresql/bin \
 && chown -R 1001:0 /opt/bitnami/postgresql/conf /opt/bitnami/postgresql/tmp /bitnami/postgresql \
 && chmod -R g+rwX /opt/bitnami/postgresql/conf /opt/bitnami/postgresql/tmp /bitnami/postgresql
ENV BITNAMI_APP_NAME=postgresql LANG=en_US.UTF-8 LANGUAGE=en_US:en
ENV PATH=/opt/bitnami/postgresql/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
VOLUME /bitnami/postgresql
EXPOSE 5432
USER 1001
ENTRYPOINT ["/opt/bitnami/scripts/postgresql/entrypoint.sh"]
CMD ["/opt/bitnami/scripts/postgresql/run.sh"]
