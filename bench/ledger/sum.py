"""The month's sums by model and by tenant as a pandas user makes them from a CSV export."""
import resource
import sys
import time

import pandas

begin = time.monotonic()
rows = pandas.read_csv(sys.argv[1])
read = time.monotonic()
for key in ("model", "tenant"):
    rows.groupby(key)[["energy_J", "tokens_out"]].sum()
rows.groupby("place")["energy_J"].sum()
end = time.monotonic()
print(f"pandas   read {read - begin:.2f} s, sums {end - read:.2f} s: {end - begin:.2f} s in all, "
      f"{len(rows)} rows, {rows['energy_J'].sum() / 3600:.6g} Wh, "
      f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
