// A loop over independent work items on several threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>

namespace vitrine {

/// Threads that help with loops, started when the first loop could use them and kept until the pool goes. Any number of
/// threads may run loops at once: each works on its own loop, and the pool's threads join those that began first. Where
/// threads cannot be had, loops go on with those that are there, were it the caller alone. In a child after fork(),
/// which has none of the parent's threads, the pool starts its own. Signals meant for the process are not delivered to
/// them.
class WorkerPool {
 public:
  /// At most `workers` threads, at least 1, work on a loop: the caller's and the pool's own.
  explicit WorkerPool(unsigned workers);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  /// Waits for the threads to end. No loop may be running.
  ~WorkerPool();

  unsigned workers() const { return workers_; }

 private:
  struct State;
  struct Loop;
  friend void parallel_for(WorkerPool*, size_t, const std::function<void(size_t, unsigned)>&);

  State& state();
  void run(Loop& loop);

  const unsigned workers_;
  std::atomic<State*> state_;  // of this process
};

/// Calls `work(item, worker)` for every item in [0, count), each once, from the caller's thread (worker 0) and, if
/// there is a pool, those of its threads that are free; `worker` is below `workers_of(pool)`. Items are handed out in
/// order, one by one. Returns when all are done. What `work` throws ends the loop and is thrown here.
void parallel_for(WorkerPool* pool, size_t count, const std::function<void(size_t item, unsigned worker)>& work);

inline unsigned workers_of(const WorkerPool* pool) {
  return pool ? pool->workers() : 1;
}

/// How many threads are worth using here: the CPUs this process may run on.
unsigned default_workers();

}  // namespace vitrine
