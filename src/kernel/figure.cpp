#include "kernel/figure.h"

namespace wattline {
namespace {

void write_axis(JsonWriter& w, std::string_view key, const Figure::Axis& a) {
  w.key(key).begin_object().member("label", a.label).member("unit", a.unit);
  w.member("log", a.log).member("time", a.time).end_object();
}

void write_numbers(JsonWriter& w, std::string_view key, const std::vector<double>& v) {
  w.key(key).begin_array();
  for (const double x : v) w.value(x);
  w.end_array();
}

void write_texts(JsonWriter& w, std::string_view key, const std::vector<std::string>& v) {
  w.key(key).begin_array();
  for (const auto& s : v) w.value(s);
  w.end_array();
}

constexpr std::string_view kinds[] = {"line", "bar", "scatter", "sankey", "heat"};

}  // namespace

void write_json(JsonWriter& w, const Figure& f) {
  w.begin_object().member("kind", kinds[static_cast<std::size_t>(f.kind)]);
  w.member("title", f.title).member("caption", f.caption);
  write_axis(w, "x", f.x);
  write_axis(w, "y", f.y);
  w.key("traces").begin_array();
  for (const auto& t : f.traces) {
    w.begin_object().member("name", t.name);
    write_numbers(w, "x", t.x);
    write_numbers(w, "y", t.y);
    if (!t.low.empty()) write_numbers(w, "low", t.low);
    if (!t.high.empty()) write_numbers(w, "high", t.high);
    w.end_object();
  }
  w.end_array();
  if (!f.categories.empty()) write_texts(w, "categories", f.categories);
  if (!f.row_labels.empty()) write_texts(w, "row_labels", f.row_labels);
  if (!f.cells.empty()) {
    w.key("cells").begin_array();
    for (const auto& row : f.cells) {
      w.begin_array();
      for (const double x : row) w.value(x);
      w.end_array();
    }
    w.end_array();
  }
  if (!f.links.empty()) {
    w.key("links").begin_array();
    for (const auto& l : f.links)
      w.begin_object().member("from", l.from).member("to", l.to).member("value", l.value).end_object();
    w.end_array();
  }
  if (!f.value_unit.empty()) w.member("value_unit", f.value_unit);
  w.end_object();
}

}  // namespace wattline
