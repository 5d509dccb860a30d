// Options described once and erased to a field table: JSON, command line, HTTP forms and docs are
// written once against the table, without templates.
//
//   struct RunOptions { Duration time; std::int64_t cores = 1; PlaceOptions place; };
//   const Fields<RunOptions> fields = Fields<RunOptions>()
//       .quantity("time", &RunOptions::time, "h", "wall-clock time").required().at_least(0)
//       .integer("cores", &RunOptions::cores, "CPU cores used").range(1, 1e6)
//       .group(&RunOptions::place, place_fields());
//
// Defaults are what a default-constructed struct holds.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kernel/json.h"
#include "kernel/quantity.h"

namespace wattline {

// A file the user hands over: a path from the command line, bytes from an upload. Never a server path.
class InputFile {
 public:
  InputFile() = default;
  static InputFile from_path(std::string path);  // "-" reads standard input
  static InputFile from_bytes(std::string name, std::string bytes);

  bool given() const { return !name_.empty(); }
  const std::string& name() const { return name_; }
  // The content; Error when it cannot be read or is over `limit` bytes.
  std::string read(std::size_t limit = std::size_t{1} << 31) const;

 private:
  std::string name_, bytes_;
  bool inline_ = false;
};

enum class FieldKind { quantity, integer, number, flag, enumeration, text, file, reference, list };
std::string_view to_string(FieldKind);

// Quantity and number in base units; enumeration and reference as text; list as texts.
using FieldValue =
    std::variant<std::monostate, double, std::int64_t, bool, std::string, InputFile, std::vector<std::string>>;

struct Field {
  std::string name;  // kebab-case, as in --name and "name":
  FieldKind kind = FieldKind::text;
  std::string unit;  // the unit a bare number means, and the one shown
  Dimension dimension;
  std::string help;
  bool required = false;
  bool positional = false;  // may be given without --name
  bool rest = false;  // list that takes every remaining word (after --)
  bool secret = false;  // never printed
  std::optional<double> minimum, maximum;  // base units
  std::vector<std::string> choices;  // enumeration
  std::string catalog;  // reference: "places", "devices", "models"
  std::string group;  // heading in help: "Place"
  std::function<FieldValue(const void*)> get;
  std::function<void(void*, const FieldValue&)> set;
};

// Checks a value read from text or JSON against kind, unit, range and choices; throws Error whose
// `where` is the field name.
FieldValue field_from_text(const Field&, std::string_view text);
FieldValue field_from_json(const Field&, const Json&);
Json field_to_json(const Field&, const FieldValue&);
std::string field_default_text(const Field&, const void* defaults);

using FieldTable = std::vector<Field>;

template <class T>
class Fields {
 public:
  template <Dimension D>
  Fields& quantity(std::string name, Quantity<D> T::*m, std::string unit, std::string help) {
    Field& f = add(std::move(name), FieldKind::quantity, std::move(help));
    f.unit = std::move(unit);
    f.dimension = D;
    f.get = [m](const void* o) { return FieldValue((static_cast<const T*>(o)->*m).base()); };
    f.set = [m](void* o, const FieldValue& v) { static_cast<T*>(o)->*m = Quantity<D>(std::get<double>(v)); };
    return *this;
  }
  template <Dimension D>
  Fields& quantity(std::string name, std::optional<Quantity<D>> T::*m, std::string unit, std::string help) {
    Field& f = add(std::move(name), FieldKind::quantity, std::move(help));
    f.unit = std::move(unit);
    f.dimension = D;
    f.get = [m](const void* o) {
      const auto& v = static_cast<const T*>(o)->*m;
      return v ? FieldValue(v->base()) : FieldValue();
    };
    f.set = [m](void* o, const FieldValue& v) { static_cast<T*>(o)->*m = Quantity<D>(std::get<double>(v)); };
    return *this;
  }
  Fields& number(std::string name, double T::*m, std::string help) {
    return plain<double>(std::move(name), m, FieldKind::number, std::move(help));
  }
  Fields& number(std::string name, std::optional<double> T::*m, std::string help) {
    return optional<double>(std::move(name), m, FieldKind::number, std::move(help));
  }
  Fields& integer(std::string name, std::int64_t T::*m, std::string help) {
    return plain<std::int64_t>(std::move(name), m, FieldKind::integer, std::move(help));
  }
  Fields& integer(std::string name, std::optional<std::int64_t> T::*m, std::string help) {
    return optional<std::int64_t>(std::move(name), m, FieldKind::integer, std::move(help));
  }
  Fields& flag(std::string name, bool T::*m, std::string help) {
    return plain<bool>(std::move(name), m, FieldKind::flag, std::move(help));
  }
  Fields& text(std::string name, std::string T::*m, std::string help) {
    return plain<std::string>(std::move(name), m, FieldKind::text, std::move(help));
  }
  Fields& file(std::string name, InputFile T::*m, std::string help) {
    return plain<InputFile>(std::move(name), m, FieldKind::file, std::move(help));
  }
  Fields& list(std::string name, std::vector<std::string> T::*m, std::string help) {
    return plain<std::vector<std::string>>(std::move(name), m, FieldKind::list, std::move(help));
  }
  // A catalog name; the capability looks it up (and suggests the nearest when it is unknown).
  Fields& reference(std::string name, std::string T::*m, std::string catalog, std::string help) {
    plain<std::string>(std::move(name), m, FieldKind::reference, std::move(help));
    fields_.back().catalog = std::move(catalog);
    return *this;
  }
  // `names` in the order of the enum's values 0, 1, 2 ...
  template <class E>
  Fields& enumeration(std::string name, E T::*m, std::vector<std::string> names, std::string help) {
    Field& f = add(std::move(name), FieldKind::enumeration, std::move(help));
    f.choices = std::move(names);
    f.get = [m, choices = f.choices](const void* o) {
      return FieldValue(choices[static_cast<std::size_t>(static_cast<const T*>(o)->*m)]);
    };
    f.set = [m, choices = f.choices](void* o, const FieldValue& v) {
      const auto& s = std::get<std::string>(v);
      for (std::size_t i = 0; i < choices.size(); ++i)
        if (choices[i] == s) static_cast<T*>(o)->*m = static_cast<E>(i);
    };
    return *this;
  }
  // The fields of a nested struct, under its own heading.
  template <class G>
  Fields& group(G T::*m, const Fields<G>& fields, std::string heading) {
    for (Field f : fields.table()) {
      f.group = heading;
      f.get = [m, inner = f.get](const void* o) { return inner(&(static_cast<const T*>(o)->*m)); };
      f.set = [m, inner = f.set](void* o, const FieldValue& v) { inner(&(static_cast<T*>(o)->*m), v); };
      fields_.push_back(std::move(f));
    }
    return *this;
  }

