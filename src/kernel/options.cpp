#include "kernel/options.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/error.h"
#include "kernel/units.h"

namespace wattline {

InputFile InputFile::from_path(std::string path) {
  InputFile f;
  f.name_ = std::move(path);
  return f;
}

InputFile InputFile::from_bytes(std::string name, std::string bytes) {
  InputFile f;
  f.name_ = name.empty() ? "upload" : std::move(name);
  f.bytes_ = std::move(bytes);
  f.inline_ = true;
  return f;
}

std::string InputFile::read(std::size_t limit) const {
  const auto too_large = [&] {
    return bad_input(
        fmt::format("is larger than the {} allowed", format_quantity(static_cast<double>(limit), Bytes::dimension, 3)),
        name_);
  };
  if (inline_) {
    if (bytes_.size() > limit) throw too_large();
    return bytes_;
  }
  if (!given()) throw bad_input("no file was given");
  const bool standard_input = name_ == "-";
  const int fd = standard_input ? ::dup(STDIN_FILENO) : ::open(name_.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw errno_error("open", name_, errno);
  struct Closer {
    int fd;
    ~Closer() { ::close(fd); }
  } closer{fd};
  struct stat info {};
  std::string content;
  if (::fstat(fd, &info) == 0) {
    if (S_ISDIR(info.st_mode)) throw bad_input("is a folder; a file is needed", name_);
    if (S_ISREG(info.st_mode)) {
      if (static_cast<std::size_t>(info.st_size) > limit) throw too_large();
      content.reserve(static_cast<std::size_t>(info.st_size));
    }
  }
  std::size_t used = 0;
  for (;;) {
    constexpr std::size_t chunk = 1 << 20;
    content.resize(used + chunk);
    const ssize_t n = ::read(fd, content.data() + used, chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw errno_error("read", name_, errno);
    used += static_cast<std::size_t>(n);
    if (used > limit) throw too_large();
    if (n == 0) break;
  }
  content.resize(used);
  return content;
}

std::string_view to_string(FieldKind kind) {
  switch (kind) {
    case FieldKind::quantity: return "quantity";
    case FieldKind::integer: return "integer";
    case FieldKind::number: return "number";
    case FieldKind::flag: return "flag";
    case FieldKind::enumeration: return "enumeration";
    case FieldKind::text: return "text";
    case FieldKind::file: return "file";
    case FieldKind::reference: return "reference";
    case FieldKind::list: return "list";
  }
  return "text";
}

double unit_scale(const std::string& unit) { return parse_unit(unit).scale; }

namespace {

std::string shown(const Field& f, double base) {
  if (f.kind != FieldKind::quantity) return format_number(base, 12);
  const std::string number = format_number(base / unit_scale(f.unit), 12);
  return f.unit.empty() ? number : number + " " + f.unit;
}

void check_range(const Field& f, double base, std::string_view given) {
  if (!std::isfinite(base)) throw bad_input(fmt::format("'{}' is not a finite number", given), f.name);
  const bool low = f.minimum && base < *f.minimum, high = f.maximum && base > *f.maximum;
  if (!low && !high) return;
  std::string allowed;
  if (f.minimum && f.maximum) allowed = fmt::format("from {} to {}", shown(f, *f.minimum), shown(f, *f.maximum));
  else if (f.minimum) allowed = "at least " + shown(f, *f.minimum);
  else allowed = "at most " + shown(f, *f.maximum);
  throw bad_input(fmt::format("'{}' is out of range; {} is allowed", given, allowed), f.name);
}

std::string check_choice(const Field& f, const std::string& s) {
  for (const auto& c : f.choices)
    if (c == s) return s;
  std::string message = fmt::format("'{}' is none of {}", s.substr(0, 60), fmt::join(f.choices, ", "));
  const auto near = nearest(s, f.choices, 1);
  throw bad_input(std::move(message), f.name, near.empty() ? "" : "did you mean " + near[0] + "?");
}

double number_from_text(const Field& f, std::string_view text) {
  double d = 0;
  const auto [ptr, ec] = std::from_chars(text.data(), text.data() + text.size(), d);
  if (ec != std::errc() || ptr != text.data() + text.size()) {
    if (!text.empty() && text.back() == '%' && f.kind == FieldKind::number) return parse_quantity(text, Dimension{});
    throw bad_input(fmt::format("'{}' is not a number", text.substr(0, 60)), f.name);
  }
  return d;
}

std::int64_t integer_from_text(const Field& f, std::string_view text) {
  std::int64_t i = 0;
  const auto [ptr, ec] = std::from_chars(text.data(), text.data() + text.size(), i);
  if (ec == std::errc() && ptr == text.data() + text.size()) return i;
  throw bad_input(fmt::format("'{}' is not a whole number", text.substr(0, 60)), f.name);
}

}  // namespace

FieldValue field_from_text(const Field& f, std::string_view text) {
  switch (f.kind) {
    case FieldKind::quantity: {
      double base;
      try {
        base = parse_quantity(text, f.dimension, f.unit);
      } catch (const Error& e) {
        throw e.at(f.name);
      }
      check_range(f, base, text);
      return base;
    }
    case FieldKind::number: {
      const double d = number_from_text(f, text);
      check_range(f, d, text);
      return d;
    }
    case FieldKind::integer: {
      const std::int64_t i = integer_from_text(f, text);
      check_range(f, static_cast<double>(i), text);
      return i;
    }
    case FieldKind::flag:
      if (text.empty() || text == "true" || text == "yes" || text == "on" || text == "1") return true;
      if (text == "false" || text == "no" || text == "off" || text == "0") return false;
      throw bad_input(fmt::format("'{}' is neither true nor false", text.substr(0, 60)), f.name);
    case FieldKind::enumeration: return check_choice(f, std::string(text));
    case FieldKind::text:
    case FieldKind::reference: return std::string(text);
    case FieldKind::file:
      if (text.empty()) throw bad_input("an empty file name", f.name);
      return InputFile::from_path(std::string(text));
    case FieldKind::list: return std::vector<std::string>{std::string(text)};
  }
  return {};
}

FieldValue field_from_json(const Field& f, const Json& j) {
  try {
    switch (f.kind) {
      case FieldKind::quantity:
        if (j.is_number()) {
          const double base = j.as_number() * unit_scale(f.unit);
          check_range(f, base, j.dump());
          return base;
        }
        return field_from_text(f, j.as_string());
      case FieldKind::number: {
        if (j.is_string()) return field_from_text(f, j.as_string());
        const double d = j.as_number();
        check_range(f, d, j.dump());
        return d;
      }
      case FieldKind::integer: {
        if (j.is_string()) return field_from_text(f, j.as_string());
        const std::int64_t i = j.as_integer();
        check_range(f, static_cast<double>(i), j.dump());
        return i;
      }
      case FieldKind::flag: return j.as_bool();
      case FieldKind::enumeration: return check_choice(f, j.as_string());
      case FieldKind::text:
      case FieldKind::reference: return j.as_string();
      case FieldKind::file:
        // Content only: a path in a request would read the server's disk.
        return InputFile::from_bytes(j.text_or("name", "upload"), j.at("content").as_string());
      case FieldKind::list: {
        std::vector<std::string> out;
        if (j.is_string()) return std::vector<std::string>{j.as_string()};
        for (const auto& e : j.as_array()) out.push_back(e.as_string());
        return out;
      }
    }
  } catch (const Error& e) {
    if (e.where() == f.name) throw;
    throw e.at(f.name);
  }
  return {};
}

Json field_to_json(const Field& f, const FieldValue& v) {
  if (std::holds_alternative<std::monostate>(v)) return {};
  if (const auto* d = std::get_if<double>(&v))
    return Json(f.kind == FieldKind::quantity ? *d / unit_scale(f.unit) : *d);
  if (const auto* i = std::get_if<std::int64_t>(&v)) return Json(*i);
  if (const auto* b = std::get_if<bool>(&v)) return Json(*b);
  if (const auto* s = std::get_if<std::string>(&v)) return f.secret ? Json("***") : Json(*s);
  if (const auto* file = std::get_if<InputFile>(&v)) return Json(file->name());
  Json::Array list;
  for (const auto& s : std::get<std::vector<std::string>>(v)) list.emplace_back(s);
  return Json(std::move(list));
}

std::string field_default_text(const Field& f, const void* defaults) {
  const FieldValue v = f.get(defaults);
  if (std::holds_alternative<std::monostate>(v) || f.secret) return {};
  if (const auto* d = std::get_if<double>(&v)) return shown(f, *d);
  if (const auto* i = std::get_if<std::int64_t>(&v)) return std::to_string(*i);
  if (const auto* s = std::get_if<std::string>(&v)) return *s;
  return {};
}

}  // namespace wattline
