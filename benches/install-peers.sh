#!/usr/bin/env bash
# Installs the libraries that `peers` compares with and finds on the system; the others are Rust crates. The development
# packages bring the headers that a test holds our declarations against. Debian 12 or later, or its derivatives.
set -euo pipefail

packages=(libipsec-mb-dev libssl-dev libgnutls28-dev nettle-dev)

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    as_root=(sudo)
fi
"${as_root[@]}" apt-get update -q
"${as_root[@]}" apt-get install -qy --no-install-recommends "${packages[@]}"

dpkg-query --show --showformat '${Package} ${Version}\n' "${packages[@]}"
