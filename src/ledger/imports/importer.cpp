#include "ledger/imports/importer.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include <fmt/format.h>

#include "kernel/csv_cell.h"
#include "kernel/error.h"
#include "kernel/json.h"
#include "ledger/row.h"

namespace wattline::ledger::imports {
namespace {

constexpr std::size_t most_shown = 10;

// Fingerprints of rows, in little memory. Two different rows are taken for one in a file of ten million with a
// probability below 1 in 300,000.
class Fingerprints {
 public:
  static constexpr std::size_t most = std::size_t{12} << 20;
  // False: it was there.
  bool add(std::uint64_t f) {
    if (f == 0) f = 1;
    if (4 * (count_ + 1) > 3 * slots_.size()) grow();
    return put(f);
  }
  bool full() const { return count_ >= most; }

 private:
  bool put(std::uint64_t f) {
    for (std::size_t i = f & (slots_.size() - 1);; i = (i + 1) & (slots_.size() - 1)) {
      if (slots_[i] == f) return false;
      if (slots_[i] != 0) continue;
      slots_[i] = f;
      ++count_;
      return true;
    }
  }
  void grow() {
    std::vector<std::uint64_t> old(slots_.empty() ? 1024 : 2 * slots_.size());
    old.swap(slots_);
    count_ = 0;
    for (const auto f : old)
      if (f != 0) put(f);
  }
  std::vector<std::uint64_t> slots_;
  std::size_t count_ = 0;
};

std::uint64_t leading_bits(std::string_view hex) {
  std::uint64_t out = 0;
  std::from_chars(hex.data(), hex.data() + 16, out, 16);
  return out;
}

bool looks_like_json(std::string_view text) {
  const auto at = text.find_first_not_of(" \t\r\n\x1e");
  return at != std::string_view::npos && (text[at] == '{' || text[at] == '[');
}

Format format_of(const CsvRecords& records, const std::string& name) {
  std::vector<std::string> keys;
  for (const auto& cell : records.header()) keys.push_back(column_key(cell));
  const auto has = [&](std::string_view key) { return std::find(keys.begin(), keys.end(), key) != keys.end(); };
  const auto begins = [&](std::string_view key) {
    return std::any_of(keys.begin(), keys.end(), [&](const std::string& k) { return k.starts_with(key); });
  };
  if (has("run") && has("kind") && has("energyj")) return Format::wattline;
  if (has("timestamp") && has("emissions") && begins("energyconsumed")) return Format::codecarbon;
  if (begins("lineitem")) return Format::aws;
  if (has("metercategory")) return Format::azure;
  if (has("skudescription") || (has("usagestarttime") && has("usageamount"))) return Format::gcp;
  throw bad_input("no known format has these columns", fmt::format("{}:{}", name, records.header_line()),
                  "--format codecarbon, aws, gcp, azure, otel or wattline tells what it is; docs/formats/imports.md");
}

class Importer {
 public:
  Importer(TextSource& source, const ImportJob& job, Reading& reading, AccountWriter& writer, Merge& merge,
           const Context& context)
      : job_(job), reading_(reading), writer_(writer), merge_(merge), context_(context), source_(source) {
    label_ = std::filesystem::path(source_.name()).filename().string();
  }

  ImportOutcome run() {
    const bool json = looks_like_json(source_.peek());
    out_.format = job_.format;
    if (json && out_.format == Format::automatic)
      out_.format = source_.peek().find("\"resourceSpans\"") != std::string_view::npos ||
                            source_.peek().find("\"resourceLogs\"") != std::string_view::npos
                        ? Format::otel
                        : Format::wattline;
    if (out_.format == Format::otel || (json && out_.format == Format::wattline)) read_documents();
    else read_rows();
    out_.encoding = source_.encoding();
    out_.foreign_bytes = source_.foreign_bytes();
    return std::move(out_);
  }

 private:
  void progress() {
    if (out_.records % 1024 != 0) return;
    context_.check_cancelled();
    context_.progress(source_.fraction(), fmt::format("{} rows read", out_.records));
  }

  // An Error of a row says at least its line.
  [[noreturn]] void told(const Error& e, std::size_t line) const {
    if (e.kind() == ErrorKind::cancelled || e.kind() == ErrorKind::world || e.where().starts_with(source_.name()))
      throw e;
    throw e.at(fmt::format("{}:{}", source_.name(), line));
  }

  void read_rows() {
    CsvRecords records(source_);
    if (out_.format == Format::automatic) out_.format = format_of(records, source_.name());
    Sheet sheet(records, source_.name(), reading_.options.decimal, reading_.options.zone);
    const auto format = row_format(sheet);
    std::string text;
    while (sheet.next()) {
      ++out_.records;
      progress();
      text.clear();
      for (const auto cell : sheet.cells()) (text += csv::trimmed(cell)) += '\x1f';
      try {
        if (prefix_.empty()) {
          const auto identity = format->identity(sheet);
          name_file(identity.empty() ? text : identity);
        }
        if (auto fact = format->fact(sheet)) take(std::move(*fact), text, format->own_name(sheet), {}, sheet.line());
      } catch (const Error& e) {
        told(e, sheet.line());
      }
    }
    out_.zoneless = sheet.zoneless();
    out_.twice = sheet.twice();
  }

