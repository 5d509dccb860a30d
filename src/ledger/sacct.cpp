#include "ledger/sacct.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/error.h"
#include "ledger/slurm_values.h"

namespace wattline::ledger {
namespace {

void split(std::string_view line, char separator, std::vector<std::string_view>& out) {
  out.clear();
  for (std::size_t at = 0;;) {
    const std::size_t end = line.find(separator, at);
    if (end == std::string_view::npos) {
      out.push_back(line.substr(at));
      return;
    }
    out.push_back(line.substr(at, end - at));
    at = end + 1;
  }
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// A quick look at every line before the slow one.
bool mentions_job_id(std::string_view text) {
  for (const char* word : {"obID", "obid", "OBID"})
    if (text.find(word) != std::string_view::npos) return true;
  return false;
}

// What an Error or a table may show of a log: short, and no control characters.
std::string shown(std::string_view text) {
  std::string out(text.substr(0, 40));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  return out;
}

class Reader {
 public:
  Reader(std::string_view where, const std::function<void(const SacctRow&)>& on_row, SacctOptions options)
      : where_(where), on_row_(on_row), options_(std::move(options)) {}

  void line(std::string_view text, std::uint64_t number) {
    number_ = number;
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (trimmed(text).empty()) return;
    if (is_ruler(text)) return read_ruler(text);
    if (!pending_header_.empty())
      throw bad_input(fmt::format("'{}' follows a header without '|' and is no line of dashes", shown(text)), place(),
                      fmt::format("write the log by: {}", sacct_command));
    if (mentions_job_id(text) && header(text)) return;
    ++faults.lines;
    if (columns_.kinds.empty())
      throw bad_input(fmt::format("'{}' is no header line of sacct", shown(text)), place(),
                      fmt::format("write the log with its header: {}", sacct_command));
    if (fixed_) {
      cut_by_width(text);
    } else {
      if (closing_bar_ && text.ends_with(separator_)) text.remove_suffix(1);
      split(text, separator_, parts_);
    }
    if (fit()) take();
  }
  void finish() const {
    if (!pending_header_.empty())
      throw bad_input("the log ends after a header without '|'", place(),
                      fmt::format("write the log by: {}", sacct_command));
  }

  SacctFaults faults;

 private:
  std::string place() const { return fmt::format("{}:{}", where_, number_); }

  // Logs are often put together from several: each header counts from its line on.
  bool header(std::string_view text) {
    for (const char separator : {'|', '\t', ';'}) {
      std::string_view names = text;
      const bool closed = names.ends_with(separator);
      if (closed) names.remove_suffix(1);
      split(names, separator, parts_);
      if (parts_.size() < 2 || !is_sacct_header(parts_)) continue;
      separator_ = separator;
      closing_bar_ = closed;
      fixed_ = false;
      set_columns();
      return true;
    }
    // Fixed width: the line of dashes below says how wide each column is.
    split_by_spaces(text, parts_);
    if (is_sacct_header(parts_)) {
      pending_header_ = text;
      return true;
    }
    return false;
  }

  void set_columns() {
    columns_ = sacct_columns(parts_, where_);
    for (const auto& name : columns_.missing)
      if (std::find(faults.missing_columns.begin(), faults.missing_columns.end(), name) == faults.missing_columns.end())
        faults.missing_columns.push_back(name);
  }

  bool is_ruler(std::string_view text) const {
    return !pending_header_.empty() && text.find_first_not_of("- ") == std::string_view::npos &&
           text.find('-') != std::string_view::npos;
  }
  void read_ruler(std::string_view text) {
    widths_.clear();
    for (std::size_t at = 0; (at = text.find('-', at)) != std::string_view::npos;) {
      const std::size_t end = std::min(text.find(' ', at), text.size());
      widths_.push_back({at, end - at});
      at = end;
    }
    cut_by_width(pending_header_);
    pending_header_ = {};
    fixed_ = faults.fixed_width = true;
    set_columns();
  }
  void cut_by_width(std::string_view text) {
    parts_.clear();
    for (const auto& [begin, length] : widths_)
      parts_.push_back(begin < text.size() ? trimmed(text.substr(begin, length)) : std::string_view());
  }
  static void split_by_spaces(std::string_view text, std::vector<std::string_view>& out) {
    out.clear();
    for (std::size_t at = 0; (at = text.find_first_not_of(' ', at)) != std::string_view::npos;) {
      const std::size_t end = std::min(text.find(' ', at), text.size());
      out.push_back(text.substr(at, end - at));
      at = end;
    }
  }

  void fault(std::string what, bool left_out) {
    if (options_.strict && left_out)
      throw bad_input(what, place(), "mend the line, or leave out --strict to have such lines left out and counted");
    if (faults.first.size() < SacctFaults::most_kept) faults.first.push_back({number_, std::move(what)});
  }

  // Makes exactly one part per column.
  bool fit() {
    const std::size_t columns = columns_.kinds.size();
    if (parts_.size() < columns) {
      ++faults.truncated;
      fault(fmt::format("{} of {} columns: left out", parts_.size(), columns), true);
      return false;
    }
    if (parts_.size() > columns) {
      tries_ = 0;
      if (columns_.free_texts.empty() || !rejoin(0, 0, 0, parts_.size() - columns)) {
        ++faults.unreadable;
        fault(
            fmt::format("{} columns where {} belong, and no split of the texts fits: left out", parts_.size(), columns),
            true);
        return false;
      }
      parts_ = joined_;
      ++faults.rejoined;
    }
    const auto id = parts_[static_cast<std::size_t>(columns_.job_id)];
    // A fixed-width id that is cut before its '.' could be any job's.
    const bool cut = fixed_ && id.ends_with('+') && id.find('.') == std::string_view::npos;
    if (!plausible(SacctKind::job_id, id) || cut) {
      ++faults.unreadable;
      fault(fmt::format("'{}' is no job id: left out", shown(id)), true);
      return false;
    }
    return true;
  }

  // Columns from `column` on out of parts from `part` on, `extra` bars of which are text; the longest
  // first free text first. A line made to have endless splits is given up.
  bool rejoin(std::size_t column, std::size_t part, std::size_t free_seen, std::size_t extra) {
    if (++tries_ > most_tries) return false;
    if (column == 0) joined_.assign(columns_.kinds.size(), {});
    for (; column < columns_.kinds.size(); ++column, ++part) {
      if (columns_.kinds[column] != SacctKind::free) {
        if (!plausible(columns_.kinds[column], parts_[part])) return false;
        joined_[column] = parts_[part];
        continue;
      }
      const bool last_free = ++free_seen == columns_.free_texts.size();
      for (std::size_t more = extra + 1; more-- > 0;) {
        const char* begin = parts_[part].data();
        const char* end = parts_[part + more].data() + parts_[part + more].size();
        joined_[column] = {begin, static_cast<std::size_t>(end - begin)};
        if (rejoin(column + 1, part + more + 1, free_seen, extra - more)) return true;
        if (last_free) return false;
      }
      return false;
    }
    return part == parts_.size();
  }

  std::string_view text(int column) const {
    if (column < 0) return {};
    const auto part = parts_[static_cast<std::size_t>(column)];
    return part == "?" || part == "INVALID" || part == "Unknown" ? std::string_view() : part;
  }
  template <class Parse>
  auto value(int column, Parse parse) -> decltype(parse(std::string_view())) {
    const auto t = text(column);
    if (t.empty()) return {};
    auto out = parse(t);
    if (!out) {
      ++faults.bad_values;
      fault(fmt::format("'{}' is no {}: taken as missing", shown(t), columns_.names[static_cast<std::size_t>(column)]),
            false);
    }
    return out;
  }
  std::optional<double> duration(int column) {
    if (column < 0) return {};
    if (columns_.kinds[static_cast<std::size_t>(column)] == SacctKind::duration)
      return value(column, parse_slurm_duration);
    const auto seconds = value(column, parse_slurm_count);
    return seconds ? std::optional(static_cast<double>(*seconds)) : std::nullopt;
  }

  std::optional<Time> moment(std::string_view text) {
    const auto time = parse_slurm_time(text);
    if (!time || imports::has_zone(text)) return time;
    const auto found = options_.zone.moment(*time);
    faults.twice += found.meeting == imports::Zone::Meeting::twice;
    return found.time;
  }

  void take() {
    const SacctColumns& c = columns_;
    SacctRow row;
    row.line = number_;
    row.job_id = text(c.job_id);
    row.job_name = text(c.job_name);
    row.user = text(c.user);
    row.account = text(c.account);
    row.partition = text(c.partition);
    row.state = slurm_state(text(c.state));
    row.req_mem = text(c.req_mem);
    row.max_rss = text(c.max_rss);
    row.alloc_tres = text(c.tres);
    row.submit_as_written = parse_slurm_time(text(c.submit));
    row.submit = moment(text(c.submit));
    row.start = moment(text(c.start));
    row.elapsed = duration(c.elapsed);
    row.total_cpu = duration(c.total_cpu);
    row.cpu_time = duration(c.cpu_time);
    row.nodes = value(c.nodes, parse_slurm_count);
    row.cpus = value(c.cpus, parse_slurm_count);
    if (c.cpus < 0)
      if (const auto cpus = slurm_tres(row.alloc_tres, "cpu")) row.cpus = parse_slurm_count(*cpus);
    if (c.req_mem < 0) row.req_mem = slurm_tres(row.alloc_tres, "mem").value_or(std::string_view());
    const double by_tres = parse_slurm_gpus(row.alloc_tres), by_gres = parse_slurm_gres(text(c.gres));
    if (by_tres > 0 || by_gres > 0) row.gpus = by_tres > 0 ? by_tres : by_gres;
    if (fixed_ && row.alloc_tres.ends_with('+')) ++faults.cut_tres;
    if (const auto joules = value(c.energy, parse_slurm_count)) row.joules = static_cast<double>(*joules);
    ++faults.rows;
    on_row_(row);
  }

  static constexpr int most_tries = 2000;
  int tries_ = 0;
  std::uint64_t number_ = 0;
  std::string_view where_;
  const std::function<void(const SacctRow&)>& on_row_;
  SacctOptions options_;
  SacctColumns columns_;
  char separator_ = '|';
  bool closing_bar_ = false;  // sacct -p ends each line with one more '|'
  bool fixed_ = false;
  std::string_view pending_header_;
  struct Span {
    std::size_t begin, length;
  };
  std::vector<Span> widths_;
  std::vector<std::string_view> parts_, joined_;
};

}  // namespace

SacctFaults read_sacct(std::string_view text, std::string_view where,
                       const std::function<void(const SacctRow&)>& on_row, SacctOptions options) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  Reader reader(where, on_row, options);
  std::uint64_t number = 0;
  bool any = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    any = any || line.find_first_not_of(" \t\r") != std::string_view::npos;
    reader.line(line, ++number);
    at = end + 1;
  }
  reader.finish();
  if (!any) throw bad_input("the log is empty", std::string(where), fmt::format("write it by: {}", sacct_command));
  return std::move(reader.faults);
}

}  // namespace wattline::ledger
