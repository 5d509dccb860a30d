#include "text/http_encoder.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/fetch.h"
#include "kernel/json.h"
#include "kernel/time.h"

namespace wattline::text {
namespace {

constexpr std::size_t widest = 65536;

}  // namespace

EncodeFacts read_embedding(std::string_view reply, std::vector<float>& vector, std::string_view where) {
  const Json json = parse_json(reply, where);
  const Json* data = json.find("data");
  if (!data || !data->is_array() || data->as_array().size() != 1)
    throw bad_input("the reply holds not one vector", std::string(where),
                    "an OpenAI-compatible /v1/embeddings is needed");
  const Json* values = data->as_array()[0].find("embedding");
  if (!values || !values->is_array() || values->as_array().empty() || values->as_array().size() > widest)
    throw bad_input("the reply's vector is no list of numbers", std::string(where),
                    "vectors in base64 are not read: the server must answer encoding_format \"float\"");
  vector.clear();
  for (const auto& v : values->as_array()) {
    if (!v.is_number() || !std::isfinite(v.as_number()))
      throw bad_input("the reply's vector holds something that is no number", std::string(where));
    vector.push_back(static_cast<float>(v.as_number()));
  }
  EncodeFacts facts;
  if (const Json* usage = json.find("usage"))
    facts.tokens = static_cast<std::uint32_t>(std::clamp(usage->number_or("prompt_tokens", 0), 0.0, 1e9));
  return facts;
}

HttpEncoderConfig http_encoder_config(std::string_view text) {
  HttpEncoderConfig c;
  const auto hash = text.find('#');
  c.url = text.substr(0, hash);
  if (hash != std::string_view::npos) c.model = text.substr(hash + 1);
  if (const char* key = std::getenv("WATTLINE_ENCODER_KEY")) c.key = Secret(key);
  return c;
}

HttpEncoder::HttpEncoder(HttpEncoderConfig config) : config_(std::move(config)) {
  if (!config_.key.empty() && config_.url.starts_with("http://") && !is_loopback_url(config_.url))
    throw bad_input("is plain http to another machine, and a key would travel over it readably", shown_url(config_.url),
                    "use https://");
  name_ = config_.model.empty() ? shown_url(config_.url) : config_.model;
  std::vector<float> vector;
  ask("How much energy does an answer take?", vector);
  width_ = vector.size();
  fingerprint_ = fmt::format("http {} {} {}", shown_url(config_.url), config_.model, width_);
}

EncodeFacts HttpEncoder::ask(std::string_view text, std::vector<float>& vector) const {
  const std::string where = shown_url(config_.url);
  const std::int64_t now = monotonic_ns();
  if (now < rests_until_ns_.load(std::memory_order_relaxed))
    throw world_error("is not asked for a while, since it failed a moment ago", where);
  try {
    FetchRequest request;
    request.url = config_.url;
    request.method = "POST";
    request.headers = {{"content-type", "application/json"}};
    if (!config_.key.empty()) request.headers.emplace_back("authorization", "Bearer " + config_.key.reveal());
    JsonWriter w;
    w.begin_object()
        .member("model", config_.model)
        .member("input", text)
        .member("encoding_format", "float")
        .end_object();
    request.body = w.take();
    request.deadline = request.connect_deadline = config_.deadline;
    request.ca_file = config_.ca_file;
    const FetchResponse reply = fetch(request);
    if (reply.status != 200)
      throw world_error(fmt::format("answers {}: {}", reply.status, reply.body.substr(0, 200)), where);
    return read_embedding(reply.body, vector, where);
  } catch (const Error&) {
    rests_until_ns_.store(now + static_cast<std::int64_t>(config_.pause.base() * 1e9), std::memory_order_relaxed);
    throw;
  }
}

EncodeFacts HttpEncoder::encode(std::string_view text, std::span<float> out) const {
  std::vector<float> vector;
  const EncodeFacts facts = ask(text, vector);
  if (vector.size() != width_)
    throw world_error(fmt::format("gives {} values now, and gave {} before", vector.size(), width_),
                      shown_url(config_.url));
  std::copy(vector.begin(), vector.end(), out.begin());
  normalise(out.first(width_));
  return facts;
}

EncodeFacts HttpEncoder::encode_tokens(std::string_view, std::vector<float>&) const {
  throw Error(ErrorKind::unsupported, "gives one vector a text and none of its tokens", shown_url(config_.url),
              "without WATTLINE_ENCODER the program's own encoder is used, which has them");
}

}  // namespace wattline::text
