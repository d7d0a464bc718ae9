#include "base/parallel.hpp"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace vitrine {

void parallel_for(size_t count, unsigned workers, const std::function<void(size_t, unsigned)>& work) {
  std::atomic<size_t> next{0};
  auto run = [&](unsigned worker) {
    for (size_t i = next++; i < count; i = next++) work(i, worker);
  };
  workers = static_cast<unsigned>(std::clamp<size_t>(count, 1, std::max(1u, workers)));
  std::vector<std::jthread> threads;
  for (unsigned w = 1; w < workers; w++) threads.emplace_back(run, w);
  run(0);
}

unsigned default_workers() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return std::max(1u, std::thread::hardware_concurrency());
  return std::max(1, CPU_COUNT(&set));
}

}  // namespace vitrine
