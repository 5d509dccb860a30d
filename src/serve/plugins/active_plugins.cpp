#include "serve/plugins/active_plugins.h"

#include <algorithm>
#include <optional>
#include <random>
#include <utility>

#include <fmt/format.h>

#include "kernel/cpu_energy.h"
#include "serve/api_error.h"
#include "serve/http_text.h"
#include "serve/plugins/plugin_memory.h"
#include "serve/plugins/request_draft.h"

namespace wattline::serve {
namespace {

class CpuMeter {
 public:
  explicit CpuMeter(Duration& sum) : sum_(sum), begun_(thread_cpu_time()) {}
  ~CpuMeter() { sum_ = sum_ + (thread_cpu_time() - begun_); }
  CpuMeter(const CpuMeter&) = delete;
  CpuMeter& operator=(const CpuMeter&) = delete;

 private:
  Duration& sum_;
  Duration begun_;
};

}  // namespace

// Puts values back into a stream and gathers what the model said.
class PluginStream final : public ClientStream {
 public:
  PluginStream(ActivePlugins& plugins, std::unique_ptr<ClientStream> inner)
      : plugins_(plugins), inner_(std::move(inner)) {
    if (plugins.restores()) restorer_.emplace(plugins.run_.redaction());
  }

  std::optional<ApiError> push(std::string_view chunk, std::string& out) override {
    std::string told;
    {
      const CpuMeter meter(plugins_.cpu_);
      gather(chunk, plugins_.gathered_);
      if (restorer_) chunk = told = restorer_->push(chunk);
    }
    return tell(chunk, out);
  }
  void finish(std::string& out) override {
    if (restorer_)
      if (const std::string rest = restorer_->finish(); !rest.empty()) tell(rest, out);
    if (inner_) inner_->finish(out);
    else out += "data: [DONE]\n\n";
  }
  void fail(const ApiError& e, std::string& out) override {
    if (inner_) inner_->fail(e, out);
    else out += error_event(to_json(e));
  }

 private:
  std::optional<ApiError> tell(std::string_view chunk, std::string& out) {
    if (inner_) return inner_->push(chunk, out);
    out.append("data: ").append(chunk).append("\n\n");
    return std::nullopt;
  }

  ActivePlugins& plugins_;
  std::unique_ptr<ClientStream> inner_;
  std::optional<ReplyRestorer> restorer_;
};

ActivePlugins::ActivePlugins(const policy::PluginSet& set, std::string owner, PluginMemory& memory)
    : run_(set), owner_(std::move(owner)), memory_(memory) {}

policy::PluginPlace ActivePlugins::place() {
  policy::PluginPlace p;
  p.owner = owner_;
  p.now = Time::now();
  p.memory = &memory_.episodes;
  if (run_.set().tool_selection) {
    p.tools = &memory_.tools();
    p.chance = [] {
      thread_local std::mt19937_64 random(std::random_device{}());
      return static_cast<double>(random() >> 11) * 0x1p-53;
    };
  }
  if (const auto& c = run_.set().context_compression; c && c->recovery)
    p.keep = [this, ttl = Duration(c->ttl_s)](std::string_view text) {
      std::string id = memory_.context_id(owner_, text);
      return memory_.context.keep(id, owner_, text, Time::now(), ttl) ? id : std::string();
    };
  return p;
}

void ActivePlugins::on_request(std::string_view body) {
  const CpuMeter meter(cpu_);
  RequestDraft request(body);
  run_.on_request(request.draft, place());
  headers_ = std::move(request.draft.headers);
  if (request.changed()) body_ = request.written();
}

void ActivePlugins::change_headers(std::string& headers) const {
  const auto take_out = [&](std::string_view name) {
    for (std::size_t line = 0; line < headers.size();) {
      const std::size_t end = std::min(headers.find('\n', line), headers.size() - 1) + 1;
      const std::string_view text = std::string_view(headers).substr(line, end - line);
      const bool same = text.size() > name.size() && text[name.size()] == ':' &&
                        std::equal(name.begin(), name.end(), text.begin(),
                                   [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); });
      if (same) headers.erase(line, end - line);
      else line = end;
    }
  };
  for (const auto& h : headers_) {
    take_out(h.name);
    if (!h.taken_out) headers.append(h.name).append(": ").append(h.value).append("\r\n");
  }
}

void ActivePlugins::judge(std::string_view chat) {
  const CpuMeter meter(cpu_);
  gathered_ = {};
  gather(chat, gathered_);
  judged_ = false;
  judge_gathered();
}

void ActivePlugins::judge_text(std::string_view text, std::string_view finish_reason) {
  const CpuMeter meter(cpu_);
  gathered_ = {};
  gathered_.text = text.substr(0, gathered_.most);
  gathered_.cut = text.size() > gathered_.most;
  gathered_.finish_reason = finish_reason;
  judged_ = false;
  judge_gathered();
}

void ActivePlugins::judge_gathered() {
  if (std::exchange(judged_, true)) return;
  run_.check({gathered_.text, gathered_.finish_reason, gathered_.calls_tools, gathered_.cut});
}

ApiError ActivePlugins::blocked() const {
  std::string names;
  for (const auto& f : run_.failed()) names += (names.empty() ? "" : ", ") + std::string(to_string(f.check));
  return api_error(502, fmt::format("the answer was held back: {} (heuristic checks)", names), "server_error", {},
                   "answer_blocked");
}

void ActivePlugins::restore(std::string& chat) const {
  if (restores()) chat = restored_reply(chat, run_.redaction());
}

std::unique_ptr<ClientStream> ActivePlugins::voice(std::unique_ptr<ClientStream> inner) {
  if (!run_.set().reads_answer()) return inner;
  gathered_ = {};
  judged_ = false;
  return std::make_unique<PluginStream>(*this, std::move(inner));
}

std::shared_ptr<const RouteTold> ActivePlugins::told(const RouteTold& route, bool answered) {
  if (answered) {
    const CpuMeter meter(cpu_);
    judge_gathered();
    if (!std::exchange(remembered_, true)) run_.remember(gathered_.text, place());
  }
  auto out = std::make_shared<RouteTold>(route);
  out->plugins.clear();
  for (const auto& e : run_.effects()) out->plugins.push_back({policy::to_string(e.kind), e.effect});
  out->cpu = route.cpu + std::exchange(cpu_, Duration(0));
  return out;
}

}  // namespace wattline::serve
