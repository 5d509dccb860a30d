// A stream that is given again: the same events as the first time, but for what tells its cost. Of one
// thread.
#pragma once

#include <string>
#include <string_view>

#include "serve/answer.h"
#include "serve/dialect.h"
#include "serve/reply_reader.h"
#include "serve/sse.h"

namespace wattline::serve {

class Replay {
 public:
  // `voice` tells the client in its own dialect; null where that is chat completions.
  Replay(ReplyReader& reader, bool tell_usage, ClientStream* voice)
      : reader_(reader), tell_usage_(tell_usage), voice_(voice) {}

  // More of the stream as the upstream sent it; what is to be sent is appended to `out`. The event that tells
  // the usage alone is held back: the cost is known at the end, and not everybody asks for it.
  void take(std::string_view events, std::string& out);
  // The end of the stream, of an answer whose cost is known.
  void end(const Answer&, std::string& out);

 private:
  ReplyReader& reader_;
  bool tell_usage_;
  ClientStream* voice_;
  SseParser parser_;
  std::string usage_;
};

}  // namespace wattline::serve
