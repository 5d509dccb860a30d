#!/usr/bin/env bash
# Files of each kind into the account, step by step, beside pandas over the same files. Ratios are of processor time.
# Usage: bench/ledger/import.sh BUILD_FOLDER [MEGABYTES [KIND...]]     goal: 100 MB/s of CSV parsed
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program=$(readlink -f "${1:?usage: import.sh BUILD_FOLDER [MEGABYTES [KIND...]]}")/bench/ledger_import
size=${2:-100}
shift $(($# < 2 ? $# : 2))
kinds=("$@")
[ ${#kinds[@]} -gt 0 ] || kinds=(codecarbon records aws gcp azure rows otel)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=
for p in /usr/bin/python3 python3; do "$p" -c 'import pandas' 2>/dev/null && { python=$p; break; }; done
[ -n "$python" ] || echo "pandas: not installed (python3-pandas)"
for kind in "${kinds[@]}"; do
  case $kind in rows | otel) file=$work/$kind.jsonl ;; *) file=$work/$kind.csv ;; esac
  "$program" make "$kind" "$size" "$file"
  out=$work/out
  { case $file in *.csv) "$program" time "$file" "$work" scan ;; esac
    "$program" time "$file" "$work" all
    [ -z "$python" ] || "$python" "$here/read.py" "$file" "$work/pandas.sqlite"; } | tee "$out"
  # Seconds of processor by step; pandas' by "pandas STEP".
  awk '/ s of processor/ { name = $1 == "pandas" ? $1 " " $2 : $1
                           for (i = 2; i <= NF; ++i) if ($i == "s" && $(i + 1) == "of") s[name] = $(i - 1) }
       END { if (("pandas read" in s) && ("columns" in s)) printf "  typed columns in %.2f of the time that pandas takes to read\n", s["columns"] / s["pandas read"]
             if ("pandas ingest" in s) printf "  ingest in %.2f of the time that pandas takes to read and write plain SQLite\n", s["ingest"] / s["pandas ingest"] }' "$out"
  rm -f "$file" "$work/pandas.sqlite"
done
