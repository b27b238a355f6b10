// The queue of deploy/esphome, driven by lines of standard input; its state is written to a file as a flash would hold it.
#include "../../../deploy/esphome/shishigaki.h"
#include <fstream>
#include <iostream>
#include <sstream>

using namespace shishigaki;

int main(int, char **argv) {
  static Queue q{};
  std::ifstream in(argv[1], std::ios::binary);
  if (in) in.read(reinterpret_cast<char *>(&q), sizeof q);
  std::string line, word, id;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    int64_t a = 0, b = 0;
    words >> word;
    if (word == "begin") { words >> a; begin(q, a != 0); }
    if (word == "contact") { words >> a >> b; std::cout << contact(q, a != 0, b) << "\n"; }
    if (word == "seen") { words >> a; std::cout << add(q, DETECTION, a) << "\n"; }
    if (word == "confirm") { words >> id; std::cout << confirm(q, id) << "\n"; }
    if (word == "sleep") { words >> a; std::cout << sleep_s(q, a) << "\n"; }
    if (word == "heartbeat") std::cout << heartbeat(4.015f, -71.0f) << "\n";
    if (word == "meta") std::cout << meta("shishigaki-trap", 3600) << "\n";
    if (word == "events")
      for (uint8_t i = 0; i < q.count; i++) std::cout << event(q.waiting[i], 4.015f, -71.0f) << "\n";
    if (word == "dropped") std::cout << q.dropped << "\n";
  }
  std::ofstream(argv[1], std::ios::binary).write(reinterpret_cast<char *>(&q), sizeof q);
}
