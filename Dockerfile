# walguard's one image: the program, one WAL-G engine, the engine's static client, and a small S3 server for the policies
# that keep their backups on a volume.
#
#   docker build --build-arg ENGINE=walrus .
#   docker build --build-arg WALG_SHA256=... .
#
# Base images are arguments, so that a release can pin each by its digest (NAME@sha256:...).
ARG NODE_IMAGE=docker.io/library/node:24-bookworm
ARG NODE_SLIM_IMAGE=docker.io/library/node:24-bookworm-slim
ARG GOLANG_IMAGE=docker.io/library/golang:1.26-bookworm
ARG RUST_IMAGE=docker.io/library/rust:1.95-bookworm
ARG ENGINE=wal-g

FROM ${GOLANG_IMAGE} AS versitygw
ARG VERSITYGW_VERSION=v1.8.0
RUN CGO_ENABLED=0 GOBIN=/out go install -trimpath -ldflags "-s -w" \
      github.com/versity/versitygw/cmd/versitygw@${VERSITYGW_VERSION}

# walrus, WAL-G's Rust port, from its registry: it reads and writes WAL-G's format and speaks its daemon's protocol. Not
# --locked: the published lock file names a version that the registry does not have. Statically linked, because its daemon's
# client runs inside database containers of any libc and any uid, with either engine.
FROM ${RUST_IMAGE} AS walrus
ARG WALRUS_VERSION=0.4.1
# A target of its own, or the flags would also reach build scripts, which load shared libraries.
RUN RUSTFLAGS="-C target-feature=+crt-static" \
      cargo install wal-rus --version "${WALRUS_VERSION}" --target "$(uname -m)-unknown-linux-gnu" --root /out --no-track \
 && mkdir -p /out/client && cp /out/bin/walrus /out/client/walrus

# The engine stages leave the engine in /out/bin.
FROM walrus AS engine-walrus
WORKDIR /out

# WAL-G as its project releases it. The checksum of the release file is required and has no default: take it from a
# download that was checked by hand. Where only package registries are reachable this stage cannot run, so no test of this
# repository builds it.
FROM ${GOLANG_IMAGE} AS engine-wal-g
ARG WALG_VERSION=v3.0.9
ARG WALG_SHA256
RUN test -n "${WALG_SHA256}" || { \
      echo "pass --build-arg WALG_SHA256=... of WAL-G's release file wal-g-pg-22.04 for $(uname -m)" >&2; exit 1; }; \
    case "$(uname -m)" in x86_64) arch=amd64 ;; *) arch=$(uname -m) ;; esac; \
    mkdir -p /out/bin \
 && curl -fsSL --retry 3 -o /out/bin/wal-g \
      "https://github.com/wal-g/wal-g/releases/download/${WALG_VERSION}/wal-g-pg-22.04-${arch}" \
 && echo "${WALG_SHA256}  /out/bin/wal-g" | sha256sum -c - \
 && chmod 0755 /out/bin/wal-g

FROM engine-${ENGINE} AS engine
WORKDIR /out

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
# Without install scripts: esbuild brings its binary as a package, and Node is here already.
RUN npm ci --ignore-scripts --no-audit --no-fund --cache /tmp/npm && rm -rf /tmp/npm
COPY . .
RUN npm run build

FROM ${NODE_SLIM_IMAGE}
ARG ENGINE
# For object stores by https.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates \
 && rm -rf /var/lib/apt/lists/*
COPY --from=versitygw /out/versitygw /usr/local/bin/versitygw
COPY --from=engine /out/bin/ /usr/local/bin/
COPY --from=walrus /out/client/ /opt/walguard/client/
COPY --from=build /src/dist/walguard.mjs /opt/walguard/dist/walguard.mjs
COPY policies/ /opt/walguard/policies/
# Left to itself, V8 takes a heap as large as the container's whole limit, and the kernel ends the process before it collects.
ENV NODE_ENV=production WALGUARD_ENGINE=${ENGINE} NODE_OPTIONS=--max-old-space-size-percentage=60
LABEL org.opencontainers.image.title="walguard" \
      org.opencontainers.image.description="WAL archiving, base backups and proven restores for Postgres StatefulSets" \
      org.opencontainers.image.licenses="Apache-2.0"
# A number, so that runAsNonRoot can be checked; any other uid and a read-only root do as well.
USER 65532:65532
ENTRYPOINT ["node", "/opt/walguard/dist/walguard.mjs"]
