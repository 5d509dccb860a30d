#include "meter/top/top_command.h"

#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "catalog/place_options.h"
#include "kernel/error.h"
#include "kernel/time.h"
#include "kernel/unicode_locale.h"
#include "meter/agent/agent.h"
#include "meter/agent/snapshot_json.h"
#include "meter/agent/snapshot_report.h"
#include "meter/monitor/monitor.h"
#include "meter/top/terminal.h"
#include "meter/top/top_view.h"

namespace wattline::meter {
namespace {

struct TopOptions {
  Duration interval{1};
  Level level = Level::process;
  bool once = false, lines = false;
  std::int64_t top = 20;
  catalog::PlaceOptions place;
};

constexpr int key_wait_ms = 100;
constexpr int settle_ms = 50;

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 && name[0] ? name : "localhost";
}

std::int64_t ns(Duration d) { return static_cast<std::int64_t>(d.base() * 1e9); }

// Waits so long; false when the end was asked for.
bool pause(std::int64_t until_ns, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, std::chrono::nanoseconds(std::max<std::int64_t>(0, until_ns - monotonic_ns())),
                [] { return false; });
  return !stop.stop_requested();
}

class Top {
 public:
  Top(const TopOptions& o, Context& context)
      : o_(o), context_(context), monitor_(settings(o), context.get<catalog::Catalog>()), host_(host_name()) {
    const auto grid = catalog::resolve(o.place, context.get<catalog::Catalog>());
    carbon_.place = o.place.place.empty() && !o.place.intensity ? "" : o.place.intensity ? "your figure" : grid.place;
    carbon_.g_per_kwh = grid.carbon_intensity.value().in(units::gCO2e_per_kWh)*grid.pue.value();
    state_.level = o.level;
    look_.unicode = unicode_locale();
    monitor_.tick();
  }

  Result once() {
    pause(monotonic_ns() + ns(o_.interval), context_.stop);
    monitor_.tick();
    return snapshot_report(monitor_.snapshot(), fmt::format("{}, {:.3g} s", host_, o_.interval.base()), named());
  }

  // One JSON object a tick on standard output, until the end or the reader leaves.
  Result lines() {
    const std::string instance = new_instance();
    std::uint64_t version = 0;
    while (pause(next(), context_.stop)) {
      monitor_.tick();
      Published p;
      p.host = host_;
      p.instance = instance;
      p.version = ++version;
      p.interval = o_.interval;
      p.seen = monitor_.snapshot();
      if (!print(snapshot_json(p))) break;
    }
    return {};
  }

  // For terminals whose cursor does not move: a frame after another.
  Result plain() {
    look_.keys = false;
    while (pause(next(), context_.stop)) {
      look();
      std::string text;
      for (const auto& line : draw()) text += line + "\n";
      if (!print(text + "\n")) break;
    }
    return farewell();
  }

  Result live() {
    look_.colour = terminal_colours();
    {
      Screen screen(STDIN_FILENO, STDOUT_FILENO);
      KeyReader keys;
      bool gone = false;
      std::int64_t at = next();
      look();
      bool fresh = true;
      while (!state_.quit && !gone && !context_.stop.stop_requested()) {
        const auto size = screen.size();
        fresh = fresh || size.width != look_.width || size.height != look_.height;
        look_.width = size.width;
        look_.height = size.height;
        if (std::exchange(fresh, false)) {
          if (state_.scrolled > 0) state_.scrolled = std::min(state_.scrolled, most_scrolled(rows(), *now_, look_));
          screen.show(draw());
        }
        const auto left = (at - monotonic_ns()) / 1'000'000;
        const std::string typed =
            screen.wait(static_cast<int>(std::clamp<std::int64_t>(left, 0, settling_ ? settle_ms : key_wait_ms)), gone);
        for (const auto& key : typed.empty() ? keys.settle() : keys.feed(typed))
          state_.take(key, look_.height > 12 ? look_.height - 10 : 1), fresh = true;
        settling_ = !typed.empty();
        if (monotonic_ns() < at) continue;
        at = next();
        look();
        fresh = true;
      }
    }
    return farewell();
  }

