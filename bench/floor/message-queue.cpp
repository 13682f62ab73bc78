// Boost's message_queue: a process that sends and one that receives, as bench/messages.js does it.
//   message-queue NAME BYTES; each line `WORK COUNT …` is answered with the nanoseconds until all have arrived.

#include <boost/interprocess/ipc/message_queue.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using boost::interprocess::message_queue;

static const int SLOTS = 64;

/** Looks at every page of what has arrived, until all have. */
static void receive(message_queue &queue, int from, int to, size_t bytes) {
  std::vector<unsigned char> buffer(bytes);
  for (long count; read(from, &count, sizeof count) == sizeof count;) {
    unsigned sum = 0;
    for (long i = 0; i < count; i++) {
      message_queue::size_type length;
      unsigned priority;
      queue.receive(buffer.data(), bytes, length, priority);
      for (size_t at = 0; at < length; at += 4096) sum += buffer[at];
    }
    if (write(to, &sum, sizeof sum) != sizeof sum) return;
  }
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  const size_t bytes = std::strtoul(argv[2], nullptr, 10);
  message_queue queue(boost::interprocess::create_only, argv[1], SLOTS, bytes);
  // Both have it: it needs no name any more.
  message_queue::remove(argv[1]);
  int asks[2], tells[2];
  if (pipe(asks) != 0 || pipe(tells) != 0) return 1;
  if (fork() == 0) {
    close(asks[1]);
    receive(queue, asks[0], tells[1], bytes);
    _exit(0);
  }
  const std::vector<unsigned char> data(bytes, 1);
  for (std::string line, work; std::getline(std::cin, line);) {
    long count = 0;
    std::istringstream(line) >> work >> count;
    const auto start = std::chrono::steady_clock::now();
    unsigned sum;
    if (write(asks[1], &count, sizeof count) != sizeof count) return 1;
    for (long i = 0; i < count; i++) queue.send(data.data(), bytes, 0);
    if (read(tells[0], &sum, sizeof sum) != sizeof sum) return 1;
    const auto took = std::chrono::steady_clock::now() - start;
    std::cout << std::chrono::duration_cast<std::chrono::nanoseconds>(took).count() << std::endl;
  }
  close(asks[1]);
  wait(nullptr);
}
