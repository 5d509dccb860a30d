#!/usr/bin/env bash
# The Debian package as a machine gets it: made, installed into a root of its own, run, removed, purged.
# packaging/check.sh BUILD_FOLDER
set -euo pipefail
build=$(readlink -f "$1")
skip() { echo "skipped: $*"; exit 77; }
fail() { echo "package: $*" >&2; exit 1; }
for tool in dpkg-shlibdeps cpack curl; do command -v $tool >/dev/null || skip "no $tool"; done

root=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$root"' EXIT

(cd "$build" && cpack -B "$root/made" >"$root/cpack.log" 2>&1) || { cat "$root/cpack.log" >&2; fail "cpack failed"; }
deb=$(find "$root/made" -name 'wattline_*.deb')
[ -f "$deb" ] || fail "cpack made no package"
for library in libc6 libcurl4 libssl3 libsqlite3-0 libstdc++6; do
  dpkg-deb -f "$deb" Depends | grep -q "$library" || fail "does not depend on $library: $(dpkg-deb -f "$deb" Depends)"
done
[ "$(dpkg-deb -e "$deb" "$root/control" && cat "$root/control/conffiles")" = "$(printf '/etc/wattline/agent.toml\n/etc/wattline/environment\n/etc/wattline/gateway.toml')" ] ||
  fail "the files of /etc are not marked as configuration"

# An installation in every respect but that it lies in a folder: this machine's list of packages stands in for that of
# the root, so that what it depends on must be there.
installed=$root/installed
mkdir -p "$installed/var/lib/dpkg/"{info,updates,triggers} "$installed/var/log"
touch "$installed/var/lib/dpkg/available"
cp /var/lib/dpkg/status "$installed/var/lib/dpkg/status"
if [ "$(id -u)" = 0 ]; then
  package() { dpkg --root="$installed" --force-script-chrootless --log="$root/dpkg.log" "$@" >"$root/dpkg.out" 2>&1 || { cat "$root/dpkg.out" >&2; fail "dpkg $1 failed"; }; }
  package -i "$deb"
  echo '# mine' >>"$installed/etc/wattline/gateway.toml"
  package -i "$deb"
  grep -q '# mine' "$installed/etc/wattline/gateway.toml" || fail "installing again lost the configuration"
else
  dpkg-deb -x "$deb" "$installed"
fi
[ "$(stat -c %a "$installed/etc/wattline/environment")" = 600 ] || fail "the file of keys can be read by others"
[ -s "$installed/usr/share/doc/wattline/copyright" ] || fail "no copyright"
[ -s "$installed/usr/include/wattline/phases.h" ] || fail "no header for phases"
gzip -t "$installed/usr/share/doc/wattline/changelog.gz"

program=$installed/usr/bin/wattline
"$program" --version >/dev/null
"$program" serve check "$installed/etc/wattline/gateway.toml" --quiet >"$root/check.out" || { cat "$root/check.out" >&2; fail "the configuration it brings cannot be served"; }
export WATTLINE_LEDGER=$installed/var/lib/wattline/ledger
mkdir -p "$(dirname "$WATTLINE_LEDGER")"
"$program" serve --config "$installed/etc/wattline/gateway.toml" --listen 127.0.0.1:0 >"$root/serve.log" 2>&1 &
server=$!
url=
for _ in $(seq 200); do
  url=$(grep -om1 'http://[0-9.:]*' "$root/serve.log" || true)
  [ -n "$url" ] && break
  kill -0 "$server" 2>/dev/null || { cat "$root/serve.log" >&2; fail "the gateway did not start"; }
  sleep 0.05
done
[ -n "$url" ] || fail "the gateway does not say where it listens"
[ "$(curl -fsS "$url/readyz")" = ready ] || fail "not ready"
curl -fsS "$url/v1/chat/completions" --json '{"model":"glow-xs","messages":[{"role":"user","content":"What is 12 + 7?"}]}' |
  grep -q '"content":"19"' || fail "the model inside does not answer"
kill -TERM "$server"
wait "$server" || fail "the gateway ended with $?"
server=
"$program" ledger verify --quiet >/dev/null || fail "the account is not whole"
"$program" agent --config "$installed/etc/wattline/agent.toml" --once --interval 0.2 >"$root/agent.out" 2>&1 || { cat "$root/agent.out" >&2; fail "the agent does not meter"; }

if command -v systemd-analyze >/dev/null; then
  # 0 is closed, 10 open. The agent sees all processes and, while it opens the counters, any file.
  for unit in wattline:20 wattline-agent:30; do
    file=$root/${unit%:*}.service
    sed "s|/usr/bin/wattline|$program|" "$installed/lib/systemd/system/${unit%:*}.service" >"$file"
    systemd-analyze verify --man=no "$file" >"$root/unit.out" 2>&1 || { cat "$root/unit.out" >&2; fail "${unit%:*}.service is faulty"; }
    ! grep "$file" "$root/unit.out" || fail "${unit%:*}.service has warnings"
    systemd-analyze security --offline=true --threshold="${unit#*:}" "$file" >"$root/security.out" 2>&1 ||
      { grep -v ✓ "$root/security.out" >&2; fail "${unit%:*}.service is more exposed than ${unit#*:} tenths"; }
    tail -1 "$root/security.out"
  done
else
  echo "not checked: the unit (no systemd-analyze)"
fi

if [ "$(id -u)" = 0 ]; then
  package -r wattline
  [ ! -e "$program" ] && [ -e "$installed/etc/wattline/gateway.toml" ] || fail "removing takes the program and leaves the configuration"
  package -P wattline
  [ ! -e "$installed/etc/wattline" ] || fail "purging leaves configuration"
  [ -d "$installed/var/lib/wattline/ledger" ] || fail "purging takes the account with it"
fi
echo "the package is made, installed, run and removed: $(basename "$deb"), $(stat -c %s "$deb") bytes"
