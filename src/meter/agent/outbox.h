// What the agent sends of its own accord, on a thread of its own: OTLP to a collector, rows into the account. A collector
// that is away and a disk that is slow hold up nothing else; what could not be sent is told in the log once, and since
// all figures are counters, the next one that arrives makes up for those that did not.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "kernel/account.h"
#include "kernel/fetch.h"
#include "meter/agent/publisher.h"

namespace wattline::meter {

struct OutboxSettings {
  std::string otlp_url;  // "": none; without a path /v1/metrics
  HttpHeaders otlp_headers;
  std::string otlp_ca;
  Duration otlp_interval{15};
  std::optional<Duration> record_interval;
  std::string place;  // of the rows
};

// "http://collector:4318" with /v1/metrics where it has no path. Error: no URL; headers over plain http to another
// machine.
std::string otlp_endpoint(const std::string& url, bool secret_headers);

class Outbox {
 public:
  using Log = std::function<void(std::string_view)>;
  // `account` may be null: then nothing is recorded.
  Outbox(OutboxSettings, std::shared_ptr<AccountSink> account, Log);
  ~Outbox();  // sends and records what there is, within some seconds
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  void put(PublishedPtr);
  std::uint64_t sent() const { return sent_.load(); }
  std::uint64_t lost() const { return lost_.load(); }
  std::uint64_t rows() const { return rows_.load(); }

 private:
  void run();
  void send(const Published&, bool last);
  void record(const Published&);
  void tell(bool& failing, bool fails, std::string_view what);

  const OutboxSettings settings_;
  const std::shared_ptr<AccountSink> account_;
  const Log log_;
  std::mutex mutex_;
  std::condition_variable wake_;
  PublishedPtr first_, latest_;
  bool closing_ = false;
  PublishedPtr recorded_;  // up to which rows are written; of the thread
  bool sending_fails_ = false, recording_fails_ = false;
  std::atomic<std::uint64_t> sent_{0}, lost_{0}, rows_{0};
  std::thread thread_;
};

}  // namespace wattline::meter
