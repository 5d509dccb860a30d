#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "text/labelled.h"
#include "text/linear_head.h"

// A head that loads must save to what loads again, and predict; labelled texts must have text and label.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline::text;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const LinearHead head = LinearHead::load(bytes, "head");
    if (LinearHead::load(head.save(), "head").labels() != head.labels()) __builtin_trap();
    Features x;
    x.dense.assign(head.dense_width(), 0.5f);
    if (head.sparse_width() > 0) x.sparse.emplace_back(0, 1.0f);
    std::vector<float> p(head.labels().size());
    head.predict(x, p);
  } catch (const wattline::Error&) {}
  try {
    for (const auto& t : read_labelled(bytes, "texts"))
      if (t.text.empty() || t.label.empty()) __builtin_trap();
  } catch (const wattline::Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  using wattline::text::LinearHead;
  const std::vector<float> weights = {1, -1, 0.5f, 0.25f, 0, 2}, bias = {0, 0.5f};
  return {LinearHead("f", {"a", "b"}, 1, 2, weights, bias).save(), "text,label\nx,y\n\"a, b\",c\n",
          R"([{"question":"a","category":"b"}])", R"({"labels":{"x":{"exemplars":["a","b"]}}})"};
}
