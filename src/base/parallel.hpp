// A loop over independent work items on several threads.
#pragma once

#include <cstddef>
#include <functional>

namespace vitrine {

/// Calls `work(item, worker)` for every item in [0, count), each once, from `workers` threads (the caller's is one of
/// them); `worker` is in [0, workers). Items are handed out in order, one by one. Returns when all are done.
void parallel_for(size_t count, unsigned workers, const std::function<void(size_t item, unsigned worker)>& work);

/// How many threads are worth using here: the CPUs this process may run on.
unsigned default_workers();

}  // namespace vitrine
