FROM docker.io/library/debian:bookworm-slim
COPY node /usr/local/bin/node
CMD ["node"]
