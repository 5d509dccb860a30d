#include "meter/experiment/plan.h"

#include <algorithm>
#include <cerrno>
#include <set>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/error.h"
#include "kernel/json.h"

namespace wattline::meter {
namespace {

// Columns of a plan that are no factors.
bool of_the_plan(const std::string& name) {
  return name == "run" || name == "block" || name == "order" || name == "seed" || name == "command";
}

std::string quoted(const std::string& text) {
  if (text.find_first_of(",;\"\n\r\t") == text.npos && !text.empty() && text.front() != ' ' && text.back() != ' ')
    return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

Table as_text(const std::string& content, const std::string& where) {
  return read_csv(content, where, {.delimiter = ',', .infer = false});
}

std::string read_all(int fd, const std::string& path) {
  std::string out;
  char buffer[65536];
  ssize_t n;
  while ((n = ::read(fd, buffer, sizeof buffer)) > 0) out.append(buffer, static_cast<std::size_t>(n));
  if (n < 0) throw errno_error("read", path, errno);
  return out;
}

}  // namespace

std::string digest_of(const Plan& plan) {
  std::uint64_t state = 0xcbf29ce484222325ull;  // FNV-1a
  const auto add = [&](const std::string& text) {
    for (const unsigned char c : text) state = (state ^ c) * 0x100000001b3ull;
    state = (state ^ 0x1ff) * 0x100000001b3ull;
  };
  for (const auto& run : plan.runs) {
    add(run.id);
    for (const auto& word : run.command) add(word);
    for (const auto& [name, level] : run.factors) add(name + "=" + level);
  }
  return fmt::format("{:016x}", state);
}

Plan plan_of(const Table& table, const std::string& where) {
  for (const char* needed : {"run", "command"})
    if (!table.find(needed))
      throw bad_input(fmt::format("there is no column '{}'", needed), where,
                      "a plan is what `wattline study design FILE --csv --output plan.csv` writes");
  const auto index = [&](const Column& c) { return static_cast<std::size_t>(&c - table.columns().data()); };
  const std::size_t run = index(table.column("run")), command = index(table.column("command"));
  const Column* block = table.find("block");
  Plan out;
  for (const auto& c : table.columns())
    if (!of_the_plan(c.name)) out.factors.push_back(c.name);
  std::set<std::string> ids;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const std::string place = fmt::format("{}:{}", where, row + 2);
    PlannedRun p;
    p.id = table.cell_text(row, run, 17);
    if (p.id.empty() || p.id == "-") throw bad_input("the run has no name", place);
    if (!ids.insert(p.id).second) throw bad_input(fmt::format("the run '{}' is there twice", p.id), place);
    const std::string line = table.cell_text(row, command, 17);
    if (line.empty() || line == "-") throw bad_input("the run has no command", place);
    p.command = {"/bin/sh", "-c", line};
    if (block) {
      const std::string text = table.cell_text(row, index(*block), 17);
      try {
        p.block = std::stoll(text);
      } catch (const std::exception&) {
        throw bad_input(fmt::format("'{}' is no number of a block", text), place);
      }
    }
    for (const auto& name : out.factors) {
      std::string level = table.cell_text(row, index(table.column(name)), 17);
      // A line of the records is a run.
      if (level.find_first_of("\n\r") != level.npos)
        throw bad_input("a level has a line end in it", place + ": " + name);
      p.factors.emplace_back(name, std::move(level));
    }
    out.runs.push_back(std::move(p));
  }
  if (out.runs.empty()) throw bad_input("the plan has no runs", where);
  out.digest = digest_of(out);
  return out;
}

std::string RecordsFile::header() const {
  std::string out =
      "run,kind,begin,end,energy [J],energy_low [J],energy_high [J],method,duration [s],cpu [s],power [W],busy,"
      "exit_code,block,order";
  for (const auto& f : plan_.factors) out += "," + quoted(f);
  return out + ",device,plan";
}

RecordsFile::RecordsFile(std::string path, const Plan& plan) : path_(std::move(path)), plan_(plan) {
  fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd_ < 0) throw errno_error("write", path_, errno);
  try {
    struct stat there {};
    if (::fstat(fd_, &there) != 0 || !S_ISREG(there.st_mode))
      throw bad_input("a file is needed for the records", path_);
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0)
      throw world_error("another process writes it", path_, "is the same study running already?");
    read_back(read_all(fd_, path_));
  } catch (...) {
    ::close(fd_);
    throw;
  }
}

