#include "os/thread.hpp"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <new>

#include "base/assert.hpp"

namespace vitrine::os {

namespace {

int own_id() {
  return static_cast<int>(syscall(SYS_gettid));
}

constinit thread_local Thread* this_thread __attribute__((tls_model("initial-exec"))) = nullptr;

}  // namespace

// All records. Those without a thread are given out again, so there are no more than there were threads at once.
struct ThreadPool {
  static inline constinit std::mutex mutex;
  static inline constinit Thread* all = nullptr;

  static Thread& take() {
    (void)forks();
    std::lock_guard lock(mutex);
    Thread* thread = all;
    while (thread && !thread->begin()) thread = thread->next_;
    if (!thread) {
      thread = new Thread;
      thread->next_ = all;
      all = thread;
      thread->begin();
    }
    return *thread;
  }

  /// The child has one thread, under a number of its own; locks that others held are nobody's.
  static void after_fork() {
    new (&mutex) std::mutex;
    for (Thread* t = all; t; t = t->next_) {
      new (&t->mutex_) std::mutex;
      if (t->id_ != Thread::kEnded) t->id_ = t == this_thread ? own_id() : Thread::kLeft;
    }
  }
};

uint64_t forks() {
  static std::atomic<uint64_t> count{0};
  static const int registered = pthread_atfork(nullptr, nullptr, [] {
    ++count;
    ThreadPool::after_fork();
  });
  (void)registered;
  return count.load();
}

/// Ends the record with the thread: by a key, as the values of keys go after all thread_local objects, whose destructors
/// may still do anything.
struct ThreadOwner {
  static void own(Thread& thread) {
    static const pthread_key_t key = [] {
      pthread_key_t made;
      VITRINE_ASSERT(pthread_key_create(&made, end) == 0);
      return made;
    }();
    VITRINE_ASSERT(pthread_setspecific(key, &thread) == 0);
  }
  static void end(void* thread) {
    this_thread = nullptr;
    auto& record = *static_cast<Thread*>(thread);
    std::lock_guard lock(record.mutex_);
    record.id_ = Thread::kEnded;
  }
};

bool Thread::begin() {
  std::lock_guard lock(mutex_);
  if (id_ != kEnded) return false;  // nor is one that a fork left given out again: it says so for ever
  id_ = own_id();
  return true;
}

Thread& Thread::current() {
  if (!this_thread) {
    this_thread = &ThreadPool::take();
    ThreadOwner::own(*this_thread);
  }
  return *this_thread;
}

Thread* Thread::current_or_null() {
  return this_thread;
}

bool Thread::was_left_by_fork() {
  std::lock_guard lock(mutex_);
  return id_ == kLeft;
}

uint64_t Thread::send(int signal) {
  std::lock_guard lock(mutex_);  // the thread cannot end meanwhile, so its number is its own
  if (id_ <= 0) return 0;
  const uint64_t request = requested_.fetch_add(1, std::memory_order_acq_rel) + 1;
  if (syscall(SYS_tgkill, getpid(), id_, signal) != 0) return 0;
  return request;
}

}  // namespace vitrine::os
