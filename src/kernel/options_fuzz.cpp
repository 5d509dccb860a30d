// The words of a command line, one a line, and the same bytes as the JSON body of a request: options
// within their ranges or an Error, and options once read mean the same when written and read again.
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "kernel/capability.h"
#include "kernel/error.h"

namespace {

using namespace wattline;

enum class Size { small, large };
struct Inner {
  std::string place = "WORLD";
  std::optional<double> pue;
};
struct Options {
  Duration time{3600};
  std::optional<Power> power;
  std::int64_t cores = 1;
  double usage = 1;
  bool dry = false;
  Size size = Size::small;
  std::string name;
  InputFile file;
  std::vector<std::string> labels, command;
  Inner inner;
};

Result nothing(const Options&, Context&) { return {}; }

Capability sample(bool runs_another) {
  static const Fields<Inner> inner = Fields<Inner>()
                                         .reference("place", &Inner::place, "places", "where")
                                         .number("pue", &Inner::pue, "overhead")
                                         .at_least(1);
  Fields<Options> fields = Fields<Options>()
                               .quantity("time", &Options::time, "h", "run time")
                               .at_least(0)
                               .quantity("power", &Options::power, "W", "power, when known")
                               .range(0, 1e6)
                               .integer("cores", &Options::cores, "cores")
                               .range(1, 100)
                               .number("usage", &Options::usage, "usage")
                               .range(0, 1)
                               .flag("dry", &Options::dry, "only look")
                               .enumeration("size", &Options::size, {"small", "large"}, "how big")
                               .text("name", &Options::name, "a name")
                               .required()
                               .positional()
                               .file("file", &Options::file, "input")
                               .list("label", &Options::labels, "k=v");
  if (runs_another) fields.list("command", &Options::command, "what to run").rest();
  fields.group(&Options::inner, inner, "Place");
  return capability<Options>("test", "sample", "A sample.", nothing, fields);
}

void must(bool holds) {
  if (!holds) __builtin_trap();
}

void check(const Capability& c, const std::shared_ptr<void>& read) {
  const auto& o = *static_cast<const Options*>(read.get());
  must(o.time.base() >= 0 && std::isfinite(o.time.base()));
  must(!o.power || (o.power->base() >= 0 && o.power->base() <= 1e6));
  must(o.cores >= 1 && o.cores <= 100);
  must(o.usage >= 0 && o.usage <= 1);
  must(o.size == Size::small || o.size == Size::large);
  must(!o.inner.pue || (*o.inner.pue >= 1 && std::isfinite(*o.inner.pue)));
  for (const auto& f : c.fields) {
    // Files are not written with their bytes, and words need not be UTF-8.
    if (f.kind == FieldKind::file || f.kind == FieldKind::text || f.kind == FieldKind::reference ||
        f.kind == FieldKind::list)
      continue;
    const Json written = field_to_json(f, f.get(read.get()));
    if (written.is_null()) continue;
    const Json again = field_to_json(f, field_from_json(f, parse_json(written.dump())));
    if (f.kind == FieldKind::quantity)
      must(std::abs(again.as_number() - written.as_number()) <= 1e-12 * std::abs(written.as_number()));
    else must(again == written);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Capability runs = sample(true), plain = sample(false);
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> words;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  for (const Capability* c : {&runs, &plain}) {
    try {
      check(*c, options_from_arguments(*c, words));
    } catch (const Error&) {}
    try {
      check(*c, options_from_json(*c, parse_json(text)));
    } catch (const Error&) {}
  }
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      "job\n--time\n90 min\n--cores=4\n--dry\n--size\nlarge\n--label\na=1\n--label=b=2\n--place\nFR\n--power\n5 kW",
      "--name=x\n--no-dry\n--usage\n50 %\n--pue\n1.2\n--\nmake\n--cores\n3", "job\nmake\n-j",
      R"({"name":"job","time":"90 min","cores":4,"dry":true,"size":"large","label":["a=1"],"place":"FR","power":5})",
      R"({"name":"x","usage":0.5,"pue":1.5,"file":{"name":"a.csv","content":"a,b\n"},"command":["make","-j"]})"};
}
