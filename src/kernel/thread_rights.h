// Rights of root that a program was given without being root (file or ambient capabilities) belong to each thread by
// itself: one that needs none gives its own up, and those that it starts have none.
#pragma once

namespace wattline {

// For good: no program that is started from here gets any back. 0, or -1 with errno set.
int drop_thread_capabilities();

// The same where we are not root, for threads that live from the start. Root's threads lose theirs when root becomes
// somebody else, which is for all threads at once.
void drop_capabilities_of_others_than_root();

}  // namespace wattline
