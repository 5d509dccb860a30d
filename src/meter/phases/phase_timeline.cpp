#include "meter/phases/phase_timeline.h"

#include <algorithm>

#include <fmt/format.h>

namespace wattline::meter {
namespace {

constexpr std::size_t none = SIZE_MAX;

class Builder {
 public:
  Builder(Time begin, Time end) : last_(begin), end_(end) {}

  void take(const PhaseEvent& e) {
    go_to(std::clamp(e.at, last_, end_));
    switch (e.verb) {
      case PhaseVerb::begin: begin(e.name); break;
      case PhaseVerb::end: end(e.name); break;
      case PhaseVerb::mark: mark(e.name); break;
      case PhaseVerb::next: mark(fmt::format("phase {}", ++marks_by_us_)); break;
    }
  }

  PhaseTimeline finish() {
    go_to(end_);
    for (const std::size_t id : stack_) {
      const std::string& name = out_.phases[id].name;
      if (std::find(out_.unclosed.begin(), out_.unclosed.end(), name) == out_.unclosed.end())
        out_.unclosed.push_back(name);
    }
    for (std::size_t id = 0; id < out_.phases.size(); ++id) close(id);
    return std::move(out_);
  }

 private:
  // The time until now is of whoever has had it.
  void go_to(Time now) {
    if (now > last_) {
      const std::size_t owner = stack_.empty() ? marked_ : stack_.back();
      auto& spans = owner == none ? out_.outside : out_.phases[owner].own;
      if (!spans.empty() && spans.back().to == last_) spans.back().to = now;
      else spans.push_back({last_, now});
      out_.overlap = out_.overlap || distinct_ > 1;
      last_ = now;
    }
  }

  std::size_t id_of(const std::string& name) {
    const auto it = ids_.find(name);
    if (it != ids_.end()) return it->second;
    if (out_.phases.size() == most_phase_names) return none;
    out_.phases.push_back({name, 0, {}, {}});
    open_.push_back(0);
    since_.push_back(closed_already);
    return ids_[name] = out_.phases.size() - 1;
  }
  void opened(std::size_t id) {
    ++out_.phases[id].times;
    if (open_[id]++ > 0) return;
    ++distinct_;
    since_[id] = last_;
  }
  void closed(std::size_t id) {
    if (--open_[id] == 0) close(id);
  }
  void close(std::size_t id) {
    if (since_[id] == closed_already) return;
    if (last_ > since_[id]) {
      auto& spans = out_.phases[id].open;
      if (!spans.empty() && spans.back().to == since_[id]) spans.back().to = last_;
      else spans.push_back({since_[id], last_});
    }
    since_[id] = closed_already;
    --distinct_;
  }

  void begin(const std::string& name) {
    const std::size_t id = stack_.size() < most_phases_open ? id_of(name) : none;
    if (id == none) {
      ++out_.left_out;
      return;
    }
    stack_.push_back(id);
    opened(id);
  }
  void end(const std::string& name) {
    const auto known = ids_.find(name);
    const auto at = known == ids_.end() ? stack_.rend() : std::find(stack_.rbegin(), stack_.rend(), known->second);
    if (at == stack_.rend()) {
      ++out_.unmatched;
      return;
    }
    const std::size_t id = *at;
    stack_.erase(std::next(at).base());
    closed(id);
  }
  void mark(const std::string& name) {
    const std::size_t id = name.empty() ? none : id_of(name);
    if (!name.empty() && id == none) ++out_.left_out;
    if (marked_ != none) closed(marked_);
    marked_ = id;
    if (id != none) opened(id);
  }

  static constexpr Time closed_already{INT64_MIN};
  PhaseTimeline out_;
  Time last_;
  const Time end_;
  std::map<std::string, std::size_t> ids_;
  std::vector<std::size_t> stack_;  // begun and not ended, the last at the back
  std::vector<std::size_t> open_;  // by phase: how often at once
  std::vector<Time> since_;
  std::size_t marked_ = none, distinct_ = 0, marks_by_us_ = 0;
};

}  // namespace

PhaseTimeline phase_timeline(std::vector<PhaseEvent> events, Time begin, Time end) {
  // Marks of several threads come a little out of order.
  std::stable_sort(events.begin(), events.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  Builder builder(begin, end);
  for (const auto& e : events) builder.take(e);
  return builder.finish();
}

}  // namespace wattline::meter
