# The toolchain, its caches and the certificate authorities are the machine's, mounted while something is built.
FROM docker.io/library/debian:bookworm-slim
ENV GOPATH=/go GOCACHE=/root/.cache/go-build GOTOOLCHAIN=local SSL_CERT_FILE=/run/certificates.crt
ENV PATH=/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
WORKDIR /go
