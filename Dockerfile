# The programs of Tidegate in one image: `coordinator` (the default), `worker` and `flower`; every other word is a command
# of `tidegate`. Built with `docker compose build`, or `docker build -t tidegate .`; BuildKit is not needed.

FROM python:3.12-slim AS build
RUN pip install --no-cache-dir --root-user-action=ignore uv==0.13.9
ENV UV_PROJECT_ENVIRONMENT=/opt/tidegate UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never
WORKDIR /src
# The packages first: that layer stays while only our own code changes.
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-dev --no-install-project
COPY . .
RUN uv sync --locked --no-dev --no-editable

FROM python:3.12-slim
LABEL org.opencontainers.image.title="Tidegate" \
      org.opencontainers.image.description="Deploys Docker releases across ordinary hosts, in the right order, with a person in charge." \
      org.opencontainers.image.licenses="Apache-2.0"
# A user of a fixed number, which file servers and backups may rely on. The folder is given to new volumes as it is here.
RUN echo 'tidegate:x:10001:' >>/etc/group \
 && echo 'tidegate:x:10001:10001:Tidegate:/var/lib/tidegate:/bin/sh' >>/etc/passwd \
 && mkdir /var/lib/tidegate && chown 10001:10001 /var/lib/tidegate && chmod 700 /var/lib/tidegate
COPY --from=build /opt/tidegate /opt/tidegate
COPY container/entrypoint /usr/local/bin/tidegate-entrypoint
ENV PATH=/opt/tidegate/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 TIDEGATE_STATE_DIR=/var/lib/tidegate
USER 10001:10001
EXPOSE 8420
ENTRYPOINT ["tidegate-entrypoint"]
CMD ["coordinator"]
