#include "os/fork.hpp"

#include <pthread.h>

#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "os/thread.hpp"

namespace vitrine::os {

struct ForkLocks {
  static inline constinit std::mutex mutex;  // of the list; held while forking
  static inline constinit ForkLock* first = nullptr;

  static void before() {
    mutex.lock();
    for (ForkLock* lock = first; lock; lock = lock->next_) lock->before_fork();
  }
  static void in_parent() {
    for (ForkLock* lock = first; lock; lock = lock->next_) lock->after_in_parent();
    mutex.unlock();
  }
  static void in_child() {
    for (ForkLock* lock = first; lock; lock = lock->next_) lock->after_in_child();
    struct Begin {
      ForkLock* of;
      std::function<void()> what;
    };
    std::vector<Begin> begin;
    for (ForkLock* lock = first; lock; lock = lock->next_) {
      try {
        if (auto what = lock->begin_in_child()) begin.push_back({lock, std::move(what)});
      } catch (const std::bad_alloc&) {
        lock->not_begun_in_child();
      }
    }
    mutex.unlock();
    // Each keeps its lock alive.
    for (const Begin& each : begin) {
      try {
        each.what();
      } catch (const std::bad_alloc&) {
        each.of->not_begun_in_child();
      }
    }
  }
};

void ForkLock::add(ForkLock& lock) {
#if !defined(__SANITIZE_THREAD__)  // which ends a program that holds more than 64 locks
  (void)forks();                   // the threads' numbers are right before any thread begins
  static const int registered = pthread_atfork(ForkLocks::before, ForkLocks::in_parent, ForkLocks::in_child);
  (void)registered;
#endif
  std::lock_guard guard(ForkLocks::mutex);
  lock.next_ = ForkLocks::first;
  if (lock.next_) lock.next_->previous_ = &lock;
  ForkLocks::first = &lock;
}

void ForkLock::remove(ForkLock& lock) {
  std::lock_guard guard(ForkLocks::mutex);
  (lock.previous_ ? lock.previous_->next_ : ForkLocks::first) = lock.next_;
  if (lock.next_) lock.next_->previous_ = lock.previous_;
}

}  // namespace vitrine::os
