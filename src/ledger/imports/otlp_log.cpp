// Token logs of the OpenTelemetry conventions for generative AI: OTLP as JSON (resourceSpans, resourceLogs), one
// document a line as the collector's file exporter writes them, or one in all. Of spans within one another that both
// tell tokens, the innermost count.
//
// Energy: what the span itself tells (energy.joules, as this program's gateway writes it), else --energy-per-token,
// else the roofline (physics/roofline.h) of a known model on a known device, modelled.
#include <algorithm>

#include <fmt/format.h>

#include "kernel/csv_cell.h"
#include "kernel/error.h"
#include "kernel/json.h"
#include "kernel/utf8.h"
#include "ledger/imports/reading.h"
#include "ledger/imports/recent.h"
#include "physics/roofline.h"

namespace wattline::ledger::imports {
namespace {

constexpr std::size_t most_ids = 100'000;

class Ids {
 public:
  bool has(std::string_view id) { return known_.find(id) != nullptr; }
  void add(std::string_view id) {
    if (!id.empty() && !has(id)) known_.put(id, {});
  }

 private:
  struct Nothing {};
  Recent<Nothing> known_{most_ids};
};

using Attributes = std::map<std::string, Json, std::less<>>;

// OTLP's AnyValue; integers travel as text.
Json plain(const Json& any) {
  for (const char* kind : {"stringValue", "boolValue", "doubleValue"})
    if (const auto* v = any.find(kind)) return *v;
  if (const auto* v = any.find("intValue")) {
    if (v->is_integer()) return *v;
    if (v->is_string())
      if (const auto n = csv::read_integer(v->as_string())) return Json(*n);
    throw bad_input(fmt::format("{} is no intValue", shown_text(v->dump())));
  }
  return {};
}

void read_attributes(const Json& of, Attributes& out) {
  const auto* list = of.find("attributes");
  if (!list || list->is_null()) return;
  for (const auto& a : list->as_array())
    if (const auto* value = a.find("value")) out[a.at("key").as_string()] = plain(*value);
}

std::string text_of(const Attributes& a, std::initializer_list<std::string_view> names) {
  for (const auto name : names)
    if (const auto it = a.find(name); it != a.end() && it->second.is_string()) return it->second.as_string();
  return {};
}

std::optional<double> number_of(const Attributes& a, std::string_view name) {
  const auto it = a.find(name);
  if (it == a.end() || it->second.is_null()) return std::nullopt;
  if (it->second.is_string())
    if (const auto n = csv::read_number(it->second.as_string())) return n;
  if (!it->second.is_number()) throw bad_input(fmt::format("{}: {} is no number", name, shown_text(it->second.dump())));
  return it->second.as_number();
}

std::optional<std::int64_t> tokens_of(const Attributes& a, std::initializer_list<std::string_view> names) {
  for (const auto name : names) {
    const auto n = number_of(a, name);
    if (!n) continue;
    if (*n < 0 || *n > 1e12 || *n != std::floor(*n))
      throw bad_input(fmt::format("{}: {} is no number of tokens; it is whole and 0 or more", name, *n));
    return static_cast<std::int64_t>(*n);
  }
  return std::nullopt;
}

std::optional<Time> nanoseconds(const Json& of, std::string_view name) {
  const auto* v = of.find(name);
  if (!v || v->is_null()) return std::nullopt;
  std::int64_t ns = 0;
  if (v->is_integer()) ns = v->as_integer();
  else if (!v->is_string() || !csv::take_integer(v->as_string(), ns))
    throw bad_input(fmt::format("{}: {} is no time in nanoseconds", name, shown_text(v->dump())));
  if (ns < 0) throw bad_input(fmt::format("{}: {} is before 1970", name, ns));
  if (ns == 0) return std::nullopt;
  return Time{ns};
}

class Otlp {
 public:
  explicit Otlp(Reading& reading) : reading_(reading) {}

