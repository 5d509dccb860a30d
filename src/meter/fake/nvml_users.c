/* Who uses the made-up boards. FAKE_NVML_USE lists processes: "board:pid:sm", and "board:pid:sm:instance" on a board
 * that is cut into slices (MIG), separated by blanks. FAKE_NVML_NO_SM: the driver tells no utilisation. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct use {
  unsigned board, pid, sm;
  int instance; /* -1: the board is whole */
};
struct utilization {
  unsigned pid;
  unsigned long long timestamp_us;
  unsigned sm, memory, encoder, decoder;
};
struct process {
  unsigned pid;
  unsigned long long memory;
  unsigned gpu_instance, compute_instance;
};
struct attributes {
  unsigned multiprocessors, other[7];
  unsigned long long memory_mb;
};

/* Handles of slices are 0x100 * board + 0x10000 + instance. */
static unsigned board_of(void* device) {
  const size_t d = (size_t)device;
  return (unsigned)(d >= 0x10000 ? (d - 0x10000) / 0x100 : d - 1);
}
static int instance_of(void* device) {
  const size_t d = (size_t)device;
  return d >= 0x10000 ? (int)(d % 0x100) : -1;
}
static int uses(struct use* out, int most) {
  const char* text = getenv("FAKE_NVML_USE");
  int n = 0;
  while (text && *text && n < most) {
    struct use u = {0, 0, 0, -1};
    if (sscanf(text, "%u:%u:%u:%d", &u.board, &u.pid, &u.sm, &u.instance) < 3) break;
    out[n++] = u;
    text = strchr(text, ' ');
    if (text) ++text;
  }
  return n;
}
static int sliced(unsigned board) {
  struct use all[64];
  const int n = uses(all, 64);
  for (int i = 0; i < n; ++i)
    if (all[i].board == board && all[i].instance >= 0) return 1;
  return 0;
}

int nvmlDeviceGetUUID(void* device, char* text, unsigned size) {
  snprintf(text, size, "GPU-made-up-%u", board_of(device));
  return 0;
}
int nvmlDeviceGetMigMode(void* device, unsigned* current, unsigned* pending) {
  *current = *pending = (unsigned)sliced(board_of(device));
  return 0;
}
int nvmlDeviceGetMaxMigDeviceCount(void* device, unsigned* n) {
  (void)device;
  *n = 7;
  return 0;
}
int nvmlDeviceGetMigDeviceHandleByIndex(void* device, unsigned i, void** slice) {
  struct use all[64];
  const int n = uses(all, 64);
  for (int k = 0; k < n; ++k)
    if (all[k].board == board_of(device) && all[k].instance == (int)i) {
      *slice = (void*)(size_t)(0x10000 + 0x100 * board_of(device) + i);
      return 0;
    }
  return 6; /* not found */
}
int nvmlDeviceGetAttributes_v2(void* device, struct attributes* out) {
  if (instance_of(device) < 0) return 3;
  memset(out, 0, sizeof *out);
  out->multiprocessors = 14u * (unsigned)(instance_of(device) + 1);
  return 0;
}
int nvmlDeviceGetComputeRunningProcesses_v3(void* device, unsigned* count, struct process* out) {
  struct use all[64];
  const int n = uses(all, 64);
  unsigned found = 0, room = *count;
  for (int i = 0; i < n; ++i) {
    if (all[i].board != board_of(device) || all[i].instance != instance_of(device)) continue;
    if (out && found < room) {
      struct process p = {all[i].pid, 1 << 20, (unsigned)all[i].instance, 0};
      out[found] = p;
    }
    ++found;
  }
  *count = found;
  return found > room ? 7 : 0;
}
int nvmlDeviceGetProcessUtilization(void* device, struct utilization* out, unsigned* count, unsigned long long since) {
  struct use all[64];
  const int n = uses(all, 64);
  unsigned found = 0, room = *count;
  if (getenv("FAKE_NVML_NO_SM") || sliced(board_of(device))) return 3;
  for (int i = 0; i < n; ++i) {
    if (all[i].board != board_of(device)) continue;
    if (out && found < room) {
      struct utilization u = {all[i].pid, since + 1000, all[i].sm, 0, 0, 0};
      out[found] = u;
    }
    ++found;
  }
  *count = found;
  return found > room ? 7 : 0;
}
