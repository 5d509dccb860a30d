#!/usr/bin/env bash
# A gateway built with a sanitizer, with all that it can do switched on, under everything at once: plain and streamed
# answers of a pool with hedges and of the built-in models, the same question from many, clients that hang up, reloads by
# signal and by the admin API, keys made and revoked, members drained, figures, events and books being read, a
# collector that is not there. Ends with SIGTERM in the midst of it.
# Holds when the sanitizer reports nothing, the gateway ends by itself with 0, no reply is of an unexpected status, the
# account's chain and the audit log's are right, and each of these things did happen.
# Usage: tools/load_under.sh WATTLINE [SECONDS]     (with bench/gateway_load beside WATTLINE: -DWATTLINE_BENCH=ON)
set -euo pipefail
wattline=$(readlink -f "${1:?usage: load_under.sh WATTLINE [SECONDS]}")
upstream_program=$(dirname "$wattline")/bench/gateway_load
seconds=${2:-60} port=${PORT:-18104}
admin_port=$((port + 1)) near_port=$((port + 2)) far_port=$((port + 3)) dead_port=$((port + 4))
for tool in wrk curl; do command -v $tool >/dev/null || { echo "load: $tool is not installed" >&2; exit 3; }; done
[ -x "$upstream_program" ] || { echo "load: $upstream_program is not built" >&2; exit 3; }
work=$(mktemp -d)
gateway= helpers=()
finish() {
  [ ${#helpers[@]} = 0 ] || kill -KILL "${helpers[@]}" 2>/dev/null || true
  [ -n "$gateway" ] && kill -KILL "$gateway" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
failed=0
fail() { echo "load: $*" >&2; failed=1; }

key=wl_loadloadloadloadloadloadloadloadloadloadload small_key=wl_smallsmallsmallsmallsmallsmallsmallsmallsma
export LOAD_ADMIN_KEY=administrators-of-the-load
sha() { printf %s "$1" | sha256sum | cut -d' ' -f1; }
# Two configurations that take turns, and one that is refused.
gateway_toml() {  # how long the cache keeps, weight of a member
  cat <<CONF
[server]
listen = "127.0.0.1:$port"
place = "FR"
threads = 4
[limits]
header_timeout = "2 min"
body_timeout = "2 min"
write_timeout = "2 min"
drain = "60 s"
[builtin]
workers = 2
max_tokens = 64
[cache]
enabled = true
size = "1 MiB"
ttl = "$1"
[access_log]
file = "$work/access.jsonl"
rotate_size = "256 KiB"
keep = 2
prompts = true
[tracing]
endpoint = "http://127.0.0.1:$dead_port/v1/traces"
batch = 64
interval = "100 ms"
queue = 512
timeout = "1 s"
[admin]
listen = "127.0.0.1:$admin_port"
api_key_env = "LOAD_ADMIN_KEY"
[governance]
keys_file = "$work/keys.toml"
audit_log = "$work/audit.jsonl"
[[tenant]]
name = "load"
sees = "all"
[[tenant.budget]]
energy = "5 GWh"
[[tenant]]
name = "small"
requests_per_minute = 2000
tokens_per_minute = 100_000
concurrent = 2
[[tenant.budget]]
tokens = 1_000_000
per = "day"
soft = 0.1
[[key]]
id = "load"
tenant = "load"
sha256 = "$(sha "$key")"
[[key]]
id = "small"
tenant = "small"
sha256 = "$(sha "$small_key")"
[[queue]]
models = ["glow-*"]
concurrent = 8
waiting = 256
longest_wait = "60 s"
[[price]]
usd_per_million_output_tokens = 2
usd_per_kwh = 0.2
[balance]
policy = "latency"
retries = 2
retry_budget = 1
hedge = { quantile = 0.5, at_least = "1 ms", budget = 0.5 }
[[upstream]]
name = "near"
url = "http://127.0.0.1:$near_port/v1"
weight = $2
models = ["llama-3.1-8b"]
warm_up = "200 ms"
health = { path = "/health", interval = "50 ms" }
metrics = { path = "/metrics", interval = "50 ms" }
[[upstream]]
name = "far"
url = "http://127.0.0.1:$far_port/v1"
models = ["llama-3.1-8b"]
energy = "modelled"
device = "NVIDIA H100 SXM"
[[upstream]]
name = "dead"
url = "http://127.0.0.1:$dead_port/v1"
models = ["llama-3.1-8b"]
energy = "modelled"
device = "NVIDIA H100 SXM"
breaker = { open_for = "100 ms", open_most = "200 ms" }
CONF
}
gateway_toml "1 h" 1 >"$work/one.toml"
gateway_toml "1 s" 3 >"$work/other.toml"
{ cat "$work/one.toml"; echo "nonsense = true"; } >"$work/broken.toml"
cp "$work/one.toml" "$work/gateway.toml"
take() { cp "$work/$1.toml" "$work/next.$BASHPID" && mv "$work/next.$BASHPID" "$work/gateway.toml"; }

{ echo "local keys = { ['load'] = '$key', ['small'] = '$small_key' }"; cat <<'LUA'; } >"$work/load.lua"
local threads, asked = {}, 0
right, wrong, example, tenant, model = 0, 0, "", "", ""
function setup(thread) table.insert(threads, thread) end
function init(args) tenant, model = args[1], args[2] end
function request()
  asked = asked + 1
  local stream = asked % 2 == 0
  local words, temperature = "chunks=4 every=500 " .. asked, 1
  if asked % 3 == 0 then words, temperature = "chunks=3 every=2000 " .. math.floor(asked / 30), 0 end  -- what many ask at once
  local path, headers = "/v1/chat/completions", { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. keys[tenant] }
  local body = string.format('{"model":"%s","max_tokens":8,"stream":%s,"temperature":%d,"messages":[{"role":"user","content":"%s"}]}',
    model, tostring(stream), temperature, words)
  if asked % 7 == 0 then path = "/v1/messages" end
  if asked % 11 == 0 then
    path = "/v1/responses"
    body = string.format('{"model":"%s","max_output_tokens":16,"stream":%s,"input":"%s"}', model, tostring(stream), words)
  end
  return wrk.format("POST", path, headers, body)
end
function response(status, headers, body)
  if status == 200 or status == 429 and tenant == "small" then right = right + 1
  else wrong = wrong + 1; example = status .. " " .. body:sub(1, 300) end
end
function done(summary)
  local good, bad = 0, 0
  for _, t in ipairs(threads) do
    good, bad = good + t:get("right"), bad + t:get("wrong")
    if t:get("example") ~= "" then io.stderr:write("load: unexpected reply: ", t:get("example"), "\n") end
  end
  io.write(string.format("replies %d %d\n", good, bad))
end
LUA

for p in "$near_port" "$far_port"; do
  "$upstream_program" upstream "$p" & helpers+=($!)
  disown $!
done
reports="log_path=$work/report:exitcode=66:second_deadlock_stack=1"
TSAN_OPTIONS="$reports:halt_on_error=0:history_size=4${TSAN_OPTIONS:+:$TSAN_OPTIONS}" \
  ASAN_OPTIONS="$reports:detect_leaks=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}" UBSAN_OPTIONS="log_path=$work/report:print_stacktrace=1" \
  "$wattline" serve --config "$work/gateway.toml" --ledger "$work/ledger" --quiet >"$work/out" 2>"$work/err" & gateway=$!
url=http://127.0.0.1:$port admin=http://127.0.0.1:$admin_port/admin/v1
for _ in $(seq 300); do
  curl -so /dev/null "$url/readyz" && break
  kill -0 $gateway 2>/dev/null || { cat "$work/err" "$work"/report* >&2; exit 3; }
  sleep 0.1
done

until_over() {  # name, command: again and again, counting how often it went well
  local n=0
  while [ ! -e "$work/over" ]; do if "$2"; then n=$((n + 1)); fi; done
  echo $n >"$work/times.$1"
}
ask_admin() { curl -sf -m 60 -H "Authorization: Bearer $LOAD_ADMIN_KEY" "$@"; }
as_admin() { ask_admin -o /dev/null "$@"; }
as_load() { curl -sf -m 60 -o /dev/null -H "Authorization: Bearer $key" "$@"; }
reload_by_admin() { take one; sleep 0.3; as_admin -X POST "$admin/reload"; take other; sleep 0.2; as_admin -X POST "$admin/reload"; }
reload_by_signal() { sleep 0.5; kill -HUP $gateway; }
reload_refused() { sleep 1.7; take broken; ! as_admin -X POST "$admin/reload"; }
keys() {
  local id=k$RANDOM$RANDOM made
  made=$(ask_admin -X POST "$admin/keys" -d "{\"tenant\":\"load\",\"id\":\"$id\"}" | grep -o 'wl_[A-Za-z0-9_-]*') || return 1
  curl -sf -m 60 -o /dev/null -H "x-api-key: $made" "$url/v1/chat/completions" -d '{"model":"llama-3.1-8b","messages":[{"role":"user","content":"k"}]}' || return 1
  as_admin -X DELETE "$admin/keys/$id" && as_admin -X PUT "$admin/tenants/small" -d "{\"requests_per_minute\":$((2000 + RANDOM % 100)),\"concurrent\":2}"
  sleep 0.1
}
drains() { as_admin -X POST "$admin/upstreams/far/drain"; sleep 0.1; as_admin -X DELETE "$admin/upstreams/far/drain"; sleep 0.2; }
looks() {
  local path
  for path in /metrics /api/v1/status /api/v1/usage /api/v1/answers /v1/models /api/v1/line; do as_load "$url$path" || [ $path = /api/v1/line ]; done
  as_admin "$admin/metrics" && as_admin "$admin/usage" && as_admin "$admin/upstreams" && as_admin "$admin/keys"
  sleep 0.1
}
watches() { [ -n "$(curl -sN -m 0.7 -H "Authorization: Bearer $key" "$url/api/v1/events" | grep '^data:' || true)" ]; }
hangs_up() {  # in the midst of a stream, of the pool's or the built-in model's
  local model=llama-3.1-8b
  [ $((RANDOM % 2)) = 0 ] && model=glow-xs
  curl -sN -m 0.0$((RANDOM % 9 + 1)) -o /dev/null -H "Authorization: Bearer $key" "$url/v1/chat/completions" \
    -d "{\"model\":\"$model\",\"stream\":true,\"max_tokens\":64,\"messages\":[{\"role\":\"user\",\"content\":\"chunks=50 every=5000 $RANDOM\"}]}" || return 0
  return 1
}
same_question() {  # of the built-in model, by three at once
  local question asks=()
  question="{\"model\":\"glow-xs\",\"stream\":true,\"max_tokens\":12,\"messages\":[{\"role\":\"user\",\"content\":\"$RANDOM+5=\"}]}"
  for _ in 1 2 3; do as_load "$url/v1/chat/completions" -d "$question" & asks+=($!); done
  wait "${asks[@]}"
}
things="reload_by_admin reload_by_signal reload_refused keys drains looks watches hangs_up same_question"
doing=()
for thing in $things; do until_over $thing $thing & doing+=($!); done
right=0 wrong=0 loads=()
load() { wrk -t1 -c"$3" -d"${seconds}s" --timeout 120s -s "$work/load.lua" "$url" -- "$1" "$2" >"$work/wrk.$1.$2" & loads+=($!); }
load load llama-3.1-8b 12
load load glow-xs 4
load small llama-3.1-8b 4
for l in "${loads[@]}"; do wait "$l" || fail "wrk ended with $?"; done

# SIGTERM comes while all the others still ask.
wrk -t1 -c8 -d5s --timeout 60s -s "$work/load.lua" "$url" -- load llama-3.1-8b >/dev/null 2>&1 & last=$!
sleep 1
kill -TERM $gateway
sleep 1
touch "$work/over"
wait "${doing[@]}" || true
wait $last || true
for _ in $(seq 900); do kill -0 $gateway 2>/dev/null || break; sleep 0.1; done
kill -0 $gateway 2>/dev/null && fail "the gateway was still there 90 s after SIGTERM"
code=0
if [ $failed = 0 ]; then wait $gateway || code=$?; gateway=; fi
[ $code = 0 ] || { fail "the gateway ended with $code"; tail -20 "$work/err" >&2; }

reports=$(cat "$work"/report.* 2>/dev/null || true)
if [ -n "$reports" ]; then
  fail "the sanitizer has reports"
  printf '%s\n' "$reports" | head -"${REPORT_LINES:-300}" >&2
fi
for out in "$work"/wrk.*; do
  read -r _ good bad <<<"$(grep '^replies' "$out")"
  right=$((right + good)) wrong=$((wrong + bad))
  [ "$good" -gt 0 ] || fail "no replies: ${out##*wrk.}"
done
[ "$wrong" = 0 ] || fail "$wrong replies were not as expected"
done_times=
for thing in $things; do
  n=$(cat "$work/times.$thing" 2>/dev/null || echo 0)
  [ "$n" -gt 0 ] || fail "never happened: $thing"
  done_times+=", $thing $n"
done
"$wattline" ledger verify --ledger "$work/ledger" --quiet >/dev/null || fail "the account is not as it was written"
"$wattline" serve audit "$work/audit.jsonl" --quiet >/dev/null || fail "the audit log is not as it was written"
taken=$(grep -c 'another configuration was taken' "$work/err" || true)
[ "$taken" -gt 0 ] || fail "no configuration was taken"
hedged=$("$wattline" ledger export --ledger "$work/ledger" --quiet --csv | grep -c hedged || true)
[ "$hedged" -gt 0 ] || fail "no hedge was sent"
printf 'load of %s s: %d replies%s; %s configurations taken, %s hedges overtaken\n' "$seconds" "$right" "$done_times" "$taken" "$hedged"
exit $failed
