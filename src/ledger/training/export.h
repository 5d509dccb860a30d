// A measured run in the forms that other tools read: a row of CodeCarbon's emissions.csv, and a report of BoAmps
// (Boavizta's AI energy report).
#pragma once

#include <string>
#include <vector>

#include "kernel/json.h"
#include "kernel/time.h"

namespace wattline::ledger::training {

struct ExportedDevice {
  std::string name;
  double joules = 0;
  double load = -1;  // mean, 0..1; negative: not known
};
struct ExportedRun {
  std::string id, name, model, task, place, place_name;
  Time begin, end;
  double parameters = 0, epochs = 0;
  double gpu_joules = 0, cpu_joules = 0, grams = 0, litres = 0, pue = 1, wue = 0, duration = 0;
  std::vector<ExportedDevice> devices;
  double quality = -1;  // 0..1; negative: not known
};
// Header and one row; kWh, kg, W, s, L as CodeCarbon has them. Cells that are not known are empty.
std::string codecarbon_csv(const ExportedRun&);
// A report with the fields that the schema requires; what is not known is left out, never invented.
Json boamps_report(const ExportedRun&);

}  // namespace wattline::ledger::training
