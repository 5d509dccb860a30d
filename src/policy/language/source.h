// A value of a document with the line it stands on, and a careful way to take an object apart: what is asked for is
// checked, what is not asked for is handed on, and every fault is a finding with its place.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/json.h"
#include "kernel/source_lines.h"
#include "policy/finding.h"

namespace wattline::policy {

// Findings of level error while a file is read.
class Faults {
 public:
  Faults(std::string_view file, std::vector<Finding>& out) : file_(file), out_(out) {}
  void add(std::uint32_t line, std::string code, std::string message, std::string fix = {});
  std::string where(std::uint32_t line) const;
  const std::string& file() const { return file_; }

 private:
  std::string file_;
  std::vector<Finding>& out_;
};

// "a text", "a list", ...
std::string_view kind_of(const Json&);

struct Source {
  const Json& value;
  const SourceLines* lines = nullptr;

  std::uint32_t line() const { return lines ? lines->line : 0; }
  Source part(std::size_t i) const;  // element or member i; this must have it
};

// The members of an object. `what` names it in findings: "signal 'urgent'".
class Members {
 public:
  Members(Source object, std::string what, Faults&);

  void call(std::string what) { what_ = std::move(what); }
  const std::string& what() const { return what_; }
  std::uint32_t line() const { return object_.line(); }
  std::string where() const { return faults_.where(line()); }

  // Each takes a member: it is no longer left. A wrong kind is a finding, and the fallback is given.
  std::string text(std::string_view key, bool needed = false);
  std::int64_t integer(std::string_view key, std::int64_t low, std::int64_t high);
  std::vector<std::string> texts(std::string_view key);
  void list(std::string_view key, const std::function<void(Source)>& each);
  void object(std::string_view key, const std::function<void(Source)>& take);
  bool take(std::string_view key, const std::function<void(Source)>& take);
  bool has(std::string_view key) const { return find(key) >= 0; }

  Json left() const;  // members not taken, in order
  // A finding for each that is left, where nothing else may stand.
  void nothing_left(const std::vector<std::string>& allowed);
  void fault(std::string_view key, std::string code, std::string message, std::string fix = {});

 private:
  int find(std::string_view key) const;
  void wrong(std::string_view key, std::string_view wanted, const Json& found);

  Source object_;
  std::string what_;
  Faults& faults_;
  std::vector<bool> taken_;
};

}  // namespace wattline::policy
