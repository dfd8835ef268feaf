# docker build -t loadgen . && docker run --rm -u "$(id -u)" -v "$PWD:/work" loadgen run burst
# BASE: any Debian-like image whose python3 is 3.11 or newer. EXTRAS=ray: the machines of `--on` too (docs/machines.md).
ARG BASE=python:3.13-slim
ARG EXTRAS=

FROM ${BASE} AS build
ARG EXTRAS
# A compiler, for loadgen and what has no wheel (hdrhistogram on arm64); Python's headers and pip, where the base image
# has none.
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc libc6-dev \
 && headers=$(python3 -c 'import sysconfig; print(sysconfig.get_path("include"))') \
 && if ! test -e "$headers/Python.h" || ! python3 -m pip --version; then \
        apt-get install -y --no-install-recommends python3-dev python3-pip; \
    fi
COPY . /src
# what is installed is what requirements.lock names, by its hash, and what builds loadgen what build.lock names; the
# dependencies' own tests would be a tenth of it
RUN python3 -m venv --without-pip /opt/loadgen && python3 -m venv --without-pip /opt/build \
 && pip="python3 -m pip --no-cache-dir --python" \
 && $pip /opt/build/bin/python install --require-hashes -r /src/build.lock \
 && LOADGEN_BUILD=compiled $pip /opt/build/bin/python wheel --no-build-isolation --no-deps --wheel-dir /wheel /src \
 && $pip /opt/loadgen/bin/python install --require-hashes -r "/src/requirements${EXTRAS:+-$EXTRAS}.lock" \
 && $pip /opt/loadgen/bin/python install --no-deps /wheel/*.whl \
 && find /opt/loadgen -type d -name tests -prune -exec rm -r {} +

FROM ${BASE}
COPY --from=build /opt/loadgen /opt/loadgen
# loadgen, and ray where it is installed
RUN for program in loadgen ray; do \
        if test -e /opt/loadgen/bin/$program; then ln -s /opt/loadgen/bin/$program /usr/local/bin/$program; fi; \
    done \
 && useradd --uid 10001 --no-create-home --home-dir /work loadgen \
 && install --directory --owner=loadgen /work
USER loadgen
# runs are written to ./runs
WORKDIR /work
VOLUME /work
ENTRYPOINT ["loadgen"]
