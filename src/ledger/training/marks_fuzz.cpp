#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "ledger/training/marks.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace wattline;
  using namespace wattline::ledger::training;
  try {
    const auto marks = read_marks({reinterpret_cast<const char*>(bytes), size}, "marks.csv");
    for (std::size_t i = 1; i < marks.size(); ++i)
      if (marks[i].begin <= marks[i - 1].begin) __builtin_trap();
    const Time begin = marks.front().begin, end = marks.back().begin + Duration(60);
    for (const auto& epoch : epochs_of(marks, begin, end))
      for (const auto& span : epoch.spans)
        if (epoch.name.empty() || span.begin >= span.end || span.begin < begin || span.end > end) __builtin_trap();
  } catch (const Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {"time,epoch\n2026-03-09T01:39:00Z,1\n2026-03-09T01:39:30Z,2\n2026-03-09T01:39:59Z,\n",
          "timestamp;epoch;phase\r\n2026/03/09 01:39:00.000;1;train\r\n2026/03/09 01:39:20;1;validate\r\n",
          "phase,time,epoch\ntrain,0,a\n,30.5,\n"};
}
