#include "ledger/sacct.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "kernel/error.h"
#include "ledger/slurm_values.h"

namespace wattline::ledger {
namespace {

enum class Kind { job_id, free, word, duration, count, time, memory, tres, state, other };

struct KnownColumn {
  std::string_view name;
  Kind kind;
};
// The names of sacct, lower-cased. Columns not listed here are taken as words.
constexpr KnownColumn known_columns[] = {
    {"jobid", Kind::job_id},       {"jobname", Kind::free},       {"workdir", Kind::free},
    {"comment", Kind::free},       {"admincomment", Kind::free},  {"systemcomment", Kind::free},
    {"submitline", Kind::free},    {"user", Kind::word},          {"account", Kind::word},
    {"partition", Kind::word},     {"uid", Kind::count},          {"elapsed", Kind::duration},
    {"totalcpu", Kind::duration},  {"cputime", Kind::duration},   {"usercpu", Kind::duration},
    {"systemcpu", Kind::duration}, {"nnodes", Kind::count},       {"ncpus", Kind::count},
    {"alloccpus", Kind::count},    {"allocnodes", Kind::count},   {"submit", Kind::time},
    {"start", Kind::time},         {"end", Kind::time},           {"reqmem", Kind::memory},
    {"maxrss", Kind::memory},      {"alloctres", Kind::tres},     {"reqtres", Kind::tres},
    {"state", Kind::state},
};

bool all_of(std::string_view text, std::string_view extra) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           extra.find(c) != std::string_view::npos;
  });
}

