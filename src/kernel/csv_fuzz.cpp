#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "kernel/table.h"

// Whatever reads as a table is written as CSV that reads as the same table, and shows as text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const bool infer : {true, false}) {
    CsvOptions o;
    o.infer = infer;
    try {
      const Table t = read_csv(text, "fuzz", o);
      std::string csv;
      csv = to_csv(t);
      try {
        o.delimiter = ',';
        if (to_csv(read_csv(csv, "written", o)) != csv) __builtin_trap();
      } catch (const Error&) {
        __builtin_trap();
      }
      to_text(t, 40);
      JsonWriter w;
      write_json(w, t);
      parse_json(w.str());
    } catch (const Error&) {}
  }
  for (const char delimiter : {'\0', ',', '|'}) {
    std::size_t bytes = 0;
    try {
      for_each_csv_row(text, delimiter, "fuzz", [&](std::size_t, const std::vector<std::string_view>& fields) {
        for (const auto& f : fields) bytes += f.size();
      });
    } catch (const Error&) {}
    if (bytes > size) __builtin_trap();
  }
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {"a,b\n1,2\n3.5,\n",
          "\n\xEF\xBB\xBF\n1\n",
          "time,power_w [W],energy (kWh)\n2026-01-01T00:00:00.5Z,1e3,NaN\n2026-01-01,inf,-0\n",
          "a;b\n\"x;\"\"y\"\"\";true\r\n\"\r\n\";false\r\n",
          "\xEF\xBB\xBFn\tn\tn_2\n007\tNA\t\n",
          "a\n\n\"\"\n1\n",
          "[W],x [°C],y (zz)\n-9223372036854775808,1,9223372036854775807\n",
          "t, p [W], m\n2023/03/10 04:43:32.636, 335.90 W, 11135 MiB\n2023/03/10, [N/A], 3 MiB\n"};
}
