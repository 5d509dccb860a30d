// Heuristic checks of an answer, from its text and the request's alone: no model is asked, so they find what shows on the
// surface and nothing else. Each is named for what it sees, not for what it may mean:
//
//   empty        no text where no tool is called either
//   refusal      begins as refusals do (English phrases)
//   repetition   the same run of words again and again: a loop of the model
//   json         no JSON object where the request asks for one (response_format), or where the policy does
//   language     another language than the question's, both known with confidence; a wish for a translation looks alike
//   numbers      a number that neither the conversation nor the question holds, where there is a context to answer from
//                (a tool's result or a long message): perhaps made up
//   truncated    ended by its limit
//
// language and numbers are off unless named. A check that passes says nothing of an answer's truth.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/plugins/draft.h"
#include "policy/settings.h"

namespace wattline::policy {

enum class AnswerCheck : std::uint8_t { empty, refusal, repetition, json, language, numbers, truncated };
inline constexpr std::size_t answer_check_count = 7;
std::string_view to_string(AnswerCheck);

struct AnswerCheckOptions {
  std::array<bool, answer_check_count> on{true, true, true, true, false, false, true};
  // tell: in the answer's account. block: the client gets an error in its place, where nothing of it was told yet
  // (never of a stream, which then tells).
  enum class Action { tell, block } action = Action::tell;
  bool wants_json = false;  // whatever the request says

  static AnswerCheckOptions read(Settings&);
};

// What the checks need of the request, taken before it was changed.
struct AnswerContext {
  std::string query;
  bool wants_json = false;
  std::vector<std::string> numbers;  // of the conversation; sorted
  bool has_context = false;  // something to answer from
};
AnswerContext answer_context(const Draft&, const AnswerCheckOptions&);

struct AnswerText {
  std::string_view text;
  std::string_view finish_reason;  // "stop", "length", ...
  bool calls_tools = false;
  bool cut = false;  // `text` is the beginning alone: what needs the whole is not judged
};
struct CheckFinding {
  AnswerCheck check;
  std::string detail;  // "3 of 5 numbers"; never text of the answer
};
std::vector<CheckFinding> check_answer(const AnswerText&, const AnswerContext&, const AnswerCheckOptions&);

// The numbers of a text, in one form each: "1,234.50" and "1234.5" are one. Those below 13 that stand alone are left out:
// they count and order.
std::vector<std::string> numbers_in(std::string_view text);
// The share of the text's words that lie in runs of 3 to 40 words which come again right behind themselves; 0 to 1.
double repeated_share(std::string_view text);

}  // namespace wattline::policy
