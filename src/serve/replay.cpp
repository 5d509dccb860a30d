#include "serve/replay.h"

#include "serve/http_text.h"

namespace wattline::serve {

void Replay::take(std::string_view events, std::string& out) {
  if (!parser_.push(events)) return;  // each event was within the limit when it came
  while (const auto event = parser_.next()) {
    if (event->has_data && event->data.find("\"usage\"") != std::string_view::npos) {
      const ReplyFacts facts = reader_.read(event->data);
      if (facts.takes_account) {
        usage_ = event->data;
        continue;
      }
    }
    if (!voice_) out += event->raw;
    else if (event->has_data) voice_->push(event->data, out);  // it was understood when it came
  }
}

void Replay::end(const Answer& answer, std::string& out) {
  if (tell_usage_) {
    std::string account, inserted, chunk;
    append_usage(account, answer);
    if (usage_.empty()) {
      chunk = usage_chunk(answer, account);
    } else {
      const Injection i = inject_account(usage_, account, inserted);
      chunk.append(i.before).append(inserted).append(i.after);
    }
    if (voice_) voice_->push(chunk, out);
    else out.append("data: ").append(chunk).append("\n\n");
  }
  if (voice_) voice_->finish(out);
  else out += "data: [DONE]\n\n";
}

}  // namespace wattline::serve
