FROM python:3.11-slim-bookworm AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/hedgebot
WORKDIR /src
COPY requirements.lock ./
RUN /opt/hedgebot/bin/pip install -q --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
# Byte code is made here: the file system is read-only later, and without it the exchange library takes seconds to import.
RUN /opt/hedgebot/bin/pip install -q --no-deps --no-build-isolation . \
    && /opt/hedgebot/bin/python -m compileall -q /opt/hedgebot/lib

FROM python:3.11-slim-bookworm

RUN useradd --uid 10001 --create-home hedgebot && install -d -o hedgebot -g hedgebot -m 0700 /journal
COPY --from=build /opt/hedgebot /opt/hedgebot
COPY config /config
ENV PATH=/opt/hedgebot/bin:$PATH PYTHONUNBUFFERED=1 XDG_STATE_HOME=/journal
USER hedgebot
# The journal's path is relative to the working directory.
WORKDIR /journal
VOLUME /journal
STOPSIGNAL SIGTERM
ENTRYPOINT ["hedgebot"]
CMD ["run", "--config", "/config/demo.toml"]