 private:
  static MonitorSettings settings(const TopOptions& o) {
    MonitorSettings m;
    m.roots = Roots::from_environment();
    m.interval = o.interval;
    return m;
  }
  std::int64_t next() {
    at_ = std::max(at_ + ns(o_.interval), monotonic_ns());
    return at_;
  }
  // Reads; a picture that stands still does not stop the reading.
  void look() {
    monitor_.tick();
    Snapshot fresh = monitor_.snapshot();
    history_.add(fresh);
    if (state_.paused && now_) return;
    before_ = std::move(now_);
    now_ = std::move(fresh);
  }
  std::vector<std::string> draw() const {
    return draw_top(before_ ? &*before_ : nullptr, *now_, host_, state_, history_, carbon_, look_);
  }
  std::size_t rows() const { return top_rows(before_ ? &*before_ : nullptr, *now_, state_).size(); }
  Result farewell() { return snapshot_report(monitor_.snapshot(), host_, named()); }
  std::size_t named() const { return static_cast<std::size_t>(o_.top); }
  // False when the reader left, which is no fault; a full disk is.
  static bool print(const std::string& text) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return true;
    if (errno != EPIPE) throw errno_error("write", "standard output", errno);
    return false;
  }

  const TopOptions& o_;
  Context& context_;
  Monitor monitor_;
  const std::string host_;
  TopCarbon carbon_;
  TopState state_;
  TopHistory history_;
  TopLook look_;
  std::optional<Snapshot> before_, now_;
  std::int64_t at_ = monotonic_ns();
  bool settling_ = false;
};

Result top(const TopOptions& o, Context& context) {
  Top t(o, context);
  if (o.lines) return t.lines();
  if (o.once || !::isatty(STDIN_FILENO) || !::isatty(STDOUT_FILENO)) return t.once();
  return terminal_has_screen() ? t.live() : t.plain();
}

std::vector<std::string> level_names() {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < level_count; ++i) out.emplace_back(to_string(static_cast<Level>(i)));
  return out;
}

}  // namespace

Capability top_capability() {
  static const auto fields =
      Fields<TopOptions>()
          .quantity("interval", &TopOptions::interval, "s", "between two readings")
          .range(0.1, 60)
          .enumeration("level", &TopOptions::level, level_names(), "what to begin with")
          .flag("once", &TopOptions::once, "read twice, one interval apart, print what was seen, and end")
          .integer("top", &TopOptions::top, "consumers that --once and the end name of each level; the others are one")
          .range(1, 10000)
          .flag("lines", &TopOptions::lines, "one JSON object a reading (agent.snapshot.v1), for scripts")
          .group(&TopOptions::place, catalog::place_fields(), "Place");
  Capability c =
      capability<TopOptions>("meter", "top", "The watts of this machine and whose they are, live.", top, fields);
  c.description =
      "A live view: devices with their watts and small graphs; processes, containers, pods, users, jobs or services by "
      "watts of "
      "active energy; joules since it was started, and what the electricity of --place makes of them. What no counter "
      "told is modelled, and says so. Keys: p c o u j g m v choose a level, s the order, / a part of a name, space "
      "stands "
      "still, h explains, q ends.\n\n"
      "Where the output is no terminal, and with --once, it reads twice and prints the result as any command does "
      "(--json, --csv, --html); --lines goes on and writes a JSON object a reading. NO_COLOR is kept to; where TERM is "
      "dumb one frame follows another.";
  c.verb = Verb::observe;
  c.cost = Cost::service;
  c.doors = Doors::command_line;
  c.aliases = {"top"};
  c.emits = {"agent.components.v1", "agent.consumers.v1"};
  c.examples = {{{"--once", "--interval", "0.1 s"}, {}, "Components"}};
  return c;
}

}  // namespace wattline::meter
