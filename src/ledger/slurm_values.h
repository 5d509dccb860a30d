// The little languages inside a Slurm accounting log: durations, memory sizes, GPU counts, states.
// Pure; what cannot be read is nullopt, never a throw: a log has millions of lines.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "kernel/time.h"

namespace wattline::ledger {

// "[D-]HH:MM:SS[.f]", "MM:SS[.f]", "D-HH[:MM]": seconds. ".5" is half a second.
std::optional<double> parse_slurm_duration(std::string_view);

// "6760Mc", "250Gn", "4G", "6.5T": gigabytes (decimal: M = 1/1000, K = 1e-6), and what it is per.
struct SlurmMemory {
  double gigabytes = 0;
  char per = 0;  // 'n' node, 'c' core, 0 the whole job
};
// `bare_unit` is the unit of a number without one.
std::optional<SlurmMemory> parse_slurm_memory(std::string_view, char bare_unit = 'M');

// "billing=32,cpu=32,gres/gpu:a100=2,gres/gpu=2,mem=250G,node=1": 2. The untyped count is the total of
// the typed ones where both are there.
double parse_slurm_gpus(std::string_view alloc_tres);

// AllocGRES of older Slurm: "gpu:2", "gpu:a100:2(IDX:0-1)", "gres:gpu:1": 2, 2, 1.
double parse_slurm_gres(std::string_view);

// The text after "name=" in a list such as "cpu=32,mem=250G,node=1".
std::optional<std::string_view> slurm_tres(std::string_view tres, std::string_view name);

// "2022-02-11T19:11:21" as UTC: the log does not say its zone.
std::optional<Time> parse_slurm_time(std::string_view);

// "CANCELLED by 1003" -> "CANCELLED".
std::string_view slurm_state(std::string_view);

std::optional<std::int64_t> parse_slurm_count(std::string_view);  // "32", "1.5K"

}  // namespace wattline::ledger
