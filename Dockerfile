# The image of every use of syncgate: command line, Argo CD plugin, jobs.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags=-s -o /out/root/usr/local/bin/syncgate ./cmd/syncgate
RUN install -D -m 644 -t /out/root/etc/ssl/certs /etc/ssl/certs/ca-certificates.crt
RUN install -d -m 1777 /out/root/tmp

# The same beside a shell, for runners of CI systems that want one:
# docker build --target ci
FROM debian:13-slim AS ci
COPY --from=build /out/root/ /
ENV XDG_CACHE_HOME=/tmp/.cache

FROM scratch
COPY --from=build /out/root/ /
ENV PATH=/usr/local/bin XDG_CACHE_HOME=/tmp/.cache
USER 999:999
ENTRYPOINT ["/usr/local/bin/syncgate"]