bool plausible(Kind kind, std::string_view text) {
  switch (kind) {
    case Kind::job_id:
      return !text.empty() && text[0] >= '0' && text[0] <= '9' && all_of(text, "._+[]-,%");
    case Kind::duration:
      return text.empty() || text == "INVALID" || parse_slurm_duration(text);
    case Kind::count:
      return text.empty() || parse_slurm_count(text);
    case Kind::time:
      return text.empty() || text == "Unknown" || text == "None" || text == "N/A" || parse_slurm_time(text);
    case Kind::memory:
      return text.empty() || text == "?" || parse_slurm_memory(text);
    case Kind::tres:
      return text.empty() || (text.find('=') != std::string_view::npos && text.find('/') != 0);
    case Kind::state:
      return !text.empty() && text[0] >= 'A' && text[0] <= 'Z' && all_of(text, "_ +");
    case Kind::word: return text.find('/') == std::string_view::npos;
    case Kind::free:
    case Kind::other: return true;
  }
  return true;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

void split(std::string_view line, std::vector<std::string_view>& out) {
  out.clear();
  for (std::size_t at = 0;;) {
    const std::size_t bar = line.find('|', at);
    if (bar == std::string_view::npos) {
      out.push_back(line.substr(at));
      return;
    }
    out.push_back(line.substr(at, bar - at));
    at = bar + 1;
  }
}

class Reader {
 public:
  Reader(std::string_view where, const std::function<void(const SacctRow&)>& on_row)
      : where_(where), on_row_(on_row) {}

  void line(std::string_view text, std::uint64_t number) {
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (text.find_first_not_of(" \t") == std::string_view::npos) return;
    ++faults.lines;
    split(text, parts_);
    if (is_header()) return read_header();
    if (kinds_.empty())
      throw bad_input(fmt::format("'{}' is no header line of sacct", text.substr(0, 60)), fmt::format("{}:{}", where_, number),
                      fmt::format("write the log with its header: {}", sacct_command));
    if (!fit(number)) return;
    take(number);
  }

  SacctFaults faults;

 private:
  bool is_header() const {
    return std::any_of(parts_.begin(), parts_.end(), [](std::string_view p) { return lower(p) == "jobid"; });
  }

  // Logs are often put together from several: each header counts from its line on.
  void read_header() {
    kinds_.clear();
    names_.clear();
    for (const auto& part : parts_) {
      std::string name = lower(part);
      if (const auto width = name.find('%'); width != std::string::npos) name.resize(width);
      Kind kind = Kind::other;
      for (const auto& known : known_columns)
        if (known.name == name) kind = known.kind;
      kinds_.push_back(kind);
      names_.push_back(std::move(name));
    }
    free_.clear();
    for (std::size_t i = 0; i < kinds_.size(); ++i)
      if (kinds_[i] == Kind::free) free_.push_back(i);
    const auto at = [&](std::string_view name) {
      const auto it = std::find(names_.begin(), names_.end(), name);
      return it == names_.end() ? -1 : static_cast<int>(it - names_.begin());
    };
    const auto either = [&](std::string_view a, std::string_view b) { return at(a) >= 0 ? at(a) : at(b); };
    job_id_ = at("jobid"), job_name_ = at("jobname"), user_ = either("user", "uid"), account_ = at("account");
    partition_ = at("partition"), state_ = at("state"), req_mem_ = at("reqmem"), max_rss_ = at("maxrss");
    tres_ = either("alloctres", "reqtres"), submit_ = at("submit"), start_ = at("start"), elapsed_ = at("elapsed");
    total_cpu_ = at("totalcpu"), cpu_time_ = at("cputime"), nodes_ = either("nnodes", "allocnodes");
    cpus_ = either("ncpus", "alloccpus");
    if (elapsed_ < 0)
      throw bad_input("the log has no column Elapsed", std::string(where_), fmt::format("write it by: {}", sacct_command));
    for (const char* wanted : {"state", "ncpus", "totalcpu", "cputime", "reqmem", "maxrss", "alloctres", "partition"})
      if (at(wanted) < 0 && std::find(faults.missing_columns.begin(), faults.missing_columns.end(), wanted) ==
                                faults.missing_columns.end())
        faults.missing_columns.emplace_back(wanted);
  }

  void example(std::uint64_t number, std::string text) {
    if (faults.examples.size() < 5) faults.examples.push_back(fmt::format("line {}: {}", number, std::move(text)));
  }

  // Makes exactly one part per column.
  bool fit(std::uint64_t number) {
    const std::size_t columns = kinds_.size();
    if (parts_.size() < columns) {
      ++faults.truncated;
      example(number, fmt::format("{} of {} columns", parts_.size(), columns));
      return false;
    }
    if (parts_.size() > columns) {
      const std::size_t extra = parts_.size() - columns;
      tries_ = 0;
      if (free_.empty() || !rejoin(0, 0, 0, extra)) {
        ++faults.unreadable;
        example(number, fmt::format("{} columns where {} belong, and no split of the texts fits", parts_.size(), columns));
        return false;
      }
      parts_ = joined_;
      ++faults.rejoined;
    }
    if (!plausible(Kind::job_id, parts_[static_cast<std::size_t>(job_id_)])) {
      ++faults.unreadable;
      example(number, fmt::format("'{}' is no job id", parts_[static_cast<std::size_t>(job_id_)].substr(0, 40)));
      return false;
    }
    return true;
  }

  // Columns from `column` on out of parts from `part` on, `extra` bars of which are text; the longest
  // first free text first. A line made to have endless splits is given up.
  bool rejoin(std::size_t column, std::size_t part, std::size_t free_seen, std::size_t extra) {
    if (++tries_ > most_tries) return false;
    if (column == 0) joined_.assign(kinds_.size(), {});
    for (; column < kinds_.size(); ++column, ++part) {
      if (kinds_[column] != Kind::free) {
        if (!plausible(kinds_[column], parts_[part])) return false;
        joined_[column] = parts_[part];
        continue;
      }
      const bool last_free = ++free_seen == free_.size();
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
    return part == "?" || part == "INVALID" ? std::string_view() : part;
  }
  template <class Parse>
  auto value(int column, std::uint64_t number, Parse parse) -> decltype(parse(std::string_view())) {
    const auto t = text(column);
    if (t.empty()) return {};
    auto out = parse(t);
    if (!out) {
      ++faults.bad_values;
      example(number, fmt::format("'{}' is no {}", t.substr(0, 40), names_[static_cast<std::size_t>(column)]));
    }
    return out;
  }

  void take(std::uint64_t number) {
    SacctRow row;
    row.line = number;
    row.job_id = text(job_id_);
    row.job_name = text(job_name_);
    row.user = text(user_);
    row.account = text(account_);
    row.partition = text(partition_);
    row.state = slurm_state(text(state_));
    row.req_mem = text(req_mem_);
    row.max_rss = text(max_rss_);
    row.alloc_tres = text(tres_);
    row.submit = submit_ < 0 ? std::nullopt : parse_slurm_time(text(submit_));
    row.start = start_ < 0 ? std::nullopt : parse_slurm_time(text(start_));
    row.elapsed = value(elapsed_, number, parse_slurm_duration);
    row.total_cpu = value(total_cpu_, number, parse_slurm_duration);
    row.cpu_time = value(cpu_time_, number, parse_slurm_duration);
    row.nodes = value(nodes_, number, parse_slurm_count);
    row.cpus = value(cpus_, number, parse_slurm_count);
    ++faults.rows;
    on_row_(row);
  }

  static constexpr int most_tries = 2000;
  int tries_ = 0;
  std::string_view where_;
  const std::function<void(const SacctRow&)>& on_row_;
  std::vector<Kind> kinds_;
  std::vector<std::string> names_;
  std::vector<std::size_t> free_;
  std::vector<std::string_view> parts_, joined_;
  int job_id_ = -1, job_name_ = -1, user_ = -1, account_ = -1, partition_ = -1, state_ = -1, req_mem_ = -1,
      max_rss_ = -1, tres_ = -1, submit_ = -1, start_ = -1, elapsed_ = -1, total_cpu_ = -1, cpu_time_ = -1,
      nodes_ = -1, cpus_ = -1;
};

}  // namespace

SacctFaults read_sacct(std::string_view text, std::string_view where,
                       const std::function<void(const SacctRow&)>& on_row) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  Reader reader(where, on_row);
  std::uint64_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    reader.line(text.substr(at, end - at), ++number);
    at = end + 1;
  }
  if (reader.faults.lines == 0)
    throw bad_input("the log is empty", std::string(where), fmt::format("write it by: {}", sacct_command));
  return std::move(reader.faults);
}

}  // namespace wattline::ledger
