"""The same file as a pandas user reads it, and writes it into SQLite (no chain, no sums, no index, no check)."""
import json
import os
import resource
import sqlite3
import sys
import time

import pandas

path, database = sys.argv[1], sys.argv[2]
megabytes = os.path.getsize(path) * 1e-6


def told(name, seconds, rows):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"  pandas {name:8} {megabytes / seconds:7.1f} MB/s {rows / seconds:12.0f} rows/s   "
          f"{seconds:8.2f} s of processor, peak {peak} MB")


begin = time.process_time()
if path.endswith("l"):
    # pandas.read_json keeps nested objects whole: what is within them is taken apart as a user would.
    with open(path) as lines:
        rows = pandas.json_normalize([json.loads(line) for line in lines])
    rows = rows.astype(str)
else:
    rows = pandas.read_csv(path)
read = time.process_time()
told("read", read - begin, len(rows))
rows.to_sql("rows", sqlite3.connect(database), index=False)
told("ingest", time.process_time() - begin, len(rows))
