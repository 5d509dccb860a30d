// A chat completion as the router sees it: views into the body as simdjson read it, nothing rebuilt. One for each
// thread; what it gave is valid until the next read.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "policy/request.h"

namespace wattline::serve {

class RequestReader {
 public:
  RequestReader();
  ~RequestReader();
  RequestReader(RequestReader&&) noexcept;

  // `body` has been read as a chat completion before, so that it is an object with messages; it may be grown in
  // capacity. What has an unexpected shape counts as not there: a router must not refuse what an upstream takes.
  // False: it is no JSON object.
  bool read(std::string& body, policy::RequestView& out);
  // On whose behalf the client says it asks, of what was read last: "safety_identifier" or "user"; "" when it says
  // nothing. Untrusted.
  std::string_view user() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wattline::serve
