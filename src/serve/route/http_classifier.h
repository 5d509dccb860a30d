// Signals of the type `classifier`: a service over HTTP labels the text, within a deadline, and is left alone for a
// while when it fails. What does not come in time is late, and a decision is made without it.
//
//   [[signal]]  type = "classifier"  name = "toxic"  classifier = "moderation"  label = "toxic"  threshold = 0.7
//
// The service gets POST {"text": "...", "labels": ["toxic", ...]} and answers as policy/learned/classifier_reply.h has
// it. The text is what the policy classifies, the last message of the user; the first 32 KiB of it are sent.
#pragma once

#include <memory>
#include <vector>

#include "policy/engine.h"
#include "policy/finding.h"
#include "serve/route/router_config.h"

namespace wattline::serve {

// `inner` (may be null) tells all other learned signals. Of `findings` those go that say that nothing serves a signal
// which a classifier here does. Null where neither is anything to tell.
std::shared_ptr<const policy::LearnedSignals> with_classifiers(const policy::Engine&,
                                                               std::shared_ptr<const policy::LearnedSignals> inner,
                                                               const std::vector<ClassifierConfig>&,
                                                               std::vector<policy::Finding>& findings);

}  // namespace wattline::serve
