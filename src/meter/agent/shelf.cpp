#include "meter/agent/shelf.h"

#include <fmt/format.h>

#include "kernel/time.h"
#include "meter/agent/exposition.h"
#include "meter/agent/snapshot_json.h"

namespace wattline::meter {
namespace {

DoorReply plain(int status, std::string text) {
  return {status, "application/json", std::make_shared<const std::string>(std::move(text))};
}

}  // namespace

void Shelf::put(PublishedPtr p) {
  std::lock_guard lock(mutex_);
  latest_ = std::move(p);
  put_ns_ = monotonic_ns();
  forms_ = {};
}

void Shelf::change_stale(Duration stale) {
  std::lock_guard lock(mutex_);
  stale_ = stale;
}

PublishedPtr Shelf::latest() const {
  std::lock_guard lock(mutex_);
  return latest_;
}

DoorReply Shelf::form(Form f, const Door::Counts& counts) {
  PublishedPtr p;
  std::shared_ptr<const std::string> ready;
  {
    std::lock_guard lock(mutex_);
    p = latest_;
    ready = forms_[f];
  }
  if (!p) return plain(503, "{\"error\":{\"message\":\"nothing has been read yet\"}}\n");
  const Exposition e = f == open_metrics ? Exposition::open_metrics : Exposition::text;
  if (!ready) {
    // Written outside the lock: the one who puts the next must not wait.
    ready = std::make_shared<const std::string>(
        f == json ? snapshot_json(*p) : exposition(*p, e, {counts.answered, counts.refused, counts.turned_away}));
    std::lock_guard lock(mutex_);
    if (latest_ == p) forms_[f] = ready;
  }
  return {200, f == json ? "application/json" : std::string(content_type(e)), std::move(ready)};
}

DoorReply Shelf::answer(const DoorRequest& r, const Door::Counts& counts) {
  if (r.path == "/metrics")
    return form(accepted_exposition(r.accept) == Exposition::open_metrics ? open_metrics : text, counts);
  if (r.path == "/api/v1/snapshot") return form(json, counts);
  if (r.path == "/healthz") {
    std::lock_guard lock(mutex_);
    if (!latest_) return plain(503, "{\"status\":\"starting\"}\n");
    const double age = static_cast<double>(monotonic_ns() - put_ns_) * 1e-9;
    if (age > stale_.base()) return plain(503, "{\"status\":\"stale\"}\n");
    return plain(200, "{\"status\":\"ok\"}\n");
  }
  return plain(404, "{\"error\":{\"message\":\"there are /metrics, /api/v1/snapshot and /healthz\"}}\n");
}

}  // namespace wattline::meter
