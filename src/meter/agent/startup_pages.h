// A daemon of a large program keeps in memory what it is made of only for its start: most of its code ran once, or stands
// beside code that did. That is let go of; what is needed comes back from the file, a page fault at a time.
#pragma once

namespace wattline::meter {

// Of code alone, which no process writes to, so that nothing is lost.
void let_go_of_startup_pages();

}  // namespace wattline::meter
