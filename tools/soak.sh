#!/usr/bin/env bash
# The gateway under load for a while, in turns: plain and streamed answers of the built-in model and of an upstream, fresh
# ones and such as the cache may give again, all with a tenant's key and an access log.
# Holds when every reply is whole and of status 200, the memory does not grow, SIGTERM lets the answers
# under way end, and the account has one row for each answer and its chain is right.
# Usage: tools/soak.sh WATTLINE [SECONDS]     (with bench/gateway_load beside WATTLINE: configure with -DWATTLINE_BENCH=ON)
set -euo pipefail
wattline=$(readlink -f "${1:?usage: soak.sh WATTLINE [SECONDS]}")
upstream_program=$(dirname "$wattline")/bench/gateway_load
seconds=${2:-120} connections=${CONNECTIONS:-8} port=${PORT:-18094} upstream_port=$((${PORT:-18094} + 1))
for tool in wrk curl; do command -v $tool >/dev/null || { echo "soak: $tool is not installed" >&2; exit 3; }; done
[ -x "$upstream_program" ] || { echo "soak: $upstream_program is not built" >&2; exit 3; }
work=$(mktemp -d)
upstream=
gateway=
finish() {
  [ -n "$upstream" ] && kill -KILL "$upstream" 2>/dev/null || true
  [ -n "$gateway" ] && kill -KILL "$gateway" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
failed=0
fail() { echo "soak: $*" >&2; failed=1; }

key=wl_soaksoaksoaksoaksoaksoaksoaksoaksoaksoaksoa
# Limits are wide, so that a machine that is held up for a minute makes no reply wrong.
cat >"$work/gateway.toml" <<CONF
[server]
listen = "127.0.0.1:$port"
place = "FR"
[limits]
header_timeout = "5 min"
body_timeout = "5 min"
idle_timeout = "10 min"
write_timeout = "5 min"
[cache]
enabled = true
size = "4 MiB"
[access_log]
file = "$work/access.jsonl"
rotate_size = "4 MiB"
keep = 1
[[tenant]]
name = "soak"
sees = "all"
[[key]]
id = "soak"
tenant = "soak"
sha256 = "$(printf %s "$key" | sha256sum | cut -d' ' -f1)"
[[upstream]]
name = "near"
url = "http://127.0.0.1:$upstream_port/v1"
energy = "modelled"
device = "NVIDIA H100 SXM"
models = ["llama-3.1-8b"]
first_byte_timeout = "5 min"
idle_timeout = "5 min"
CONF
{ echo "local key = '$key'"; cat <<'LUA'; } >"$work/load.lua"
local threads, asked = {}, 0
right, wrong, example = 0, 0, ""
function setup(thread) table.insert(threads, thread) end
local function ask(model, words, stream, temperature, cache)
  return wrk.format("POST", "/v1/chat/completions",
    { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. key, ["x-wattline-cache"] = cache },
    string.format('{"model":"%s","max_tokens":16,"stream":%s,"temperature":%d,"messages":[{"role":"user","content":"%s"}]}',
      model, tostring(stream), temperature, words))
end
function request()
  asked = asked + 1
  local kind, stream = math.floor(asked / 2) % 4, asked % 2 == 0
  local sum = string.format("%d+%d=", asked % 90 + 10, asked * 7 % 90 + 10)
  if kind == 0 then return ask("glow-xs", sum, stream, 0, "off") end
  if kind == 1 then return ask("glow-xs", sum, stream, 0) end
  if kind == 2 then return ask("llama-3.1-8b", "chunks=10 every=200 " .. asked, stream, 1) end
  return ask("llama-3.1-8b", "chunks=5 every=200 " .. asked % 20000, stream, 0)
end
function response(status, headers, body)
  local ends = body:find("data: [DONE]", 1, true) or body:find('"finish_reason":"', 1, true)
  if status == 200 and ends then right = right + 1
  else wrong = wrong + 1; example = status .. " " .. body:sub(1, 300) end
end
function done(summary)
  local good, bad = 0, 0
  for _, t in ipairs(threads) do
    good, bad = good + t:get("right"), bad + t:get("wrong")
    if t:get("example") ~= "" then io.stderr:write("soak: wrong reply: ", t:get("example"), "\n") end
  end
  local e = summary.errors
  io.write(string.format("replies %d %d %d\n", good, bad, e.connect + e.read + e.write + e.timeout))
end
LUA

"$upstream_program" upstream "$upstream_port" & upstream=$!
disown $upstream
"$wattline" serve --config "$work/gateway.toml" --ledger "$work/ledger" --quiet >"$work/out" 2>"$work/err" & gateway=$!
url=http://127.0.0.1:$port
for _ in $(seq 100); do
  curl -so /dev/null "$url/readyz" && break
  kill -0 $gateway 2>/dev/null || { cat "$work/err" >&2; exit 3; }
  sleep 0.1
done
resident() { awk '/^VmRSS/{print $2}' "/proc/$gateway/status"; }  # KiB
load() { timeout $(($1 + 300)) wrk -t2 -c"$connections" -d"$1s" --timeout 200s -s "$work/load.lua" "$url" >"$work/wrk" || fail "wrk ended with $?"; }

# What grows to its bound does so in the first part.
begin=$((seconds / 3 > 0 ? seconds / 3 : 1)) rest=$((seconds - seconds / 3))
right=0 wrong=0 broken=0
for part in $begin $rest; do
  load "$part"
  read -r _ good bad errors <<<"$(grep '^replies' "$work/wrk")"
  right=$((right + good)) wrong=$((wrong + bad)) broken=$((broken + errors))
  [ "$part" = "$begin" ] && early=$(resident)
done
late=$(resident)
[ "$right" -gt 0 ] || fail "nothing was answered"
[ "$wrong" = 0 ] || fail "$wrong replies were wrong"
[ "$broken" = 0 ] || fail "$broken connections broke"
[ $((late * 10)) -le $((early * 11 + 40960)) ] || fail "resident memory grew from $early to $late KiB"

# Answers under way at SIGTERM come to their end; the process then ends by itself.
clients=()
for i in $(seq 6); do
  curl -sN -o "$work/last.$i" -w '%{http_code}' "$url/v1/chat/completions" -H 'Content-Type: application/json' \
    -H "Authorization: Bearer $key" -H 'x-wattline-cache: off' -d '{"model":"glow-xs","stream":true,"max_tokens":200,"messages":[{"role":"user","content":"Tell me all about 17+25 and more"}]}' >"$work/code.$i" &
  clients+=($!)
done
for _ in $(seq 200); do [ -s "$work/last.1" ] && break; sleep 0.01; done
kill -TERM $gateway
for c in "${clients[@]}"; do wait "$c" || true; done
ended=0
for i in $(seq 6); do
  [ "$(cat "$work/code.$i")" = 200 ] || continue
  if grep -q '^data: \[DONE\]' "$work/last.$i"; then ended=$((ended + 1)); else fail "an answer was cut off at SIGTERM"; fi
done
[ $ended -gt 0 ] || fail "no answer was under way at SIGTERM"
for _ in $(seq 200); do kill -0 $gateway 2>/dev/null || break; sleep 0.1; done
kill -0 $gateway 2>/dev/null && fail "the gateway was still there 20 s after SIGTERM"
code=0
wait $gateway || code=$?
[ $code = 0 ] || { fail "the gateway ended with $code"; cat "$work/err" >&2; }
gateway=

# Each answer that was taken is a row of the account, those that wrk left in the middle among them.
"$wattline" ledger verify --ledger "$work/ledger" --quiet >/dev/null || fail "the account is not as it was written"
"$wattline" ledger export --ledger "$work/ledger" --quiet --csv >"$work/rows.csv"
rows=$(($(wc -l <"$work/rows.csv") - 1))
counted=$(awk '$1 == "glow-xs" || $1 == "llama-3.1-8b" {gsub(",", ""); sum += $3} END {print sum}' "$work/out")
least=$((right + ended)) most=$((right + ended + 2 * connections))
[ "$rows" = "$counted" ] || fail "the account has $rows rows, the gateway counted ${counted:-none}"
[ "$rows" -ge "$least" ] && [ "$rows" -le "$most" ] || fail "$rows rows in the account; $least came whole, up to $((2 * connections)) were left in the middle"
printf 'soak of %s s: %d answers whole, none wrong; %d rows in the account; resident %d -> %d KiB; %d under way at SIGTERM ended\n' \
  "$seconds" "$least" "$rows" "$early" "$late" "$ended"
exit $failed
