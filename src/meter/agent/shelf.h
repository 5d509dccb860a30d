// The latest publication and its forms, each written at most once however many ask. Safe from any thread.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "meter/agent/door.h"
#include "meter/agent/publisher.h"

namespace wattline::meter {

class Shelf {
 public:
  // Told by /healthz: whether the latest reading is younger than `stale`.
  explicit Shelf(Duration stale) : stale_(stale) {}
  void change_stale(Duration);
  void put(PublishedPtr);
  PublishedPtr latest() const;
  // /metrics, /healthz, /api/v1/snapshot; 404 elsewhere, 503 before the first publication.
  DoorReply answer(const DoorRequest&, const Door::Counts&);

 private:
  enum Form { text, open_metrics, json, form_count };
  DoorReply form(Form, const Door::Counts&);

  mutable std::mutex mutex_;
  Duration stale_;
  PublishedPtr latest_;
  std::int64_t put_ns_ = 0;
  std::array<std::shared_ptr<const std::string>, form_count> forms_;
};

}  // namespace wattline::meter
