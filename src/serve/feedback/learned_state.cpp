#include "serve/feedback/learned_state.h"

#include <filesystem>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/options.h"
#include "kernel/time.h"
#include "kernel/write_whole.h"

namespace wattline::serve {
namespace {

constexpr std::int64_t save_every_ns = 5'000'000'000;
constexpr std::size_t largest_file = std::size_t{256} << 20;
// Algorithms whose settings were changed are let go when there are more than these.
constexpr std::size_t most_alive = 256;

}  // namespace

std::map<LearnedState::Name, Json> read_learned_state(std::string_view content, const std::string& where) {
  std::map<LearnedState::Name, Json> out;
  const Json json = parse_json(content, where);
  const Json* version = json.find("version");
  if (!version || !version->is_number() || version->as_number() != 1)
    throw bad_input("this version of learned state is not known; 1 is allowed", where);
  for (const Json& e : json.at("learned").as_array()) {
    LearnedState::Name name{e.at("router").as_string(), e.at("decision").as_string(), e.at("algorithm").as_string(),
                            e.text_or("settings", "")};
    out[std::move(name)] = e.at("state");
  }
  return out;
}

LearnedState::LearnedState(std::string file, std::function<void(std::string_view)> log)
    : file_(std::move(file)), log_(std::move(log)) {
  if (file_.empty() || !std::filesystem::exists(file_)) return;
  try {
    kept_ = read_learned_state(InputFile::from_path(file_).read(largest_file), file_);
  } catch (const Error& e) {
    throw e.at(file_);
  }
}

LearnedState::~LearnedState() {
  const std::lock_guard hold(mutex_);
  save();
}

std::shared_ptr<policy::Selector> LearnedState::selector(
    const Name& name, const std::function<std::unique_ptr<policy::Selector>()>& make) {
  const std::lock_guard hold(mutex_);
  if (const auto it = alive_.find(name); it != alive_.end()) return it->second;
  std::shared_ptr<policy::Selector> made = make();
  auto learned = kept_.find(name);
  if (learned == kept_.end()) learned = kept_.find({name.router, name.decision, name.algorithm, ""});
  if (learned != kept_.end()) {
    try {
      made->restore(learned->second);
      kept_.erase(learned);
    } catch (const Error& e) {
      if (log_)
        log_(fmt::format("what '{}' of router '{}' had learned does not fit and is left aside: {}", name.algorithm,
                         name.router, e.what()));
    }
  }
  if (alive_.size() >= most_alive)
    std::erase_if(alive_, [&](const auto& e) {
      if (e.second.use_count() > 1) return false;
      if (Json state = e.second->state(); !state.is_null()) kept_[e.first] = std::move(state);
      return true;
    });
  return alive_[name] = std::move(made);
}

void LearnedState::changed() {
  if (file_.empty()) return;
  const std::lock_guard hold(mutex_);
  if (monotonic_ns() - saved_ns_ >= save_every_ns) save();
}

Json LearnedState::json() {
  Json::Array learned;
  const auto add = [&](const Name& n, Json state) {
    if (state.is_null()) return;
    Json::Object e{{"router", n.router}, {"decision", n.decision}, {"algorithm", n.algorithm}};
    if (!n.settings.empty()) e.emplace_back("settings", n.settings);
    e.emplace_back("state", std::move(state));
    learned.push_back(Json(std::move(e)));
  };
  for (const auto& [name, selector] : alive_) add(name, selector->state());
  for (const auto& [name, state] : kept_)
    if (!alive_.contains(name)) add(name, state);
  return Json::Object{{"version", 1}, {"learned", Json(std::move(learned))}};
}

void LearnedState::save() {
  if (file_.empty()) return;
  saved_ns_ = monotonic_ns();
  try {
    write_whole(file_, json().dump(1));
  } catch (const Error& e) {
    if (log_) log_(e.what());
  }
}

}  // namespace wattline::serve
