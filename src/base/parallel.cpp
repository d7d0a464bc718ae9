#include "base/parallel.hpp"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/assert.hpp"
#include "base/uncancellable.hpp"

namespace vitrine {

namespace {

/// How many forks lie between this process and the one that loaded this code.
std::atomic<uint64_t> forks{0};

uint64_t fork_generation() {
  static const int registered = pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });
  (void)registered;
  return forks.load(std::memory_order_relaxed);
}

/// Blocks, for the threads started meanwhile, every signal that is not of their own making (or a profiler's).
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t set;
    sigfillset(&set);
    for (int own : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGPROF}) sigdelset(&set, own);
    pthread_sigmask(SIG_BLOCK, &set, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

/// On the stack of the thread whose loop it is.
struct WorkerPool::Loop {
  Loop(size_t count_, unsigned helpers, const std::function<void(size_t, unsigned)>& work_)
      : count(count_), work(work_), places(helpers) {}

  void work_on(unsigned worker) {
    for (size_t i = next++; i < count; i = next++) work(i, worker);
  }

  /// The same, on a thread that has nobody to throw at.
  void help(unsigned worker) {
    try {
      work_on(worker);
    } catch (...) {
      next = count;
      std::lock_guard lock(error_mutex);
      if (!error) error = std::current_exception();
    }
  }

  const size_t count;
  const std::function<void(size_t, unsigned)>& work;
  std::atomic<size_t> next{0};
  std::mutex error_mutex;
  std::exception_ptr error;
  // Under the pool's mutex.
  unsigned places;      // helpers that may still join
  unsigned joined = 0;  // so far
  unsigned active = 0;  // helpers at work now
};

struct WorkerPool::State {
  State(uint64_t generation_, State* of_parent_) : generation(generation_), of_parent(of_parent_) {}

  /// Sees to it that there are threads for all open loops: at most `limit`, and as many as can be had.
  void start(size_t limit) {
    size_t wanted = busy;
    for (const Loop* loop : open) wanted += loop->places;
    wanted = std::min(wanted, limit);
    if (threads.size() >= wanted) return;
    try {
      SignalsBlocked blocked;
      threads.reserve(wanted);
      while (threads.size() < wanted) threads.emplace_back([this] { help(); });
    } catch (const std::exception&) {
      // The system has no thread or no memory to spare: it goes with fewer, and the next loop tries again.
    }
  }

  void help() {
    pthread_setname_np(pthread_self(), "vitrine-worker");
    std::unique_lock lock(mutex);
    for (;;) {
      wake.wait(lock, [this] { return stopping || !open.empty(); });
      if (stopping) return;
      Loop& loop = *open.front();
      const unsigned worker = ++loop.joined;
      ++loop.active;
      ++busy;
      if (--loop.places == 0) open.erase(open.begin());
      lock.unlock();
      loop.help(worker);
      lock.lock();
      --busy;
      if (--loop.active == 0) left.notify_all();
    }
  }

  const uint64_t generation;
  State* const of_parent;  // of the process before a fork: never touched again, and never freed
  std::mutex mutex;
  std::condition_variable wake;  // for threads: a loop is open, or the end has come
  std::condition_variable left;  // for callers: a loop has no helper at work
  std::vector<Loop*> open;       // loops with places, oldest first
  std::vector<std::thread> threads;
  size_t busy = 0;  // of them
  bool stopping = false;
};

WorkerPool::WorkerPool(unsigned workers)
    : workers_(std::max(1u, workers)), state_(new State(fork_generation(), nullptr)) {}

WorkerPool::~WorkerPool() {
  State* s = state_.load();
  // The threads of another process are not here to be joined, and its mutex may have been held at the fork.
  if (s->generation != fork_generation()) return;
  {
    std::lock_guard lock(s->mutex);
    s->stopping = true;
  }
  s->wake.notify_all();
  for (std::thread& t : s->threads) t.join();
  delete s;
}

WorkerPool::State& WorkerPool::state() {
  State* now = state_.load();
  if (now->generation == fork_generation()) return *now;
  auto* fresh = new State(fork_generation(), now);
  if (state_.compare_exchange_strong(now, fresh)) return *fresh;
  delete fresh;
  return *now;
}

void WorkerPool::run(Loop& loop) {
  State& s = state();
  const unsigned helpers = loop.places;
  {
    std::lock_guard lock(s.mutex);
    s.open.push_back(&loop);
    s.start(workers_ - 1);
  }
  for (unsigned n = 0; n < helpers; ++n) s.wake.notify_one();
  // The loop is on this thread's stack, so nobody may be at it when we go: by returning, by an exception, or by the
  // thread's cancellation, which must not be caught.
  struct Close {
    State& s;
    Loop& loop;
    ~Close() {
      loop.next = loop.count;
      if (s.generation != fork_generation()) {
        // `work` forked and this is the child. What the helpers had in hand is lost.
        VITRINE_ASSERT(loop.active == 0);
        return;
      }
      const Uncancellable here;
      std::unique_lock lock(s.mutex);
      std::erase(s.open, &loop);
      s.left.wait(lock, [&] { return loop.active == 0; });
    }
  } close{s, loop};
  loop.work_on(0);
}

void parallel_for(WorkerPool* pool, size_t count, const std::function<void(size_t, unsigned)>& work) {
  if (!pool || pool->workers() == 1 || count < 2) {
    for (size_t i = 0; i < count; ++i) work(i, 0);
    return;
  }
  WorkerPool::Loop loop(count, static_cast<unsigned>(std::min<size_t>(count, pool->workers())) - 1, work);
  pool->run(loop);
  if (loop.error) std::rethrow_exception(loop.error);
}

unsigned default_workers() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return std::max(1u, std::thread::hardware_concurrency());
  return std::max(1, CPU_COUNT(&set));
}

}  // namespace vitrine
