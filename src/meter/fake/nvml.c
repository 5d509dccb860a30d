/* A library with NVML's calls and made-up boards, for tests. FAKE_NVML says which boards there are, one
 * letter each: e energy counter, p power only, n neither, d permission denied, l lost when read the third
 * time. The energy counter moves 100 J each read; power is 250 W. "x": the library does not start. */
#include <stdlib.h>
#include <string.h>

static unsigned reads[16];

static const char* boards(void) {
  const char* b = getenv("FAKE_NVML");
  return b ? b : "e";
}
static char kind(void* device) { return boards()[(size_t)device - 1]; }

int nvmlInit_v2(void) {
  memset(reads, 0, sizeof reads);
  return strchr(boards(), 'x') ? 9 : 0;
}
int nvmlShutdown(void) { return 0; }
int nvmlDeviceGetCount_v2(unsigned* n) {
  *n = (unsigned)strlen(boards());
  return 0;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned i, void** device) {
  if (i >= strlen(boards())) return 2;
  *device = (void*)(size_t)(i + 1);
  return kind(*device) == 'd' ? 4 : 0;
}
int nvmlDeviceGetName(void* device, char* name, unsigned size) {
  (void)device;
  strncpy(name, "NVIDIA Made-up 9000", size);
  return 0;
}
int nvmlDeviceGetTotalEnergyConsumption(void* device, unsigned long long* mj) {
  unsigned* n = &reads[((size_t)device - 1) % 16];
  if (kind(device) == 'p' || kind(device) == 'n') return 3;
  if (kind(device) == 'l' && *n >= 2) return 15;
  *mj = 5000000ull + 100000ull * (*n)++;
  return 0;
}
int nvmlDeviceGetPowerUsage(void* device, unsigned* mw) {
  if (kind(device) == 'n') return 3;
  *mw = 250000;
  return 0;
}
const char* nvmlErrorString(int code) {
  switch (code) {
    case 3: return "Not Supported";
    case 4: return "Insufficient Permissions";
    case 9: return "Driver Not Loaded";
    case 15: return "GPU is lost";
    default: return "Unknown Error";
  }
}