  void read(const Json& json, const std::string& where, const TakeItem& take) {
    bool any = false;
    for (const auto& [groups, scopes, items] :
         {std::array{"resourceSpans", "scopeSpans", "spans"}, std::array{"resourceLogs", "scopeLogs", "logRecords"}}) {
      const auto* resources = json.find(groups);
      if (!resources) continue;
      any = true;
      for (const auto& resource : resources->as_array()) {
        Attributes shared;
        if (const auto* r = resource.find("resource")) read_attributes(*r, shared);
        const auto* all = resource.find(scopes);
        if (!all) all = resource.find("instrumentationLibrarySpans");
        if (!all) continue;
        for (const auto& scope : all->as_array())
          if (const auto* list = scope.find(items)) read_items(list->as_array(), shared, where, take);
      }
    }
    if (!any)
      throw bad_input("an object without resourceSpans or resourceLogs", where,
                      "OTLP in JSON, as the collector's file exporter writes it");
  }

 private:
  struct Item {
    const Json* json;
    Attributes attributes;
    std::optional<std::int64_t> in, out;
    std::string span, parent;
  };

  void read_items(const Json::Array& list, const Attributes& shared, const std::string& where, const TakeItem& take) {
    std::vector<Item> items;
    for (std::size_t i = 0; i < list.size(); ++i) {
      try {
        Item item{&list[i], shared, {}, {}, list[i].text_or("spanId", ""), list[i].text_or("parentSpanId", "")};
        read_attributes(list[i], item.attributes);
        item.in = tokens_of(item.attributes, {"gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"});
        item.out = tokens_of(item.attributes, {"gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"});
        if (item.in || item.out) parents_.add(item.parent);
        items.push_back(std::move(item));
      } catch (const Error& e) {
        throw e.at(fmt::format("{} (item {})", where, i + 1));
      }
    }
    for (std::size_t i = 0; i < items.size(); ++i) try {
        take(document_item(items[i]));
      } catch (const Error& e) {
        throw e.at(fmt::format("{} (item {})", where, i + 1));
      }
  }

  DocumentItem left_out(Item& item, const char* why) {
    ++reading_.notes.left_out[why];
    return {std::nullopt, item.span, {}, {}};
  }

  DocumentItem document_item(Item& item) {
    if (!item.in && !item.out) return left_out(item, "no token usage");
    if (!item.span.empty() && parents_.has(item.span)) return left_out(item, "tokens that spans within it tell");
    if (!item.parent.empty() && counted_.has(item.parent)) return left_out(item, "tokens that the span around it told");
    const Attributes& a = item.attributes;
    Fact f;
    f.kind = reading_.options.kind.empty() ? "answer" : reading_.options.kind;
    f.tokens_in = item.in.value_or(0);
    f.tokens_out = item.out.value_or(0);
    const auto begin = nanoseconds(*item.json, "startTimeUnixNano");
    auto end = nanoseconds(*item.json, "endTimeUnixNano");
    if (!end) end = nanoseconds(*item.json, "timeUnixNano");
    if (!end) end = nanoseconds(*item.json, "observedTimeUnixNano");
    if (!end) throw bad_input("no time", {}, "endTimeUnixNano of a span, timeUnixNano of a log record");
    f.end = *end;
    f.begin = begin.value_or(*end);
    if (f.end < f.begin) throw bad_input("ends before it begins");
    const auto model = text_of(a, {"gen_ai.response.model", "gen_ai.request.model"});
    f.model = known_model(a, model);
    const auto device = text_of(a, {"wattline.device"});
    f.device = reading_.device(device.empty() ? reading_.options.device : device);
    f.place = place(a);
    const auto label = [&](const char* name, const std::string& value) {
      if (!value.empty()) f.labels.emplace_back(name, value);
    };
    label("provider", text_of(a, {"gen_ai.provider.name", "gen_ai.system"}));
    label("service", text_of(a, {"service.name"}));
    label("tenant", text_of(a, {"wattline.tenant"}));
    if (f.model.empty()) label("model", model);
    for (const auto& [name, attribute] : reading_.options.labels)
      if (const auto it = a.find(attribute); it != a.end() && !it->second.is_null())
        f.labels.emplace_back(name, it->second.is_string() ? it->second.as_string() : it->second.dump());
    const auto energy = energy_of(a, f, model);
    if (!energy) return left_out(item, "model or device that is not known (--skip-unknown)");
    f.energy = *energy;
    counted_.add(item.span);
    return {std::move(f), item.span, item.json->dump(), {}};
  }

