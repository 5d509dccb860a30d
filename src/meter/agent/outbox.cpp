#include "meter/agent/outbox.h"

#include <algorithm>
#include <csignal>
#include <limits>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/time.h"
#include "meter/agent/account_rows.h"
#include "meter/agent/otlp_metrics.h"

namespace wattline::meter {
namespace {

constexpr Duration last_words{2};

}  // namespace

std::string otlp_endpoint(const std::string& url, bool secret_headers) {
  const auto scheme = url.find("://");
  if (scheme == url.npos || (!url.starts_with("http://") && !url.starts_with("https://")) || url.size() < scheme + 4)
    throw bad_input(fmt::format("'{}' is no URL", shown_url(url)), "--otlp", "as in http://127.0.0.1:4318");
  if (secret_headers && url.starts_with("http://") && !is_loopback_url(url))
    throw bad_input("the headers would go to another machine in the clear", "--otlp", "use https://");
  const auto path = url.find('/', scheme + 3);
  if (path == url.npos) return url + "/v1/metrics";
  return path + 1 == url.size() ? url + "v1/metrics" : url;
}

Outbox::Outbox(OutboxSettings settings, std::shared_ptr<AccountSink> account, Log log)
    : settings_(std::move(settings)), account_(std::move(account)), log_(std::move(log)) {
  // Signals are for the thread that started us.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Outbox::~Outbox() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Outbox::put(PublishedPtr p) {
  bool first = false;
  {
    std::lock_guard lock(mutex_);
    first = !first_;
    if (first) first_ = p;
    latest_ = std::move(p);
  }
  if (first) wake_.notify_all();
}

void Outbox::tell(bool& failing, bool fails, std::string_view what) {
  if (std::exchange(failing, fails) == fails) return;
  if (log_) log_(what);
}

void Outbox::send(const Published& p, bool last) {
  FetchRequest request;
  request.url = settings_.otlp_url;
  request.method = "POST";
  request.headers = settings_.otlp_headers;
  request.headers.emplace_back("content-type", "application/json");
  request.body = otlp_metrics(p);
  request.ca_file = settings_.otlp_ca;
  request.deadline = last ? last_words : std::min(Duration(10), settings_.otlp_interval);
  request.body_limit = std::size_t{1} << 16;
  if (!last)
    request.cancelled = [this] {
      std::lock_guard lock(mutex_);
      return closing_;
    };
  std::string why;
  try {
    const auto reply = fetch(request);
    if (reply.status < 200 || reply.status >= 300) why = fmt::format("status {}", reply.status);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::cancelled) return;
    why = e.message();
  }
  if (why.empty()) sent_.fetch_add(1);
  else lost_.fetch_add(1);
  tell(sending_fails_, !why.empty(),
       why.empty() ? "the collector takes metrics again"
                   : fmt::format("{} takes no metrics: {}; metering goes on", shown_url(settings_.otlp_url), why));
}

void Outbox::record(const Published& p) {
  if (!recorded_) return;
  std::string why;
  try {
    const auto facts = machine_facts(*recorded_, p, settings_.place);
    if (!facts.empty()) account_->record_all(facts);
    rows_.fetch_add(facts.size());
  } catch (const std::exception& e) {
    why = e.what();
  }
  tell(recording_fails_, !why.empty(),
       why.empty() ? "the account takes rows again" : fmt::format("not recorded in the account: {}", why));
}

void Outbox::run() {
  const bool sends = !settings_.otlp_url.empty(), records = account_ && settings_.record_interval;
  const auto after = [](Duration d) { return monotonic_ns() + static_cast<std::int64_t>(d.base() * 1e9); };
  constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
  std::int64_t send_at = sends ? after(settings_.otlp_interval) : never;
  std::int64_t record_at = records ? after(*settings_.record_interval) : never;
  while (true) {
    PublishedPtr p;
    bool last;
    {
      std::unique_lock lock(mutex_);
      const auto begun = [&] { return closing_ || (latest_ && !recorded_); };
      const std::int64_t until = std::min(send_at, record_at), now = monotonic_ns();
      if (until == never) wake_.wait(lock, begun);
      else if (until > now) wake_.wait_for(lock, std::chrono::nanoseconds(until - now), begun);
      last = closing_;
      p = latest_;
      if (!recorded_) recorded_ = first_;  // what was before it is not ours to record
    }
    if (p) {
      if (sends && (last || monotonic_ns() >= send_at)) {
        send(*p, last);
        send_at = after(settings_.otlp_interval);
      }
      if (records && (last || monotonic_ns() >= record_at)) {
        record(*p);
        if (!recording_fails_) recorded_ = p;
        record_at = after(*settings_.record_interval);
      }
    } else {
      if (sends) send_at = after(settings_.otlp_interval);
      if (records) record_at = after(*settings_.record_interval);
    }
    if (last) return;
  }
}

}  // namespace wattline::meter
