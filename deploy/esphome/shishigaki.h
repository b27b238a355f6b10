// What waits until the gateway has confirmed it. Kept over deep sleep, and over a change of the battery.
// Owns the queue and the payloads of the native protocol (v = 1). Must not know Wi-Fi, MQTT or pins: the same file is
// compiled and tried on a PC (tests/deploy/device_side).
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

namespace shishigaki {

enum Kind : uint8_t { SPRUNG, SET, DETECTION, TAMPER };
static const char *const NAMES[] = {"trap.sprung", "trap.set", "detection", "tamper"};
static const uint32_t MAGIC = 0x73696b61;
static const uint8_t ROOM = 24;

struct Waiting {
  uint32_t boot, seq;
  int64_t at;  // Unix seconds; 0: the clock was not set
  Kind kind;
};

struct Queue {
  uint32_t magic, boot, seq, dropped;
  uint8_t count, state;  // state of the contact: 0 unknown, 1 closed, 2 open
  Waiting waiting[ROOM];
};

// After a cold start the boot number rises: the gateway tells numbers of before and after apart.
inline void begin(Queue &q, bool cold) {
  if (q.magic != MAGIC || q.count > ROOM) {
    q = Queue{};
    q.magic = MAGIC;
  }
  if (cold) {
    q.boot++;
    q.seq = 0;
  }
}

// A full queue gives up its oldest detection; springs stay. False: it is full of springs, and this one is counted only.
inline bool add(Queue &q, Kind kind, int64_t now) {
  if (q.count == ROOM) {
    uint8_t i = 0;
    while (i < ROOM && q.waiting[i].kind != DETECTION) i++;
    q.dropped++;
    if (i == ROOM) return false;
    memmove(&q.waiting[i], &q.waiting[i + 1], (ROOM - 1 - i) * sizeof(Waiting));
    q.count--;
  }
  q.waiting[q.count++] = Waiting{q.boot, ++q.seq, now, kind};
  return true;
}

// The contact was read: an event if it has changed. The first reading ever tells the gateway the state, too.
inline bool contact(Queue &q, bool open, int64_t now) {
  const uint8_t state = open ? 2 : 1;
  if (state == q.state) return false;
  q.state = state;
  return add(q, open ? SPRUNG : SET, now);
}

inline std::string id_of(const Waiting &one) { return std::to_string(one.boot) + "-" + std::to_string(one.seq); }

inline std::string time_of(int64_t at) {
  if (at < 1600000000) return "";
  int64_t days = at / 86400, rest = at % 86400;
  days += 719468;  // civil from days, after Howard Hinnant
  const int64_t era = days / 146097, doe = days % 146097;
  const int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
  const int64_t day = doy - (153 * mp + 2) / 5 + 1, month = mp < 10 ? mp + 3 : mp - 9;
  const int64_t year = yoe + era * 400 + (month <= 2 ? 1 : 0);
  char text[40];
  snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", (int) year, (int) month, (int) day,
           (int) (rest / 3600), (int) (rest / 60 % 60), (int) (rest % 60));
  return text;
}

inline std::string side(float battery_v, float rssi_dbm) {
  char text[80];
  snprintf(text, sizeof text, ",\"battery\":{\"v\":%.2f},\"link\":{\"rssi_dbm\":%.0f}}", battery_v, rssi_dbm);
  return text;
}

inline std::string event(const Waiting &one, float battery_v, float rssi_dbm) {
  std::string text = "{\"v\":1,\"id\":\"" + id_of(one) + "\",\"boot\":" + std::to_string(one.boot);
  text += ",\"seq\":" + std::to_string(one.seq) + ",\"kind\":\"" + NAMES[one.kind] + "\"";
  if (const std::string ts = time_of(one.at); !ts.empty()) text += ",\"ts\":\"" + ts + "\",\"ts_src\":\"ntp\"";
  return text + side(battery_v, rssi_dbm);
}

inline std::string heartbeat(float battery_v, float rssi_dbm) {
  return "{\"v\":1,\"kind\":\"heartbeat\"" + side(battery_v, rssi_dbm);
}

inline std::string meta(const char *model, uint32_t heartbeat_s) {
  return std::string("{\"v\":1,\"model\":\"") + model + "\",\"heartbeat_s\":" + std::to_string(heartbeat_s) + "}";
}

// The gateway holds this event safely: it is forgotten here. True: nothing waits any more.
inline bool confirm(Queue &q, const std::string &id) {
  for (uint8_t i = 0; i < q.count; i++) {
    if (id_of(q.waiting[i]) != id) continue;
    memmove(&q.waiting[i], &q.waiting[i + 1], (q.count - 1 - i) * sizeof(Waiting));
    q.count--;
    break;
  }
  return q.count == 0;
}

// Seconds to sleep: what waits is tried again soon, then more rarely, and never more rarely than the heartbeat.
inline uint32_t sleep_s(const Queue &q, uint32_t heartbeat_s) {
  return q.count && heartbeat_s > 300 ? 300 : heartbeat_s;
}

}  // namespace shishigaki
