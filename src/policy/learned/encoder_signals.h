// The learned signals of a policy on a sentence encoder (wrp-router, section 4.2): similarity to phrases, margins
// between hard and easy ones, domains, classes, knowledge bases, re-asked questions. A text is encoded once for all.
//
// What stands for the reference's neural classifiers: domain is a trained head (or the nearest exemplar), user_feedback,
// fact_check and modality the class of the nearest of a few sentences, jailbreak the contrast of two sets of phrases,
// pii what has a form. All of these are heuristic, and description() says so.
//
// Where the policy has prompt_compression (plugins/prompt_compression.h) long prompts are shortened first; jailbreak and
// pii always see all of them, as nothing may be hidden from those between telling sentences.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/engine.h"
#include "policy/finding.h"
#include "text/encoder.h"

namespace wattline::policy {

// Labels with exemplars; groups of labels that metrics set against each other.
struct KnowledgeBase {
  struct Label {
    std::string name, group;
    std::vector<std::string> exemplars;
  };
  struct Metric {
    std::string name, positive, negative;  // groups: the difference of their best similarities
  };
  std::string name;
  std::vector<Label> labels;
  std::vector<Metric> metrics;
};

struct LearnedParts {
  std::shared_ptr<const text::Encoder> encoder;
  std::vector<KnowledgeBase> knowledge;
};

// Encodes the policy's phrases. Rules that it cannot serve (a classifier over HTTP, a missing knowledge base) always
// fail, which a finding of level warning says.
std::shared_ptr<const LearnedSignals> make_encoder_signals(const Engine&, LearnedParts, std::vector<Finding>& findings);

}  // namespace wattline::policy
