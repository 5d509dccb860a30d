#include "ledger/rollup.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/json.h"
#include "ledger/group_key.h"
#include "ledger/row_store.h"
#include "ledger/schema.h"
#include "ledger/staging.h"

namespace wattline::ledger {
namespace {

constexpr std::int64_t hour_ns = 3'600'000'000'000;
constexpr std::size_t most_groups = 20'000;  // remembered

const std::string not_superseded = fmt::format(
    " kind <> 'retraction' AND uid NOT IN (SELECT corrects FROM facts WHERE corrects <> '' AND {})", in_account);

std::string to_text(const std::map<std::string, double>& by_factor) {
  std::string out = "{";
  for (const auto& [factor, sd] : by_factor) {
    if (out.size() > 1) out += ',';
    append_json_string(out, factor);
    out += ':';
    out += shortest(sd);
  }
  return out += '}';
}

std::map<std::string, double> factors_of(std::string_view text) {
  std::map<std::string, double> out;
  if (text == "{}") return out;
  const Json read = parse_json(text);
  for (const auto& [factor, sd] : read.as_object()) out[factor] = sd.as_number();
  return out;
}

}  // namespace

std::int64_t hour_of(Time t) {
  const std::int64_t hour = t.ns / hour_ns;
  return t.ns % hour_ns < 0 ? hour - 1 : hour;
}

Subtotal subtotal_of(const Row& row) {
  const Fact& f = row.fact;
  Subtotal out{row, f.begin, f.end, 1, f.tokens_in, f.tokens_out, {}, f.tokens_out > 0};
  out.energy.add(f.energy);
  return out;
}

RollupWriter::RollupWriter(const Database& database, const char* table)
    : database_(database),
      state_(database, "SELECT seq FROM rollup_state WHERE writer = ?"),
      move_state_(database, "INSERT OR REPLACE INTO rollup_state (seq, writer) VALUES (?, ?)"),
      find_group_(database, "SELECT id FROM rollup_groups WHERE key = ?"),
      add_group_(database,
                 "INSERT INTO rollup_groups (key, writer, factor_set, kind, model, device, place, labels, method,"
                 " signed, sources, with_tokens) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"),
      read_(database, fmt::format("SELECT rows, tokens_in, tokens_out, energy, variance, by_factor, first_begin,"
                                  " last_end FROM {} WHERE hour = ? AND grp = ?",
                                  table)),
      write_(database,
             fmt::format("INSERT OR REPLACE INTO {} (hour, grp, rows, tokens_in, tokens_out, energy, variance,"
                         " by_factor, first_begin, last_end) VALUES (?,?,?,?,?,?,?,?,?,?)",
                         table)) {}

void RollupWriter::begin(std::string_view writer, std::int64_t seq) {
  for (Statement* s : {&state_, &move_state_, &find_group_, &add_group_, &read_, &write_}) s->reset();
  // A batch that failed took its new groups with it.
  if (open_ || groups_.size() > most_groups) groups_.clear();
  sums_.clear();
  open_ = true;
  writer_ = writer;
  state_.bind(writer);
  adds_ = (state_.step() ? state_.integer(0) : 0) == seq;
  // Groups are of one chain: at its beginning there are no sums to add to.
  first_ = seq == 0;
  state_.reset();
}

std::int64_t RollupWriter::group(const Fact& f, const FactTexts& texts, std::string_view writer,
                                 std::string_view factor_set) {
  const RawEstimate& e = f.energy.raw();
  const auto with_tokens = static_cast<std::int64_t>(f.tokens_out > 0);
  const auto can_be_negative = static_cast<std::int64_t>(e.can_be_negative());
  key_.clear();
  append_group_key(key_, {writer, factor_set, f.kind, f.model, f.device, f.place, texts.labels(), to_string(e.method()),
                          texts.sources(), with_tokens != 0, can_be_negative != 0});
  if (const auto it = groups_.find(key_); it != groups_.end()) return it->second;
  find_group_.bind(key_);
  std::int64_t id = find_group_.step() ? find_group_.integer(0) : 0;
  find_group_.reset();
  if (id == 0) {
    using View = std::string_view;
    add_group_.run(View(key_), writer, factor_set, View(f.kind), View(f.model), View(f.device), View(f.place),
                   texts.labels(), to_string(e.method()), can_be_negative, texts.sources(), with_tokens);
    find_group_.bind(key_);
    find_group_.step();
    id = find_group_.integer(0);
    find_group_.reset();
  }
  groups_.emplace(key_, id);
  return id;
}

void RollupWriter::add(const Fact& f, const FactTexts& texts, std::string_view factor_set) {
  if (adds_) add(f, texts, writer_, factor_set);
}

void RollupWriter::add(const Fact& f, const FactTexts& texts, std::string_view writer, std::string_view factor_set) {
  if (f.kind == "retraction") return;
  const RawEstimate& e = f.energy.raw();
  Sums& s = sums_[{hour_of(f.end), group(f, texts, writer, factor_set)}];
  s.first_begin = s.rows == 0 ? f.begin.ns : std::min(s.first_begin, f.begin.ns);
  s.last_end = s.rows == 0 ? f.end.ns : std::max(s.last_end, f.end.ns);
  ++s.rows;
  s.tokens_in += f.tokens_in;
  s.tokens_out += f.tokens_out;
  s.energy += e.value();
  s.variance += e.independent_sd() * e.independent_sd();
  for (const auto& [factor, sd] : e.by_factor())
    if (sd != 0) s.by_factor[factor] += sd;  // as rows keep them
}

void RollupWriter::store() {
  // In the order of the table, so that neighbours go into one page.
  std::vector<std::pair<const Place, Sums>*> in_order;
  for (auto& sum : sums_) in_order.push_back(&sum);
  std::sort(in_order.begin(), in_order.end(), [](const auto* a, const auto* b) {
    return std::pair(a->first.hour, a->first.group) < std::pair(b->first.hour, b->first.group);
  });
  for (auto* sum : in_order) {
    auto& [place, s] = *sum;
    if (!first_) read_.bind(place.hour).bind(place.group);
    if (!first_ && read_.step()) {
      s.rows += read_.integer(0);
      s.tokens_in += read_.integer(1);
      s.tokens_out += read_.integer(2);
      s.energy += read_.number(3);
      s.variance += read_.number(4);
      for (const auto& [factor, sd] : factors_of(read_.text(5))) s.by_factor[factor] += sd;
      s.first_begin = std::min(s.first_begin, read_.integer(6));
      s.last_end = std::max(s.last_end, read_.integer(7));
    }
    if (!first_) read_.reset();
    const std::string by_factor = to_text(s.by_factor);
    write_.run(place.hour, place.group, s.rows, s.tokens_in, s.tokens_out, s.energy, s.variance,
               std::string_view(by_factor), s.first_begin, s.last_end);
  }
  sums_.clear();
}

void RollupWriter::end(std::int64_t seq) {
  if (adds_) {
    store();
    first_ = false;
    move_state_.run(seq, std::string_view(writer_));
  }
  open_ = false;
}

void RollupWriter::keep_few(std::size_t most) {
  if (sums_.size() <= most) return;
  sums_.clear();
  adds_ = false;
}

void RollupWriter::rebuild(std::int64_t hour) {
  sums_.clear();
  first_ = false;
  Statement(database_, "DELETE FROM rollups WHERE hour = ?").run(hour);
  Statement(database_, "INSERT INTO rollups SELECT * FROM sealed_sums WHERE hour = ?").run(hour);
  Statement rows(database_, RowReader::select(fmt::format(
                                "WHERE end_ns >= ? AND end_ns < ? AND seq <= ifnull((SELECT seq FROM rollup_state s"
                                " WHERE s.writer = facts.writer), 0) AND{}",
                                not_superseded)));
  rows.bind(hour * hour_ns).bind((hour + 1) * hour_ns);
  RowReader reader(database_.file().string());
  FactTexts texts;
  while (rows.step()) {
    const Row row = reader.read(rows);
    texts.read(row.fact);
    add(row.fact, texts, row.writer, row.factor_set);
  }
  store();
}

void RollupWriter::add_rows(std::string_view writer, std::int64_t last) {
  sums_.clear();
  first_ = false;
  Statement rows(database_, RowReader::select(fmt::format("WHERE writer = ? AND seq <= ? AND{}", not_superseded)));
  rows.bind(writer).bind(last);
  RowReader reader(database_.file().string());
  FactTexts texts;
  while (rows.step()) {
    const Row row = reader.read(rows);
    texts.read(row.fact);
    add(row.fact, texts, row.writer, row.factor_set);
  }
  store();
}

namespace {

constexpr std::string_view first_behind =
    "SELECT w.writer, ifnull(s.seq, 0), w.last_seq FROM writers w LEFT JOIN rollup_state s"
    " ON s.writer = w.writer WHERE ifnull(s.seq, 0) < w.last_seq LIMIT 1";

}  // namespace

bool RollupWriter::is_behind(const Database& database) { return Statement(database, first_behind).step(); }

bool RollupWriter::catch_up(std::int64_t most) {
  Statement behind(database_, first_behind);
  if (!behind.step()) return false;
  const std::string writer(behind.text(0));
  const std::int64_t from = behind.integer(1), to = std::min(from + most, behind.integer(2));
  behind.reset();
  begin(writer, from);
  Statement rows(database_,
                 RowReader::select(fmt::format("WHERE writer = ? AND seq > ? AND seq <= ? AND{}", not_superseded)));
  rows.bind(writer).bind(from).bind(to);
  RowReader reader(database_.file().string());
  FactTexts texts;
  while (rows.step()) {
    const Row row = reader.read(rows);
    texts.read(row.fact);
    add(row.fact, texts, row.factor_set);
  }
  end(to);
  return true;
}

namespace {

// What a sum has of its group; its numbers are filled in.
Subtotal group_of(const Statement& s) {
  Subtotal out;
  Row& row = out.like;
  row.writer = s.text(1);
  row.factor_set = s.text(2);
  Fact& f = row.fact;
  f.kind = s.text(3);
  f.model = s.text(4);
  f.device = s.text(5);
  f.place = s.text(6);
  const Json labels = parse_json(s.text(7));
  for (const auto& pair : labels.as_array())
    f.labels.emplace_back(pair.as_array().at(0).as_string(), pair.as_array().at(1).as_string());
  const Method method = parse_method(s.text(8));
  const bool can_be_negative = s.integer(9) != 0;
  const Json sources = parse_json(s.text(10));
  std::set<std::string> all;
  for (const auto& source : sources.as_array()) all.insert(source.as_string());
  f.energy = Estimate<Energy>(restore(0, 0, {}, method, {}, can_be_negative));
  out.energy = EnergySum(0, 0, {}, std::move(all), method, can_be_negative);
  out.with_tokens = s.integer(11) != 0;
  return out;
}

}  // namespace

void for_each_sum(const Database& database, std::int64_t from_hour, std::int64_t to_hour, std::string_view kind,
                  const std::function<void(const Subtotal&)>& visit) {
  std::unordered_map<std::int64_t, Subtotal> groups;
  Statement all(database,
                "SELECT id, writer, factor_set, kind, model, device, place, labels, method, signed, sources,"
                " with_tokens FROM rollup_groups");
  while (all.step())
    if (kind.empty() || all.text(3) == kind) groups.emplace(all.integer(0), group_of(all));
  Statement sums(database,
                 "SELECT grp, rows, tokens_in, tokens_out, energy, variance, by_factor, first_begin, last_end"
                 " FROM rollups WHERE hour >= ? AND hour < ?");
  sums.bind(from_hour).bind(to_hour);
  while (sums.step()) {
    const auto it = groups.find(sums.integer(0));
    if (it == groups.end()) continue;
    Subtotal& s = it->second;
    s.rows = sums.integer(1);
    s.tokens_in = sums.integer(2);
    s.tokens_out = sums.integer(3);
    s.energy.set(sums.number(4), sums.number(5), factors_of(sums.text(6)));
    s.first_begin.ns = sums.integer(7);
    s.last_end.ns = s.like.fact.end.ns = sums.integer(8);
    visit(s);
  }
}

RollupCheck::RollupCheck(const Database& database) : database_(database) {
  Statement state(database, "SELECT writer, seq FROM rollup_state");
  while (state.step()) folded_[std::string(state.text(0))] = state.integer(1);
  Statement corrected(database, fmt::format("SELECT corrects FROM facts WHERE corrects <> '' AND {}", in_account));
  while (corrected.step()) superseded_.emplace(corrected.text(0), true);
}

void RollupCheck::see(const Row& row) {
  const auto folded = folded_.find(row.writer);
  if (folded == folded_.end() || row.seq > folded->second) return;
  if (row.fact.kind == "retraction" || (!superseded_.empty() && superseded_.contains(row.fact.uid))) return;
  const RawEstimate& e = row.fact.energy.raw();
  Sums& s = by_hour_[hour_of(row.fact.end)];
  ++s.rows;
  s.tokens_in += row.fact.tokens_in;
  s.tokens_out += row.fact.tokens_out;
  s.energy += e.value();
  s.variance += e.independent_sd() * e.independent_sd();
  for (const auto& [factor, sd] : e.by_factor()) s.factors += sd;
}

std::string RollupCheck::fault() const {
  const auto read = [&](const char* table, std::map<std::int64_t, Sums>& into) {
    Statement sums(database_, fmt::format("SELECT hour, rows, tokens_in, tokens_out, energy, variance, by_factor"
                                          " FROM {}",
                                          table));
    while (sums.step()) {
      Sums& s = into[sums.integer(0)];
      s.rows += sums.integer(1);
      s.tokens_in += sums.integer(2);
      s.tokens_out += sums.integer(3);
      s.energy += sums.number(4);
      s.variance += sums.number(5);
      for (const auto& [factor, sd] : factors_of(sums.text(6))) s.factors += sd;
    }
  };
  std::map<std::int64_t, Sums> kept, of_rows = by_hour_;
  read("rollups", kept);
  if (check_schema(database_) >= 4) read("sealed_sums", of_rows);
  // Sums of the same numbers in another order differ in their last digits.
  const auto same = [](double a, double b) { return std::abs(a - b) <= 1e-9 * (std::abs(a) + std::abs(b)) + 1e-12; };
  const auto at = [](const std::map<std::int64_t, Sums>& of, std::int64_t hour) {
    const auto it = of.find(hour);
    return it == of.end() ? Sums{} : it->second;
  };
  const auto differs = [&](std::int64_t hour) {
    const Sums a = at(kept, hour), b = at(of_rows, hour);
    return a.rows != b.rows || a.tokens_in != b.tokens_in || a.tokens_out != b.tokens_out ||
           !same(a.energy, b.energy) || !same(a.variance, b.variance) || !same(a.factors, b.factors);
  };
  for (const auto* side : std::initializer_list<const std::map<std::int64_t, Sums>*>{&kept, &of_rows})
    for (const auto& [hour, s] : *side)
      if (differs(hour))
        return fmt::format("the sums of the hour from {} are not those of its rows: {} rows and {} J kept, {} and {}",
                           to_string(Time{hour * hour_ns}), at(kept, hour).rows, at(kept, hour).energy,
                           at(of_rows, hour).rows, at(of_rows, hour).energy);
  return "";
}

}  // namespace wattline::ledger
