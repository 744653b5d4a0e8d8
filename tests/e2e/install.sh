#!/bin/sh
# Installs what the end-to-end tests need: a Python environment below target/ with moto, and,
# with `prometheus` as argument, Prometheus and Alertmanager. Does nothing where everything is there.
set -eu
cd "$(dirname "$0")/../.."
venv=target/venv
wanted=$(cat tests/e2e/requirements.txt)
if [ "$(cat $venv/.installed 2>/dev/null)" != "$wanted" ]; then
    mkdir -p target
    if ! python3 -m venv $venv >/dev/null 2>&1; then
        echo "python3 cannot make environments; installing python3-venv"
        apt-get install -y -q python3-venv || { apt-get update -q && apt-get install -y -q python3-venv; }
        python3 -m venv $venv
    fi
    echo "installing moto and boto3 into $venv (a minute)"
    $venv/bin/pip install -q --disable-pip-version-check -r tests/e2e/requirements.txt
    echo "$wanted" > $venv/.installed
fi
missing=
if [ "${1:-}" = prometheus ]; then
    { command -v promtool && command -v prometheus; } >/dev/null || missing=prometheus
    { command -v amtool && command -v prometheus-alertmanager; } >/dev/null || missing="$missing prometheus-alertmanager"
fi
if [ -n "$missing" ]; then
    echo "installing $missing"
    # The packages would start their services; the tests start their own.
    policy=/usr/sbin/policy-rc.d
    made=
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' > $policy && chmod +x $policy && made=yes
    fi
    export DEBIAN_FRONTEND=noninteractive
    # Unquoted: one word a package.
    apt-get install -y -q --no-install-recommends $missing ||
        { apt-get update -q && apt-get install -y -q --no-install-recommends $missing; }
    if [ -n "$made" ]; then rm -f $policy; fi
fi
