# shellcheck shell=bash
# Sourced by scripts/test and scripts/testnet: makes .venv hold gridnode with its kernels, doing only what is missing.
# Leaves $root (the project's folder) and $python (its interpreter). Needs Debian or its kin only when something is missing.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python=$root/.venv/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1

say() { printf 'setup: %s\n' "$*" >&2; }

# Prints the first interpreter that is new enough and can make environments and compile extensions.
find_python() {
    local name
    for name in python3 python3.11 python3.12 python3.13 python3.14; do
        if "$name" -c '
import sys, sysconfig, pathlib, ensurepip, venv
assert sys.version_info >= (3, 11)
assert pathlib.Path(sysconfig.get_path("include"), "Python.h").exists()' </dev/null >/dev/null 2>&1; then
            command -v "$name"
            return
        fi
    done
    return 1
}

has_header() { printf '#include <%s>\n' "$1" | cc -E - >/dev/null 2>&1; }

# Prints the Debian packages that are missing.
missing_packages() {
    find_python >/dev/null || echo python3 python3-venv python3-dev
    command -v cc >/dev/null || echo gcc
    command -v c++ >/dev/null || echo g++
    has_header stdlib.h || echo libc6-dev
    has_header gmp.h || echo libgmp-dev # compiled by fastecdsa, a dependency of libp2p
}

install_packages() {
    local missing
    missing=$(missing_packages | xargs)
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        say "these packages are missing (Debian's names): $missing"
        say "install them as root, then run this again: apt-get install $missing"
        exit 2
    fi
    say "installing $missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update </dev/null >&2
    # shellcheck disable=SC2086 # a list of words
    apt-get -qq install -y --no-install-recommends $missing </dev/null >&2
    missing=$(missing_packages | xargs)
    [ -z "$missing" ] || { say "still missing after the installation: $missing"; exit 2; }
}

# Prints one digest of the files named.
digest() { cat "$@" | sha256sum | cut -d ' ' -f 1; }

kernels_are_built() {
    local source
    for source in gridnode/_native/*.pyx; do
        compgen -G "${source%.pyx}.*.so" >/dev/null || return 1
    done
}

# Installs what pyproject.toml names when it changed, and compiles the kernels when they changed.
install_gridnode() {
    local wanted built
    wanted=$(digest pyproject.toml setup.py)
    built=$(digest setup.py gridnode/_native/*.p[yx][xd])
    if [ "$(cat .venv/installed 2>/dev/null)" != "$wanted" ]; then
        say "installing gridnode and its dependencies into .venv"
        rm -f .venv/built gridnode/_native/*.so gridnode/_native/*.c # compiled by another interpreter, or with other flags
        "$python" -m pip install --quiet --upgrade pip </dev/null >&2
        # Without setuptools' advice about folders of the same name.
        PYTHONWARNINGS=ignore "$python" -m pip install --quiet --editable '.[dev]' </dev/null >&2
        echo "$wanted" >.venv/installed
        echo "$built" >.venv/built # an editable installation compiles in place
    fi
    if [ "$(cat .venv/built 2>/dev/null)" != "$built" ] || ! kernels_are_built; then
        say "compiling the kernels"
        "$python" setup.py --quiet build_ext --inplace --force </dev/null >&2
        echo "$built" >.venv/built
    fi
}

# In a subshell, so that the caller stays in its folder; under a lock, so that two callers do not install at once.
set_up() ( # shellcheck disable=SC2164
    cd "$root"
    exec 9<.
    flock 9
    if ! "$python" -c 'import pip' 2>/dev/null; then
        install_packages
        say "creating .venv"
        "$(find_python)" -m venv --clear .venv
    fi
    install_gridnode
)

set_up
