# docker build -t lifecycle-worker:v1.0.0 --build-arg VERSION=v1.0.0 .
#
# Needs BuildKit: the default from Docker 23 on, DOCKER_BUILDKIT=1 before. There is no `syntax` line, so that nothing is fetched but the base
# image and packages. Where a proxy signs the connections: --secret id=ca-bundle,src=/etc/ssl/certs/ca-certificates.crt
#
#   VERSION         what a worker of this image says it is, unless it is told otherwise
#   REVISION        the commit, for `lifecycle --version` and the labels
#   BUILD_IMAGE, RUNTIME_IMAGE   Debian 12 or what is like it: a mirror's, or one with a company's own settings
ARG BUILD_IMAGE=debian:bookworm-slim
ARG RUNTIME_IMAGE=debian:bookworm-slim

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY ci/setup ci/
RUN ci/setup --compile && apt-get install -y -qq --no-install-recommends ca-certificates
COPY . .
# The caches make a changed source a matter of its own compilation.
RUN --mount=type=cache,target=/root/.cache/ccache --mount=type=cache,target=/root/.cache/pip --mount=type=secret,id=ca-bundle \
    if [ -s /run/secrets/ca-bundle ]; then export PIP_CERT=/run/secrets/ca-bundle; fi \
 && cmake --preset release -DBUILD_TESTING=OFF \
 && cmake --build --preset release --target lifecycle_cli
# A commit that changes no source is one file and a link. What is run is stripped; a build outside the image has the symbols.
ARG REVISION
RUN export LIFECYCLE_REVISION="$REVISION" \
 && cmake --build --preset release --target lifecycle_cli \
 && strip --output-file=/lifecycle build/release/cli/lifecycle

FROM ${RUNTIME_IMAGE}
# What `lifecycle` loads when it speaks to Kubernetes; a worker never does.
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends libcurl4 > /dev/null \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/* /var/log/*
RUN echo 'lifecycle:x:1000:' >> /etc/group && echo 'lifecycle:x:1000:1000::/home/lifecycle:/bin/bash' >> /etc/passwd
COPY LICENSE /usr/share/doc/lifecycle/
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /lifecycle /usr/local/bin/lifecycle
USER 1000:1000
# For plain Docker, which asks inside of the container; in Kubernetes the manifests say where the kubelet's probes are answered.
ENV LIFECYCLE_HEALTH_ADDRESS=127.0.0.1:8081
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["lifecycle", "probe"]
ENTRYPOINT ["lifecycle"]
CMD ["worker", "--supervise"]
# Nothing but this differs between two versions of the demonstration.
ARG VERSION=v0.0.0-dev
ARG REVISION
ENV LIFECYCLE_WORKER_VERSION=${VERSION}
LABEL org.opencontainers.image.title="lifecycle" \
      org.opencontainers.image.description="Proves that Temporal workflows survive what happens to their workers" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
