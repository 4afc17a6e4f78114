# The service (`envclone serve`): web and worker in one container, or one of them with --web-only or --worker-only.
# Python 3.11 on purpose: from 3.12 on, the durable engine's SQL needs SQLite 3.42, and Debian 12 has 3.40.
FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
# Without a pip of its own: nothing is installed into it later.
RUN python -m venv --without-pip /opt/envclone && python -m venv --without-pip /opt/build
WORKDIR /source
# The locks alone first, so that a change of the code does not install everything anew.
COPY requirements.lock ./
COPY .github/actions/setup/build.lock ./
# Each lock names all that it needs. The service has no credential of a cloud, so what only runs of Actions reach AWS with stays out (35 MB).
RUN sed -E '/^(boto3|botocore|s3transfer|jmespath)==/,/[^\\]$/d' requirements.lock > service.lock \
    && pip() { python -m pip --python "$@"; } \
    && pip /opt/envclone/bin/python install --no-compile --no-deps --only-binary :all: --require-hashes -r service.lock \
    && pip /opt/build/bin/python install --no-compile --no-deps --only-binary :all: --require-hashes -r build.lock
COPY pyproject.toml README.md LICENSE ./
COPY bot ./bot
COPY .github/actions ./.github/actions
COPY .github/workflows ./.github/workflows
COPY docs/roles ./docs/roles
RUN /opt/build/bin/python -m hatchling build -t wheel -d /wheel \
    && python -m pip --python /opt/envclone/bin/python install --no-deps --no-index /wheel/*.whl
# What the service's processes import is compiled here, where that can be written; of the rest of its packages nothing is, which saves 40 MB.
# python-hcl2 keeps its grammar's tables beside itself: each process would need seconds for them.
RUN /opt/envclone/bin/python -c 'import bot.cli.serving.web, bot.cli.serving.worker, bot.service.registry; import hcl2; hcl2.loads("")'

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="envclone" org.opencontainers.image.licenses="Apache-2.0"
# git is the only program that the service runs, and none of its commands that are written in Perl (50 MB).
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates git \
    && dpkg --purge --force-depends perl perl-modules-5.36 libperl5.36 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /var/lib/envclone envclone
COPY --from=build /opt/envclone /opt/envclone
ENV PATH=/opt/envclone/bin:$PATH PYTHONUNBUFFERED=1 \
    ENVCLONE_HOST=0.0.0.0 ENVCLONE_PORT=8080 ENVCLONE_DATA_DIR=/var/lib/envclone/data
USER 10001
WORKDIR /var/lib/envclone
VOLUME /var/lib/envclone/data
# `/readyz` and `/metrics` stay on the container's loopback: set ENVCLONE_OPERATIONS_HOST where your network keeps them private.
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["envclone"]
CMD ["serve"]
