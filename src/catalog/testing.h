// What tests of capabilities that need the catalog alone share.
#pragma once

#include "catalog/catalog.h"
#include "kernel/context.h"

namespace wattline::tests {

// With the embedded catalog, made once.
inline Context& catalog_context() {
  static Context context = [] {
    Context made;
    made.provide(catalog::Catalog::load());
    return made;
  }();
  return context;
}

}  // namespace wattline::tests
