#!/usr/bin/env bash
# A month of answers in one account beside pandas over a CSV of the same rows.
# Usage: bench/ledger/run.sh BUILD_FOLDER [ROWS]     goals: 100,000 rows/s, a report under 1 s, 500 MB
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
month=$(readlink -f "${1:?usage: run.sh BUILD_FOLDER [ROWS]}")/bench/ledger_month
rows=${2:-10000000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
csv=$work/rows.csv
python=python3
for p in /usr/bin/python3 python3; do "$p" -c 'import pandas' 2>/dev/null && { python=$p; break; }; done
"$python" -c 'import pandas' 2>/dev/null || { csv=; echo "pandas: not installed (python3-pandas)"; }
"$month" "$work/account" "$rows" $csv
[ -z "$csv" ] || "$python" "$here/sum.py" "$csv"
