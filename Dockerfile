# The image of every use of syncgate: command line, Argo CD plugin, jobs.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags=-s -o /out/syncgate ./cmd/syncgate

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/syncgate /usr/local/bin/syncgate
ENV PATH=/usr/local/bin
USER 999:999
ENTRYPOINT ["/usr/local/bin/syncgate"]
