// Typed reading of a TOML table that remembers every fault with file:line and field, and every key
// it was asked for, so that what is left over can be reported as unknown. toml++ stays in
// toml_reader.cpp, which is slow to compile.
//
// In texts ${NAME} is the value of an environment variable and ${NAME:-else} its value or what else to take; $$ is a
// dollar sign. Without an environment texts are as they stand.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/error.h"
#include "kernel/json.h"
#include "kernel/quantity.h"
#include "serve/config_values.h"
#include "serve/toml_schema.h"

namespace wattline::serve {

class TomlTable {
 public:
  struct Node;
  TomlTable(std::shared_ptr<const Node> node, std::string file, std::string path, std::vector<Error>* faults,
            Environment environment = {});
  // One that is not there: what is asked of it is noted.
  explicit TomlTable(TomlSchema& noted);
  ~TomlTable();
  TomlTable(TomlTable&&) noexcept;
  TomlTable(const TomlTable&) = delete;

  // Each leaves `out` alone when the key is absent or at fault.
  void read(std::string_view key, std::string& out);
  void read(std::string_view key, bool& out);
  void read(std::string_view key, std::int64_t& out, std::int64_t low, std::int64_t high);
  void read(std::string_view key, int& out, int low, int high);
  void read(std::string_view key, double& out, double low, double high);
  void read(std::string_view key, std::optional<double>& out, double low, double high);
  void read(std::string_view key, std::vector<std::string>& out);
  // "30 s" or a number of `unit`.
  template <class Q>
  void read(std::string_view key, Q& out, std::string_view unit, Q low, Q high) {
    double base = out.base();
    read_quantity(key, base, Q::dimension, unit, low.base(), high.base());
    out = Q(base);
  }
  // Whatever is there, as it stands; a table, a list or a value.
  void read(std::string_view key, Json& out);
  // One of `names`; `out` becomes its index.
  void read_choice(std::string_view key, int& out, const std::vector<std::string>& names);

  std::optional<TomlTable> table(std::string_view key);
  std::vector<TomlTable> tables(std::string_view key);  // [[key]]
  bool has(std::string_view key) const;
  // Whether what is asked is only noted.
  bool is_noted() const { return noted_ != nullptr; }
  bool is_text(std::string_view key) const;
  std::vector<std::string> keys() const;

  // "file:line" of the table, or of one of its values.
  std::string where() const;
  std::string where(std::string_view key) const;
  void fault(std::string_view key, std::string message, std::string hint = {});
  // Reports every key that was never asked for.
  void finish();

 private:
  void read_quantity(std::string_view key, double& base, Dimension, std::string_view unit, double low, double high);
  std::string name_of(std::string_view key) const;
  // Whether this call was only to be noted.
  bool note(std::string_view key, std::string type, std::string standard, std::string json);
  // With what stands for environment variables put in; nothing and a fault where one is not set.
  std::optional<std::string> filled_in(std::string_view key, const std::string& text);

  std::shared_ptr<const Node> node_;
  std::string file_, path_;
  std::vector<Error>* faults_ = nullptr;
  Environment environment_;
  TomlSchema* noted_ = nullptr;
  std::vector<std::string> asked_;
};

// The root table; a syntax fault is put into `faults` and nothing is returned.
std::optional<TomlTable> parse_toml(std::string_view text, const std::string& file, std::vector<Error>* faults,
                                    Environment environment = {});

}  // namespace wattline::serve
