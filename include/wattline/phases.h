/* Marks the phases of a program that `wattline run` meters, so that each of them gets its own joules.
 *
 *   wattline_phase_begin("train");
 *   ...
 *   wattline_phase_end("train");
 *
 * Nothing but this file is needed: no library, no state, C99 and C++. Where the program is not run by `wattline run`
 * every call does nothing and returns 0. Calls may come from any thread, from forked children, and in between any
 * others; a call costs some microseconds (four system calls) and does not wait for Wattline longer than a moment.
 *
 * They return 0, or else an error number of <errno.h>: EINVAL for a name that is empty or has a control character in
 * it, ENAMETOOLONG for one of more than 200 bytes, EAGAIN when Wattline does not keep up (the mark is lost), others as
 * write() has them. None is a reason to stop a program.
 *
 * What is written is lines, and any program may write them itself (docs/guides/phases.md). */
#ifndef WATTLINE_PHASES_H
#define WATTLINE_PHASES_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifdef O_CLOEXEC
#define WATTLINE_PHASE_CLOSED_ON_EXEC O_CLOEXEC
#else
#define WATTLINE_PHASE_CLOSED_ON_EXEC 0
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The descriptor to write to, -1 where there is none. `*opened` is set when it is to be closed again. */
static inline int wattline_phase_descriptor(int* opened) {
  const char* const number = getenv("WATTLINE_PHASE_FD");
  const char* const file = getenv("WATTLINE_PHASE_FILE");
  const char* const inode = getenv("WATTLINE_PHASE_INODE");
  struct stat there;
  *opened = 0;
  if (!number || !inode) return -1;
  {
    /* The number may mean another file by now: programs close what they do not know. */
    const int fd = atoi(number);
    if (fd > 2 && fstat(fd, &there) == 0 && strtoul(inode, NULL, 10) == (unsigned long)there.st_ino) return fd;
  }
  {
    const int fd = file ? open(file, O_WRONLY | O_NONBLOCK | WATTLINE_PHASE_CLOSED_ON_EXEC) : -1;
    if (fd < 0) return -1;
    *opened = 1;
    return fd;
  }
}

static inline int wattline_phase_send(const char* verb, const char* name) {
  char line[300];
  struct pollfd ready;
  size_t length, i;
  int opened, size, error = 0;
  if (!name || !*name) return EINVAL;
  length = strlen(name);
  if (length > 200) return ENAMETOOLONG;
  for (i = 0; i < length; ++i)
    if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f) return EINVAL;
  ready.fd = wattline_phase_descriptor(&opened);
  if (ready.fd < 0) return 0;
#ifdef CLOCK_MONOTONIC
  {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    size = snprintf(line, sizeof line, "%s @%ld.%09ld %s\n", verb, (long)now.tv_sec, (long)now.tv_nsec, name);
  }
#else
  size = snprintf(line, sizeof line, "%s %s\n", verb, name);
#endif
  /* With room in the pipe a line is written whole and at once; a reader that is gone would send us SIGPIPE. */
  ready.events = POLLOUT;
  ready.revents = 0;
  if (poll(&ready, 1, 100) < 0) error = errno;
  else if (ready.revents & (POLLERR | POLLHUP | POLLNVAL)) error = EPIPE;
  else if (!(ready.revents & POLLOUT)) error = EAGAIN;
  else if (write(ready.fd, line, (size_t)size) != size) error = errno ? errno : EAGAIN;
  if (opened) close(ready.fd);
  return error;
}

/* Begins a phase. Phases may lie in one another and overlap; a moment's joules go to the one begun last. */
static inline int wattline_phase_begin(const char* name) { return wattline_phase_send("begin", name); }

/* Ends the phase of that name that was begun last. */
static inline int wattline_phase_end(const char* name) { return wattline_phase_send("end", name); }

/* From here on it is this phase, until the next mark: for programs that do one thing after the other. */
static inline int wattline_phase_mark(const char* name) { return wattline_phase_send("mark", name); }

/* 1 when `wattline run` listens, 0 when not. */
static inline int wattline_metered(void) {
  int opened;
  const int fd = wattline_phase_descriptor(&opened);
  if (opened) close(fd);
  return fd >= 0;
}

#ifdef __cplusplus
}
#endif

#endif
