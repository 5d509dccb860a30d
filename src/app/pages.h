// The page's files, embedded from web/dist.
#pragma once

#include "serve/routes.h"

namespace wattline::app {

serve::HttpReply page_reply(const serve::HttpRequest&);

}  // namespace wattline::app
