// The text of responses: status lines, dates, the headers that tell what an answer cost.
#pragma once

#include <string>
#include <string_view>

#include "serve/answer.h"

namespace wattline::serve {

std::string_view reason_of(int status);
// "Wed, 25 Nov 2026 17:00:00 GMT" (RFC 9110, section 5.6.7).
std::string http_date(std::int64_t unix_seconds);
// Status line, date and server.
void append_status(std::string& out, int status, std::string_view date);
// Type and length of a JSON body.
void append_json_body_headers(std::string& out, std::size_t size);
// x-wattline-* of a finished answer; `fixed` is what all answers of its model share.
void append_account_headers(std::string& out, const Answer&, std::string_view fixed);
// Of one that is still to come.
void append_begun_headers(std::string& out, const Answer&, std::string_view fixed);
// The chunk that ends a stream whose upstream told no usage: `usage` is a JSON object.
// JSON; `completions`: as that endpoint has it.
std::string usage_chunk(const Answer&, std::string_view account, bool completions = false);
// A chunk of a stream of our own: `delta` is a JSON object, `finish` "" where it goes on.
std::string own_chunk(const Answer&, std::string_view delta, std::string_view finish);
// A whole chat completion of our own, without its account.
std::string own_completion(const Answer&, std::string_view text);
// {"content":"..."}.
std::string content_delta(std::string_view text);
// data: {"error":{...}} as an event.
std::string error_event(std::string_view error_json);

}  // namespace wattline::serve