RecordsFile::~RecordsFile() { ::close(fd_); }

void RecordsFile::read_back(const std::string& content) {
  // A kill in the middle of a line leaves a part of it: that run was not recorded.
  const auto last = content.rfind('\n');
  const std::string whole = last == content.npos ? "" : content.substr(0, last + 1);
  const std::string first = header() + "\n";
  if (whole.empty() && !content.empty() && !first.starts_with(content))
    throw bad_input("this is no file of records", path_, "name another file with --records");
  if (whole.size() != content.size() && ::ftruncate(fd_, static_cast<off_t>(whole.size())) != 0)
    throw errno_error("write", path_, errno);
  if (whole.empty()) {
    if (::write(fd_, first.data(), first.size()) != static_cast<ssize_t>(first.size()) || ::fsync(fd_) != 0)
      throw errno_error("write", path_, errno);
    return;
  }
  if (!whole.starts_with(first))
    throw bad_input("this is no file of records of this plan: its columns are others", path_,
                    "name another file with --records, or take the plan that it is of");
  const Table t = as_text(whole, path_);
  std::set<std::string> known;
  for (const auto& run : plan_.runs) known.insert(run.id);
  for (std::size_t row = 0; row < t.rows(); ++row) {
    const std::string place = fmt::format("{}:{}", path_, row + 2);
    const auto number = [&](const char* column) {
      try {
        return std::stod(t.column(column).texts()[row]);
      } catch (const std::exception&) {
        throw bad_input(fmt::format("'{}' in column '{}' is no number", t.column(column).texts()[row], column), place);
      }
    };
    if (t.column("plan").texts()[row] != plan_.digest)
      throw bad_input("the run was recorded of another plan", place,
                      "the plan or its commands were changed since: name another file with --records");
    RunRecord r;
    r.id = t.column("run").texts()[row];
    if (!known.contains(r.id)) throw bad_input(fmt::format("the plan has no run '{}'", r.id), place);
    r.exit_code = static_cast<int>(number("exit_code"));
    r.energy = number("energy");
    r.duration = number("duration");
    r.cpu = number("cpu");
    r.power = number("power");
    done_.push_back(std::move(r));
  }
}

bool RecordsFile::has(const std::string& id) const {
  return std::any_of(done_.begin(), done_.end(), [&](const RunRecord& r) { return r.id == id; });
}

void RecordsFile::add(const PlannedRun& run, const RunEnergy& e) {
  RunRecord r;
  r.id = run.id;
  r.exit_code = e.outcome.exit_code;
  r.energy = e.total.value().base();
  r.duration = e.outcome.length.base();
  r.cpu = (e.outcome.user + e.outcome.system).base();
  r.power = e.mean ? e.mean->value().base() : 0;
  std::string line = fmt::format(
      "{},run,{},{},{},{},{},{},{},{},{},{},{},{},{}", quoted(run.id), to_string(e.outcome.begin, 6),
      to_string(e.outcome.end, 6), shortest(r.energy), shortest(e.total.low().base()), shortest(e.total.high().base()),
      to_string(e.total.method()), shortest(r.duration), shortest(r.cpu), shortest(r.power),
      e.share_of_busy ? shortest(*e.share_of_busy) : "", r.exit_code, run.block, done_.size() + 1);
  for (const auto& [name, level] : run.factors) line += "," + quoted(level);
  line += fmt::format(",{},{}\n", quoted(e.device), plan_.digest);
  if (::write(fd_, line.data(), line.size()) != static_cast<ssize_t>(line.size()) || ::fsync(fd_) != 0)
    throw errno_error("write", path_, errno);
  done_.push_back(std::move(r));
}

}  // namespace wattline::meter
