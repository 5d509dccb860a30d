#!/usr/bin/env bash
# Requests a second through the gateway against nginx's proxy_pass on the same core, in turns: one
# upstream (nginx with a fixed chat completion), one load (wrk), everything on loopback, accounting on.
# Usage: bench/gateway/run.sh WATTLINE [SECONDS] [ROUNDS]
set -euo pipefail
wattline=$(readlink -f "${1:?usage: run.sh WATTLINE [SECONDS] [ROUNDS]}")
seconds=${2:-5} rounds=${3:-5} connections=${CONNECTIONS:-32}
port_up=${PORT_UPSTREAM:-18081} port_nginx=${PORT_NGINX:-18082} port_wattline=${PORT_WATTLINE:-18083}
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

# One core for what is measured, the others (where there are any) for upstream and load.
cores=$(nproc)
under_test=0 others=0
[ "$cores" -gt 1 ] && others=1-$((cores - 1))

cat >"$work/completion.json" <<'JSON'
{"id":"chatcmpl-bench","object":"chat.completion","created":1764000000,"model":"llama-3.1-8b","choices":[{"index":0,"message":{"role":"assistant","content":"The capital of France is Paris. It lies on the Seine and has been the seat of government for most of the country's history."},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":23,"completion_tokens":28,"total_tokens":51}}
JSON
tr -d '\n' <"$work/completion.json" >"$work/body.json"

common="pid $work/PID; error_log $work/error.log crit; worker_processes 1; events { worker_connections 4096; }"
temp="client_body_temp_path $work/t1; proxy_temp_path $work/t2; fastcgi_temp_path $work/t3; uwsgi_temp_path $work/t4; scgi_temp_path $work/t5; access_log off; keepalive_requests 100000000;"
cat >"$work/up.conf" <<CONF
${common/PID/up.pid}
http { $temp server { listen 127.0.0.1:$port_up; location / { default_type application/json; return 200 '$(sed "s/'/\\\\'/g" "$work/body.json")'; } } }
CONF
cat >"$work/proxy.conf" <<CONF
${common/PID/proxy.pid}
http { $temp
  upstream up { server 127.0.0.1:$port_up; keepalive 256; keepalive_requests 100000000; }
  server { listen 127.0.0.1:$port_nginx; location / { proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ""; } } }
CONF
cat >"$work/gateway.toml" <<CONF
[server]
listen = "127.0.0.1:$port_wattline"
place = "FR"
threads = 1
[builtin]
enabled = false
[[upstream]]
name = "bench"
url = "http://127.0.0.1:$port_up/v1"
energy = "modelled"
device = "NVIDIA H100 SXM"
models = ["llama-3.1-8b"]
CONF
cat >"$work/load.lua" <<'LUA'
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"model":"llama-3.1-8b","messages":[{"role":"system","content":"You are a helpful assistant."},{"role":"user","content":"What is the capital of France?"}],"max_tokens":64,"temperature":0}'
LUA

taskset -c "$others" nginx -e "$work/error.log" -c "$work/up.conf" -g 'daemon off;' & pids+=($!)
taskset -c $under_test nginx -e "$work/error.log" -c "$work/proxy.conf" -g 'daemon off; master_process off;' & proxy=$!
pids+=($proxy)
taskset -c $under_test "$wattline" serve --config "$work/gateway.toml" --ledger "$work/ledger" --quiet >"$work/wattline.log" 2>&1 & gateway=$!
pids+=($gateway)
for port in $port_up $port_nginx; do
  for _ in $(seq 100); do curl -so /dev/null "http://127.0.0.1:$port/" && break; sleep 0.1; done
done
for _ in $(seq 100); do
  curl -so /dev/null "http://127.0.0.1:$port_wattline/readyz" && break
  kill -0 $gateway 2>/dev/null || { cat "$work/wattline.log" >&2; exit 3; }
  sleep 0.1
done

ticks() { awk '{print $14 + $15}' "/proc/$1/stat"; }  # CPU time of a process with all its threads
load() {  # port seconds -> requests/s, requests per CPU second
  local pid=$gateway before
  [ "$1" = "$port_nginx" ] && pid=$proxy
  before=$(ticks $pid)
  taskset -c "$others" wrk -t1 -c"$connections" -d"$2s" -s "$work/load.lua" "http://127.0.0.1:$1/v1/chat/completions" >"$work/wrk.txt"
  grep -E 'Non-2xx|Socket errors' "$work/wrk.txt" >&2 || true
  awk -v t="$(($(ticks $pid) - before))" -v hz="$(getconf CLK_TCK)" \
    '/requests in/{n=$1} /Requests\/sec/{print $2, (t > 0 ? n * hz / t : 0)}' "$work/wrk.txt"
}
load $port_nginx 1 >/dev/null
load $port_wattline 1 >/dev/null
: >"$work/nginx" ; : >"$work/gateway"
for i in $(seq "$rounds"); do
  if [ $((i % 2)) = 1 ]; then
    load $port_nginx "$seconds" >>"$work/nginx"; load $port_wattline "$seconds" >>"$work/gateway"
  else
    load $port_wattline "$seconds" >>"$work/gateway"; load $port_nginx "$seconds" >>"$work/nginx"
  fi
done
middle() { awk -v c="$2" '{print $c}' "$1" | sort -g | awk '{v[NR]=$1} END{printf "%.0f %.0f %.0f", v[int((NR+1)/2)], v[1], v[NR]}'; }
read -r n n_low n_high <<<"$(middle "$work/nginx" 1)"
read -r w w_low w_high <<<"$(middle "$work/gateway" 1)"
read -r nc _ _ <<<"$(middle "$work/nginx" 2)"
read -r wc _ _ <<<"$(middle "$work/gateway" 2)"
printf '%s rounds of %s s, %s connections; under test on core %s, upstream and load on %s\n' "$rounds" "$seconds" "$connections" "$under_test" "$others"
printf 'nginx proxy_pass  %7d requests/s (%d .. %d), %7d requests per CPU second\n' "$n" "$n_low" "$n_high" "$nc"
printf 'wattline serve    %7d requests/s (%d .. %d), %7d requests per CPU second, accounting on\n' "$w" "$w_low" "$w_high" "$wc"
awk -v w="$w" -v n="$n" -v wc="$wc" -v nc="$nc" 'BEGIN{printf "ratio %.2f of requests/s (goal: at least 0.70), %.2f of requests per CPU second\n", w/n, wc/nc}'
curl -s "http://127.0.0.1:$port_wattline/metrics" | grep -E '^wattline_ledger_(written|lost|waiting)|^process_resident' || true
