#!/usr/bin/env bash
# What the agent itself takes: CPU time and memory at 10 readings a second with N more processes on the machine, and
# beside it, where it is installed, CodeCarbon's process at its own pace. CPU time, so that others on the machine disturb
# little.  bench/meter/agent/run.sh [WATTLINE] [PROCESSES] [SECONDS]
set -euo pipefail
wattline=${1:-build/release/wattline} processes=${2:-500} seconds=${3:-60}
dir=$(mktemp -d)
pids=()
cleanup() {
  [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true
  rm -rf "$dir"
}
trap cleanup EXIT
for _ in $(seq "$processes"); do
  sleep 100000 &
  pids+=($!)
done

ticks() { sed 's/.*) //' "/proc/$1/stat" | awk '{print $12 + $13}'; }
measure() {  # name pid
  local hz before after
  hz=$(getconf CLK_TCK)
  sleep 5  # what starting takes is not what running takes
  before=$(ticks "$2")
  sleep "$seconds"
  after=$(ticks "$2")
  awk -v n="$1" -v t=$((after - before)) -v hz="$hz" -v s="$seconds" \
    '{rss[$1] = $2} END {printf "%-34s %6.2f %% of a core   %5.1f MB resident (%4.1f MB its own)\n", n, 100 * t / hz / s, rss["VmRSS:"] / 1e3, rss["RssAnon:"] / 1e3}' \
    "/proc/$2/status"
}

echo "processes: $(ls -d /proc/[0-9]* | wc -l), load: $(cut -d' ' -f1-3 /proc/loadavg), cores: $(nproc)"
for options in "--interval 0.1" "--interval 1" "--interval 0.1 --no-processes"; do
  # shellcheck disable=SC2086
  "$wattline" agent $options --listen 127.0.0.1:0 --quiet >/dev/null 2>"$dir/log" &
  agent=$!
  pids+=("$agent")
  measure "agent $options" "$agent"
  kill "$agent"
  wait "$agent" || true
done
if python3 -c 'import codecarbon' 2>/dev/null; then
  python3 -c 'import time, codecarbon; t = codecarbon.OfflineEmissionsTracker(country_iso_code="FRA", save_to_file=False, log_level="error"); t.start(); time.sleep(100000)' &
  pids+=($!)
  measure "CodeCarbon" $!
else
  echo "CodeCarbon is not installed here: no ratio"
fi
