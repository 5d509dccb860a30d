/* A library with NVML's calls and made-up boards, for tests. FAKE_NVML says which boards there are, one
 * letter each: e energy counter, p power only, n neither, d permission denied, l lost when read the third
 * time, s one whose counter starts anew at the eleventh reading, m one whose fields are doubles, g a module with a
 * processor (fields of scope 1), a an A100 and o an RTX A3000 that tell power alone. The energy counter moves 100 J
 * each read; power is 250 W, the field of the instant 260 W. "x": the library does not start. */
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
  const char* what = kind(device) == 'a' ? "NVIDIA A100-SXM4-80GB"
                     : kind(device) == 'o' ? "NVIDIA RTX A3000"
                                           : "NVIDIA Made-up 9000";
  strncpy(name, what, size);
  return 0;
}
int nvmlDeviceGetTotalEnergyConsumption(void* device, unsigned long long* mj) {
  unsigned* n = &reads[((size_t)device - 1) % 16];
  if (strchr("pnao", kind(device))) return 3;
  if (kind(device) == 'l' && *n >= 2) return 15;
  *mj = (kind(device) == 's' && *n >= 10 ? 0 : 5000000ull) + 100000ull * (*n)++;
  return 0;
}
int nvmlDeviceGetPowerUsage(void* device, unsigned* mw) {
  if (kind(device) == 'n') return 3;
  *mw = 250000;
  return 0;
}
int nvmlDeviceGetArchitecture(void* device, unsigned* which) {
  (void)device;
  *which = 7; /* Ampere */
  return 0;
}
struct field {
  unsigned id, scope;
  long long timestamp, latency;
  unsigned type;
  int code;
  union {
    double d;
    unsigned u;
    unsigned long long ull;
  } value;
};
int nvmlDeviceGetFieldValues(void* device, int n, struct field* fields) {
  for (int i = 0; i < n; ++i) {
    struct field* f = &fields[i];
    f->code = 3;
    memset(&f->value, 0xFF, sizeof f->value); /* what is not named by the type is rubbish */
    if (f->id != 185 && f->id != 186) continue;
    if (f->scope == 1 && kind(device) != 'g') continue;
    const unsigned mw = f->scope == 1 ? 700000 : f->id == 186 ? 260000 : 250000;
    if (kind(device) == 'n') continue;
    f->code = 0;
    f->type = kind(device) == 'm' ? 0 : 1;
    if (f->type == 0) f->value.d = mw;
    else f->value.u = mw;
  }
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
