// What a reader of a TOML table asks for, noted while it reads a table that is not there: its keys, their types,
// bounds and defaults. So the published schema of the configuration is what the reader does, and no second list.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace wattline::serve {

struct TomlSchema {
  struct Key {
    std::string name;
    std::string type;  // for people: "text", "0 to 1024", "size or number of B"
    std::string standard;  // its default, "" when there is none
    std::string json;  // its JSON Schema; "" of a table
    bool required = false;
    std::unique_ptr<TomlSchema> table;  // [key], or each [[key]]
    bool many = false;
  };
  std::vector<Key> keys;

  Key& key(std::string_view name);  // the one of this name, made where it is new
};

// JSON Schema 2020-12.
std::string json_schema_of(const TomlSchema&, std::string_view title);

}  // namespace wattline::serve
