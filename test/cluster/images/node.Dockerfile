# npm is unpacked from its own package. The machine's certificate authorities are mounted while something is built.
FROM docker.io/library/node:24-bookworm-slim
COPY package /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
ENV NODE_EXTRA_CA_CERTS=/run/certificates.crt