  std::string known_model(const Attributes& a, const std::string& model) {
    if (auto name = reading_.model(model); !name.empty()) return name;
    if (auto name = reading_.model(text_of(a, {"gen_ai.request.model"})); !name.empty()) return name;
    return reading_.model(reading_.options.model);
  }

  std::string place(const Attributes& a) {
    for (const auto& name : {text_of(a, {"wattline.place"}),
                             fmt::format("{}/{}", text_of(a, {"cloud.provider"}), text_of(a, {"cloud.region"}))})
      if (const auto found = reading_.place(name)) return *found;
    return reading_.options.place;
  }

  std::optional<Estimate<Energy>> energy_of(const Attributes& a, const Fact& f, const std::string& model) {
    if (const auto joules = number_of(a, "energy.joules")) {
      if (*joules < 0) throw bad_input(fmt::format("energy.joules: {} is negative; an energy is 0 or more", *joules));
      const auto low = number_of(a, "energy.joules.low"), high = number_of(a, "energy.joules.high");
      const auto method = text_of(a, {"energy.method"});
      const Method m = method.empty() ? Method::declared : parse_method(method);
      if (!low || !high) return Estimate<Energy>(RawEstimate(*joules, 0, m, "the span's energy.joules"));
      if (*low > *joules || *high < *joules)
        throw bad_input(fmt::format("energy.joules: {} is not within {} .. {}", *joules, *low, *high));
      return Estimate<Energy>::within(Energy(*joules), Energy(*low), Energy(*high), m, "the span's energy.joules");
    }
    if (reading_.options.energy_per_token) {
      const auto& spread = reading_.factor("import.token_energy.spread");
      const double joules = reading_.options.energy_per_token->base() * static_cast<double>(f.tokens_out);
      return Estimate<Energy>::relative(Energy(joules), spread.value(), Method::modelled,
                                        "--energy-per-token times the tokens written")
          .from_factor("import.token_energy");
    }
    if (f.model.empty() || f.device.empty()) {
      if (reading_.options.skip_unknown) return std::nullopt;
      throw f.model.empty()
          ? bad_input(fmt::format("the catalog has no model '{}', so its energy cannot be modelled", shown_text(model)),
                      {},
                      "--model NAME says which stands for it, --energy-per-token gives its energy, "
                      "--skip-unknown leaves such rows out")
          : bad_input(
                fmt::format("nothing says on which device {} ran, so its energy cannot be modelled", f.model), {},
                "--device NAME says which, --energy-per-token gives the energy, --skip-unknown leaves such rows out");
    }
    const auto key = fmt::format("{}|{}|{}|{}", f.model, f.device, f.tokens_in, f.tokens_out);
    if (const auto it = modelled_.find(key); it != modelled_.end()) return it->second;
    physics::Request request;
    request.prompt_tokens = static_cast<double>(f.tokens_in);
    request.output_tokens = static_cast<double>(f.tokens_out);
    physics::Serving serving;
    serving.batch = reading_.options.batch;
    serving.devices = reading_.options.devices;
    serving.weight_bits = reading_.options.weight_bits;
    const auto& catalog = reading_.catalog;
    const auto found = physics::predict(catalog.model(f.model), catalog.device(f.device), request, serving, catalog);
    for (const auto& factor : found.factors) reading_.notes.use(factor);
    for (const auto& warning : found.warnings) ++reading_.notes.warnings[warning];
    if (modelled_.size() > most_ids) modelled_.clear();
    return modelled_.emplace(key, found.prefill.energy + found.decode.energy).first->second;
  }

  Reading& reading_;
  Ids parents_, counted_;
  std::unordered_map<std::string, Estimate<Energy>> modelled_;
};

}  // namespace

DocumentFormat otlp_format(Reading& reading) {
  return [otlp = std::make_shared<Otlp>(reading)](const Json& json, const std::string& where, const TakeItem& take) {
    otlp->read(json, where, take);
  };
}

}  // namespace wattline::ledger::imports
