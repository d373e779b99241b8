# The image of every use of syncgate: command line, Argo CD plugin, jobs. It is
# built on the machine's own platform for any other.
FROM --platform=$BUILDPLATFORM golang:1.26.8@sha256:0f063af2d465d8dcae54cce04278ada488b96f77b42449c8d071e47d016cc65a AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS TARGETARCH
RUN GOOS=$TARGETOS GOARCH=$TARGETARCH .ci/build /out/root/usr/local/bin/syncgate
RUN install -D -m 644 -t /out/root/etc/ssl/certs /etc/ssl/certs/ca-certificates.crt && install -d -m 1777 /out/root/tmp

FROM build AS busybox
ARG TARGETARCH
WORKDIR /out/busybox
RUN dpkg --add-architecture "$TARGETARCH" && apt-get update && apt-get download "busybox-static:$TARGETARCH" && dpkg-deb -x busybox-static_*.deb . && mv "$(find . -path '*/bin/busybox')" /out/sh

FROM scratch AS image
COPY --from=build /out/root/ /
ENV PATH=/usr/local/bin XDG_CACHE_HOME=/tmp/.cache
USER 999:999
ENTRYPOINT ["/usr/local/bin/syncgate"]

# With a shell, for CI systems that run scripts in an image: GitLab CI, Bitbucket
# Pipelines.
FROM image AS shell
COPY --from=busybox /out/sh /bin/sh
ENV PATH=/usr/local/bin:/bin
ENTRYPOINT []
CMD ["/bin/sh"]

# What is built if nothing else is asked for.
FROM image
