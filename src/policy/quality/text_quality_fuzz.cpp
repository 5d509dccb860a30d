// Files of predicted quality: any bytes are read or refused.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/error.h"
#include "policy/quality/text_quality.h"

using wattline::policy::TextQuality;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto q = TextQuality::load(std::string_view(reinterpret_cast<const char*>(data), size), "fuzz");
    std::vector<wattline::policy::Quality> out(q.models().size());
    q.predict("What is 12 + 34?", out);
  } catch (const wattline::Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  std::vector<wattline::policy::QualityRow> rows;
  for (int i = 0; i < 200; ++i) rows.push_back({"What is " + std::to_string(i) + "?", {i % 2 ? 1.0 : 0.0, 1.0}});
  TextQuality::Options options;
  options.bits = 2;
  return {TextQuality::train({"a", "b"}, rows, options).save()};
}
