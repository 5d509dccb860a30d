#include <cmath>

#include "kernel/table.h"

namespace wattline {

void write_json(JsonWriter& w, const Table& t) {
  w.begin_object().member("schema", t.schema());
  if (!t.title.empty()) w.member("title", t.title);
  if (!t.caption.empty()) w.member("caption", t.caption);
  w.key("columns").begin_array();
  for (const auto& c : t.columns()) {
    w.begin_object().member("name", c.name).member("kind", to_string(c.kind)).member("unit", c.unit);
    w.member("help", c.help).end_object();
  }
  w.end_array().key("rows").begin_array();
  for (std::size_t row = 0; row < t.rows(); ++row) {
    w.begin_array();
    for (std::size_t i = 0; i < t.columns().size(); ++i) {
      const Column& c = t.columns()[i];
      if (c.kind == ColumnKind::text) w.value(c.texts()[row]);
      else if (c.kind == ColumnKind::number) w.value(c.numbers()[row]);
      else if (c.integers()[row] == missing_integer) w.null();
      else if (c.kind == ColumnKind::integer) w.value(c.integers()[row]);
      else if (c.kind == ColumnKind::flag) w.value(c.integers()[row] != 0);
      else w.value(t.cell_text(row, i));
    }
    w.end_array();
  }
  w.end_array().end_object();
}

}  // namespace wattline
