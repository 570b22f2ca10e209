# An image to work on the package in: Debian with all that .ci/run installs, and a user who is not root.
#
#     docker build --build-arg "UID=$(id -u)" --tag fdb-dev .
#     docker run --rm --interactive --tty --volume "$PWD:/src" fdb-dev          # then: make test
#
# The checkout is mounted, not copied; what is built and installed goes into it, with an environment beside that of the host.
# ThreadSanitizer wants `sudo sysctl vm.mmap_rnd_bits=28` on the host, and --security-opt seccomp=unconfined.
FROM debian:bookworm-slim

RUN apt-get update --quiet \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends \
        ca-certificates \
        chromium \
        fonts-dejavu-core \
        g++ \
        gcc \
        git \
        libsqlite3-0 \
        make \
        python3 \
        python3-dev \
        python3-venv \
        valgrind \
    && rm -rf /var/lib/apt/lists/*

# The owner of the checkout, so that both can write it.
ARG UID=1000
RUN useradd --create-home --uid "$UID" developer \
    && install --directory --owner developer /src

USER developer
WORKDIR /src
ENV VENV=.venv-image
CMD ["bash"]
