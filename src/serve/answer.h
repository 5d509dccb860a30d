// The record of one answer: what was asked of which model, how long it took, what it cost.
//
// On the request path figures are plain numbers; where they come from (method, sources, device,
// place) is the same for all answers of a model and is shared, as a Basis.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/estimate.h"
#include "kernel/json.h"
#include "kernel/time.h"
#include "serve/route/told.h"
#include "serve/semantic/told.h"

namespace wattline::serve {

enum class AnswerStatus { ok, error, cancelled };
std::string_view to_string(AnswerStatus);

// Value and 95 % interval, in a unit that the Basis fixes.
struct Impact {
  double value = 0, low = 0, high = 0;
};

// How one kind of figure is known. `tail` is the part of its JSON that never changes:
// ,"unit":"J","method":"modelled","sources":["..."]}; `short_tail` is without the sources.
struct FigureBasis {
  std::string unit;
  Method method = Method::modelled;
  std::vector<std::string> sources;
  std::string tail, short_tail;
};
FigureBasis figure_basis(std::string unit, Method, std::vector<std::string> sources);

struct Basis {
  std::string model;  // the name clients ask for
  std::string catalog_model;  // "" when the catalog does not know it
  std::string upstream;  // "builtin" or the upstream's name
  std::string device;  // catalog name or what the machine says
  std::string place;  // catalog code, "" when nobody said where (place_shown.h)
  FigureBasis energy, carbon, water;  // J, mgCO2e, mL
};

// The id under which the errors of a model's energies are correlated: they come from one model of its
// machine and do not average out over its answers.
std::string energy_cause(const Basis&);

// On whose behalf an answer was given: labels of its row in the ledger. The id of a key is no secret; the
// key itself is nowhere.
struct Requester {
  std::string tenant;
  std::string key;  // id, "" when there was none
};

// What the cache had to do with an answer.
enum class CacheUse {
  none,  // there is no cache, or no upstream was asked
  miss,  // might have been given before, was not
  bypass,  // not one to be kept, or not wanted
  hit,  // given before
  shared,  // made for another who asked the same at the same time (single flight)
  similar,  // given before to a question that means the same
  audit,  // might have been given again for its meaning; the model answered too, to see whether rightly
};
// "", "miss", "bypass", "hit", "single_flight", "semantic", "audit".
std::string_view to_string(CacheUse);

struct Answer {
  std::string id;
  Time begin, end;
  std::shared_ptr<const Basis> basis;
  std::shared_ptr<const Requester> requester;  // null: nobody asks for keys
  AnswerStatus status = AnswerStatus::ok;
  int http_status = 200;
  bool streamed = false;
  std::string finish_reason;  // "stop", "length" ..., "" when none was given
  std::string error;  // what went wrong, for people
  // A try whose work was for nothing: "retried" when another was asked after it failed, "hedged" when another
  // answered first. Then `of` is the id of the answer that it was a try for.
  std::string_view attempt;
  std::string of;
  std::int64_t tokens_in = 0, tokens_out = 0;
  bool tokens_estimated = false;  // the upstream did not say
  Duration latency{0};
  std::optional<Duration> first_token;  // since the request was read

  Estimate<Energy> energy;  // at the device
  Energy prefill{0}, decode{0};  // its parts; waste when the answer did not arrive
  Energy routing{0};  // the third: choosing its model
  Energy looking{0};  // the fourth: looking for a similar answer
  Impact joules, carbon, water;  // J, mgCO2e, mL

  std::shared_ptr<const RouteTold> route;  // how its model was chosen; null where the client named it
  std::string request_id;  // of the request that it answers
  std::array<std::uint8_t, 8> span{};  // of the try at an upstream, where traces are recorded

  CacheUse cache = CacheUse::none;
  std::shared_ptr<const LookTold> look;  // how a similar answer was looked for; null where none was
  // Of hit, shared and similar, which spend nothing at the model's device: the joules of the run that they repeat, and
  // its answer. Never a part of `energy`.
  Impact saved;
  std::string saved_from;
  bool repeats() const { return cache == CacheUse::hit || cache == CacheUse::shared || cache == CacheUse::similar; }
};

// {"value":..,"low":..,"high":..,"unit":..,"method":..,"sources":[..]}
void append_impact(std::string& out, const Impact&, const FigureBasis&);
// The answer as /api/v1/answers shows it.
void append_json(std::string& out, const Answer&);
// {"energy":{..},"carbon":{..},"water":{..},"answer_id":".."}: `usage.wattline`, without sources, which
// /api/v1/answers/{id} tells. With a cache also "cache":"hit" and "saved":{"energy":{..},"answer_id":".."}.
void append_usage(std::string& out, const Answer&);
// "0.00123": enough digits for a header.
void append_short_number(std::string& out, double);
std::string short_number(double);

}  // namespace wattline::serve
