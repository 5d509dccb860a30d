// The tables and the figure of a comparison. Schemas: study.summary.v1, study.tests.v1,
// study.estimates.v1, study.pairs.v1 (docs/formats/study.md).
#pragma once

#include "kernel/figure.h"
#include "kernel/table.h"
#include "study/analysis.h"

namespace wattline::study {

Table summary_table(const Analysis&);
Table tests_table(const Analysis&);
Table estimates_table(const Analysis&);
Table pairs_table(const Analysis&);
Figure means_figure(const Analysis&);

}  // namespace wattline::study