  // Of the last field declared; bounds in the field's own unit.
  Fields& required() {
    fields_.back().required = true;
    return *this;
  }
  Fields& positional() {
    fields_.back().positional = true;
    return *this;
  }
  Fields& rest() {
    fields_.back().rest = true;
    return *this;
  }
  Fields& secret() {
    fields_.back().secret = true;
    return *this;
  }
  Fields& at_least(double low) {
    fields_.back().minimum = in_base(low);
    return *this;
  }
  Fields& at_most(double high) {
    fields_.back().maximum = in_base(high);
    return *this;
  }
  Fields& range(double low, double high) { return at_least(low).at_most(high); }

  const FieldTable& table() const { return fields_; }

 private:
  Field& add(std::string name, FieldKind kind, std::string help) {
    Field& f = fields_.emplace_back();
    f.name = std::move(name);
    f.kind = kind;
    f.help = std::move(help);
    return f;
  }
  template <class V>
  Fields& plain(std::string name, V T::*m, FieldKind kind, std::string help) {
    Field& f = add(std::move(name), kind, std::move(help));
    f.get = [m](const void* o) { return FieldValue(static_cast<const T*>(o)->*m); };
    f.set = [m](void* o, const FieldValue& v) { static_cast<T*>(o)->*m = std::get<V>(v); };
    return *this;
  }
  template <class V>
  Fields& optional(std::string name, std::optional<V> T::*m, FieldKind kind, std::string help) {
    Field& f = add(std::move(name), kind, std::move(help));
    f.get = [m](const void* o) {
      const auto& v = static_cast<const T*>(o)->*m;
      return v ? FieldValue(*v) : FieldValue();
    };
    f.set = [m](void* o, const FieldValue& v) { static_cast<T*>(o)->*m = std::get<V>(v); };
    return *this;
  }
  double in_base(double v) const;

  FieldTable fields_;
};

double unit_scale(const std::string& unit);  // base units in one `unit`
template <class T>
double Fields<T>::in_base(double v) const {
  const Field& f = fields_.back();
  return f.kind == FieldKind::quantity ? v * unit_scale(f.unit) : v;
}

}  // namespace wattline
