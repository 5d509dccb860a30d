#include "catalog/single_rows.h"

#include <algorithm>
#include <array>

namespace wattline::catalog {
namespace {

// From here on a table read whole costs less than its rows one by one.
constexpr std::size_t most_names = 8, most_factors = 24, most_sources = 16;

using Fields = std::vector<std::string_view>;

std::string same(std::string_view text) { return std::string(text); }

}  // namespace

bool may_have_key(std::string_view spelling, std::string_view key) {
  std::size_t at = 0;
  for (const char c : spelling) {
    if (at == key.size()) return true;
    at += key[at] == (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return at == key.size();
}

std::string record_of(std::string_view table, std::string_view id) {
  std::string begin = "\n";
  begin.append(id).append(",");
  const std::size_t at = table.find(begin);
  if (id.empty() || at == table.npos) return {};
  // A row ends at the first newline outside quotes.
  std::size_t end = at + 1;
  for (bool inside = false; end < table.size() && (inside || table[end] != '\n'); ++end) inside ^= table[end] == '"';
  std::string out(table.substr(0, table.find('\n')));
  return out.append(table.substr(at, end - at));
}

SingleRows::SingleRows(Tables tables, RowReader::SourceOf whole_source)
    : tables_(tables),
      whole_source_(std::move(whole_source)),
      reader_([this](const std::string& id) { return source(id); }) {}

const Source* SingleRows::source(const std::string& id) {
  if (const auto it = sources_.find(id); it != sources_.end()) return &it->second;
  if (sources_.size() >= most_sources) return whole_source_(id);
  const std::string record = record_of(tables_("sources.csv"), id);
  if (record.empty()) return whole_source_(id);
  const DataFile file("sources.csv", record, {"id"}, same);
  const auto rows = file.rows();
  if (rows.empty() || rows.front().text("id") != id) return whole_source_(id);
  const DataRow& row = rows.front();
  return &sources_.emplace(id, Source{row.required("title"), row.text("licence")}).first->second;
}

template <class Row>
SingleRows::Found<Row> SingleRows::find(Seen<Row>& seen, const char* file, std::string (*key_of)(std::string_view),
                                        const std::string& key, const Wanted& wanted,
                                        Row (RowReader::*read)(const DataRow&) const) {
  const std::lock_guard lock(mutex_);
  if (const auto it = seen.by_key.find(key); it != seen.by_key.end()) return it->second;
  if (seen.by_key.size() >= most_names) return std::nullopt;
  const DataFile some(file, tables_(file), {}, key_of, wanted);
  const Row* out = nullptr;
  if (const auto rows = some.rows(); !rows.empty()) {
    const std::size_t number = rows.front().number();
    auto it = seen.rows.find(number);
    if (it == seen.rows.end()) it = seen.rows.emplace(number, (reader_.*read)(rows.front())).first;
    out = &it->second;
  }
  seen.by_key.emplace(key, out);
  return out;
}

SingleRows::Wanted SingleRows::spelled(const std::string& key, std::string (*key_of)(std::string_view),
                                       std::vector<const char*> names) {
  return [=, at = std::vector<std::size_t>()](const DataFile& file, const Fields& fields) mutable {
    if (at.empty())
      for (const char* name : names) at.push_back(file.column(name));
    for (const std::size_t column : at) {
      std::string_view rest = fields[column];
      // Only aliases hold many; a ';' in a name is no letter of its key.
      const bool many = column == at.back();
      while (!rest.empty()) {
        const std::string_view one = many ? rest.substr(0, rest.find(';')) : rest;
        if (may_have_key(one, key) && key_of(one) == key) return true;
        rest.remove_prefix(std::min(one.size() + 1, rest.size()));
      }
    }
    return false;
  };
}

SingleRows::Found<Device> SingleRows::device(std::string_view name) {
  const std::string key = device_key(name);
  return find(devices_, "devices.csv", device_key, key, spelled(key, device_key, {"name", "aliases"}),
              &RowReader::device);
}

SingleRows::Found<Model> SingleRows::model(std::string_view name) {
  const std::string key = name_key(name);
  return find(models_, "models.csv", name_key, key, spelled(key, name_key, {"name", "aliases"}), &RowReader::model);
}

SingleRows::Found<Place> SingleRows::place(std::string_view name) {
  const std::string key = name_key(name);
  return find(places_, "places.csv", name_key, key, spelled(key, name_key, {"code", "name", "aliases"}),
              &RowReader::place);
}

SingleRows::Found<Region> SingleRows::region(std::string_view provider, std::string_view name) {
  const std::string of = name_key(provider), called = name_key(name);
  return find<Region>(
      regions_, "regions.csv", name_key, of + "/" + called,
      [&, at = std::array<std::size_t, 2>{}](const DataFile& file, const Fields& fields) mutable {
        if (at[0] == at[1]) at = {file.column("provider"), file.column("name")};
        return may_have_key(fields[at[0]], of) && may_have_key(fields[at[1]], called) && name_key(fields[at[0]]) == of &&
               name_key(fields[at[1]]) == called;
      },
      &RowReader::region);
}

SingleRows::Found<Factor> SingleRows::factor(const std::string& file, std::string_view id) {
  const std::lock_guard lock(mutex_);
  auto& seen = factors_[file];
  if (const auto it = seen.find(id); it != seen.end()) return it->second ? &*it->second : nullptr;
  if (seen.size() >= most_factors) return std::nullopt;
  std::optional<Factor> found;
  if (const std::string record = record_of(tables_(file), id); !record.empty()) {
    const DataFile one(file, record, {"id"}, same);
    const auto rows = one.rows();
    if (!rows.empty() && rows.front().text("id") == id) found = reader_.factor(rows.front());
  }
  const auto& kept = seen.emplace(id, std::move(found)).first->second;
  return kept ? &*kept : nullptr;
}

}  // namespace wattline::catalog
