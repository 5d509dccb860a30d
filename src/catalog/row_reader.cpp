#include "catalog/row_reader.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/time.h"
#include "kernel/units.h"

namespace wattline::catalog {
namespace {

// The value of columns "x", "x_low", "x_high" as an estimate whose error is the factor's.
template <class Q>
Estimate<Q> factor_estimate(const DataRow& row, const std::string& value, const std::string& stem,
                            const std::string& factor_id, const std::string& source) {
  const Q v(row.required_number(value));
  const auto i = row.interval(value, stem + "_low", stem + "_high");
  if (!i) return Estimate<Q>::with_sd(v, Q(0), Method::declared, source);
  return Estimate<Q>::within(v, Q(i->low), Q(i->high), Method::declared, source).from_factor(factor_id);
}

}  // namespace

std::string date(const DataRow& row, std::string_view column) {
  const std::string& text = row.text(column);
  if (text.empty()) return text;
  try {
    return wattline::to_string(parse_time(text)).substr(0, 10);
  } catch (const Error&) {
    row.fail(column, fmt::format("'{}' is no date", text), "write for example '2026-01-31'");
  }
}

Origin RowReader::origin(const DataRow& row, std::string_view source_column, std::string_view year_column) const {
  Origin out;
  const std::string& source = row.required(source_column);
  // A row of our own names an entry of sources.csv; one put over it may say its source in words.
  if (const Source* known = source_of_(source)) {
    out.source = known->title;
    out.licence = known->licence;
  } else if (row.overridden()) {
    out.source = source;
  } else {
    row.fail(source_column, fmt::format("'{}' is not in sources.csv", source));
  }
  if (!row.text("licence").empty() && source_column == "source") out.licence = row.text("licence");
  out.year = row.integer(year_column);
  if (out.year < 1900 || out.year > 2200)
    row.fail(year_column, fmt::format("'{}' found; a year from 1900 to 2200 is allowed", row.text(year_column)));
  out.valid_from = date(row, "valid_from");
  out.valid_to = date(row, "valid_to");
  if (!out.valid_from.empty() && !out.valid_to.empty() && out.valid_from > out.valid_to)
    row.fail("valid_to", fmt::format("'{}' lies before valid_from '{}'", out.valid_to, out.valid_from));
  return out;
}

Device RowReader::device(const DataRow& row) const {
  Device d;
  d.name = row.required("name");
  d.aliases = row.list("aliases");
  const std::string& kind = row.required("kind");
  static const std::vector<std::string> kinds = {"gpu", "cpu", "soc", "accelerator"};
  const auto at = std::find(kinds.begin(), kinds.end(), kind);
  if (at == kinds.end()) row.fail("kind", fmt::format("'{}' found; gpu, cpu, soc or accelerator is allowed", kind));
  d.kind = static_cast<DeviceKind>(at - kinds.begin());
  d.board_power = row.quantity<Power>("board_power").value_or(Power(0));
  d.idle_power = row.quantity<Power>("idle_power");
  if (d.idle_power && d.board_power > Power(0) && *d.idle_power > d.board_power)
    row.fail("idle_power", fmt::format("{} is more than the board power of {}", wattline::to_string(*d.idle_power),
                                       wattline::to_string(d.board_power)));
  d.memory = row.quantity<Bytes>("memory");
  d.bandwidth = row.quantity<Bandwidth>("bandwidth");
  d.link = row.quantity<Bandwidth>("link");
  for (const auto& column : row.columns())
    if (column.starts_with("peak_"))
      if (const auto rate = row.quantity<ComputeRate>(column)) d.peak[column.substr(5)] = *rate;
  d.cores = row.integer("cores");
  d.origin = origin(row);
  d.note = row.text("note");
  return d;
}

Model RowReader::model(const DataRow& row) const {
  Model m;
  m.name = row.required("name");
  m.aliases = row.list("aliases");
  m.parameters = row.required_number("parameters", 1);
  m.active_parameters = row.number("active_parameters", 1).value_or(m.parameters);
  if (m.active_parameters > m.parameters)
    row.fail("active_parameters", fmt::format("'{}' is more than all parameters, '{}'", row.text("active_parameters"),
                                              row.text("parameters")));
  m.parameters_interval = row.interval("parameters", "parameters_low", "parameters_high");
  m.active_parameters_interval = row.interval("active_parameters", "active_low", "active_high");
  m.layers = row.integer("layers");
  m.hidden = row.integer("hidden");
  m.heads = row.integer("heads");
  m.kv_heads = row.integer("kv_heads");
  m.head_size = row.integer("head_size");
  m.feed_forward = row.integer("feed_forward");
  m.vocabulary = row.integer("vocabulary");
  m.context = row.integer("context");
  m.experts = row.integer("experts");
  m.experts_per_token = row.integer("experts_per_token");
  m.kv_elements_per_token = row.number("kv_elements_per_token");
  m.tied_embeddings = row.flag("tied_embeddings");
  m.window_layers = row.integer("window_layers");
  m.window = row.integer("window");
  if (m.experts_per_token > m.experts)
    row.fail("experts_per_token", fmt::format("{} of {} experts", m.experts_per_token, m.experts));
  if (m.window_layers > m.layers)
    row.fail("window_layers", fmt::format("{} of {} layers", m.window_layers, m.layers));
  if (m.kv_heads > m.heads) row.fail("kv_heads", fmt::format("{} of {} heads", m.kv_heads, m.heads));
  m.origin = origin(row);
  m.note = row.text("note");
  return m;
}

Place RowReader::place(const DataRow& row) const {
  Place p;
  p.code = row.required("code");
  p.name = row.required("name");
  p.aliases = row.list("aliases");
  p.origin = origin(row);
  p.carbon_intensity = factor_estimate<CarbonIntensity>(
      row, "carbon_intensity", "carbon", fmt::format("grid.{}.{}", p.code, p.origin.year), p.origin.source);
  p.carbon_interval = row.interval("carbon_intensity", "carbon_low", "carbon_high");
  p.water_interval = row.interval("water_intensity", "water_low", "water_high");
  p.note = row.text("note");
  if (!row.text("water_intensity").empty()) {
    p.water_origin = origin(row, "water_source", "water_year");
    p.water_intensity = factor_estimate<WaterIntensity>(row, "water_intensity", "water",
                                                        fmt::format("water.{}.{}", p.code, p.water_origin.year),
                                                        p.water_origin.source);
  }
  return p;
}

Region RowReader::region(const DataRow& row) const {
  Region r;
  r.provider = row.required("provider");
  r.name = row.required("name");
  r.place = row.required("place");
  r.pue = row.number("pue", 1);
  r.city = row.text("city");
  r.note = row.text("note");
  r.origin = origin(row);
  r.carbon_interval = row.interval("carbon_intensity", "carbon_low", "carbon_high");
  if (!row.text("carbon_intensity").empty())
    r.carbon_intensity = factor_estimate<CarbonIntensity>(
        row, "carbon_intensity", "carbon", fmt::format("grid.{}/{}.{}", r.provider, r.name, r.origin.year),
        r.origin.source);
  return r;
}

Factor RowReader::factor(const DataRow& row) const {
  Factor f;
  f.id = row.required("id");
  f.description = row.required("description");
  f.unit = row.text("unit");
  try {
    parse_unit(f.unit);
  } catch (const Error& e) {
    row.fail("unit", e.message(), e.hint());
  }
  f.value = row.required_number("value", -1e300);
  const auto interval = row.interval("value", "low", "high");
  f.interval = interval.value_or(Interval{f.value, f.value});
  f.group = row.required("group");
  f.origin = origin(row);
  if (row.text("source") == "wattline") f.method = Method::modelled;
  f.note = row.text("note");
  return f;
}

}  // namespace wattline::catalog