  std::unique_ptr<RowFormat> row_format(Sheet& sheet) {
    switch (out_.format) {
      case Format::codecarbon: return codecarbon_format(sheet, reading_);
      case Format::aws: return aws_format(sheet, reading_);
      case Format::gcp: return gcp_format(sheet, reading_);
      case Format::azure: return azure_format(sheet, reading_);
      default: return run_records_format(sheet, reading_);
    }
  }

  void read_documents() {
    JsonRecords records(source_);
    const auto format = out_.format == Format::otel ? otlp_format(reading_) : own_json_format(reading_);
    std::string_view text;
    while (records.next(text)) {
      const std::string where = fmt::format("{}:{}", source_.name(), records.line());
      context_.check_cancelled();
      try {
        format(parse_json(text, where), where, [&](DocumentItem&& item) {
          ++out_.records;
          progress();
          if (prefix_.empty()) name_file(item.own.empty() ? item.text : item.own);
          if (item.fact) take(std::move(*item.fact), item.text, item.own, item.factor_set, records.line());
        });
      } catch (const Error& e) {
        told(e, records.line());
      }
    }
  }

  void name_file(std::string_view identity) {
    prefix_ = fmt::format("import-{}-{}", to_string(out_.format), hash_of(identity).substr(0, 12));
    grows_ = writer_.known().any(prefix_ + "-");
  }

  void take(Fact&& fact, const std::string& text, const std::string& own, const std::string& factor_set,
            std::size_t line) {
    // Such a row counts nothing, whatever energy it tells of.
    if (fact.kind == "retraction")
      throw bad_input("a row of the kind 'retraction' takes back another one, and names none here",
                      fmt::format("{}:{}", source_.name(), line), "`wattline ledger retract ROW` takes back a row");
    const bool keeps_uid = !fact.uid.empty();
    const std::string digest = hash_of(keeps_uid ? fact.uid : text);
    if (job_.repeats != Repeats::keep || keeps_uid) {
      if (seen_.full()) {
        out_.repeats_unchecked = true;
      } else if (!seen_.add(leading_bits(digest))) {
        ++out_.repeated;
        if (job_.repeats == Repeats::skip) return;
        throw bad_input(keeps_uid ? fmt::format("the uid '{}' was in a row before", fact.uid)
                                  : "the row repeats an earlier one word for word",
                        fmt::format("{}:{}", source_.name(), line),
                        keeps_uid ? "--repeats skip leaves repeated rows out"
                                  : "--repeats skip leaves repeated rows out, --repeats keep counts each");
      }
    }
    if (keeps_uid) {
      if (writer_.known().has(fact.uid)) {
        merge_.known_by_name(std::move(fact));
        return;
      }
    } else {
      const std::string slot = fmt::format("{}-{:09}-", prefix_, out_.records);
      fact.uid = slot + digest.substr(0, 12) + (own.empty() ? "" : "-" + own);
      // Our own export as CodeCarbon's file names rows by their uids.
      if (out_.format == Format::codecarbon && own.size() > 12 && writer_.known().has(own)) {
        ++out_.known;
        return;
      }
      fact.labels.emplace_back("file", label_);
      if (grows_ && writer_.known().has(fact.uid)) {
        merge_.known(std::move(fact), fmt::format("{}:{}", source_.name(), line));
        return;
      }
      if (const std::string before = grows_ ? writer_.known().begins(slot) : ""; !before.empty()) {
        if (job_.changed == Changed::refuse)
          throw bad_input(
              "the row was imported before with other content, and would be counted twice",
              fmt::format("{}:{}", source_.name(), line),
              fmt::format("--changed correct puts it in the place of {}, --changed keep leaves that", before));
        if (job_.changed == Changed::keep) {
          ++out_.known;
          ++out_.kept;
          return;
        }
        ++out_.corrected;
        writer_.correct(before, std::move(fact));
        return;
      }
    }
    ++out_.fresh;
    out_.first_begin = std::min(out_.first_begin, fact.begin);
    out_.last_end = std::max(out_.last_end, fact.end);
    out_.energy.add(fact.energy);
    if (out_.first.size() < most_shown) out_.first.push_back(fact);
    writer_.add(std::move(fact), factor_set);
  }

  const ImportJob& job_;
  Reading& reading_;
  AccountWriter& writer_;
  Merge& merge_;
  const Context& context_;
  TextSource& source_;
  ImportOutcome out_;
  std::string label_, prefix_;
  bool grows_ = false;  // the account has rows of this file
  Fingerprints seen_;
};

}  // namespace

std::string_view to_string(Format f) {
  constexpr std::string_view names[] = {"auto", "codecarbon", "aws", "gcp", "azure", "otel", "wattline"};
  return names[static_cast<std::size_t>(f)];
}

ImportOutcome read_into(TextSource& source, const ImportJob& job, Reading& reading, AccountWriter& writer, Merge& merge,
                        const Context& context) {
  ImportOutcome out = Importer(source, job, reading, writer, merge, context).run();
  out.known += merge.same;
  out.corrected += merge.corrected;
  return out;
}

}  // namespace wattline::ledger::imports
