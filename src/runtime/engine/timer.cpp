#include "runtime/engine/timer.hpp"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <new>
#include <system_error>

namespace vitrine::runtime {

namespace {

using namespace std::chrono_literals;

// How long to wait before a task that has been repeated for `age` already.
Timer::Clock::duration pause_at(Timer::Clock::duration age) {
  return std::clamp<Timer::Clock::duration>(age / 64, 100us, 10ms);
}

}  // namespace

void Timer::end() {
  forget_parent();
  {
    std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_one();
  if (!thread_.joinable()) return;
  if (thread_.get_id() == std::this_thread::get_id()) {
    thread_.detach();
  } else {
    thread_.join();
  }
}

// In a child of fork there is no timer thread, and what it or another thread had locked stays so. What was to be done
// still is, and what was being done is done again.
void Timer::forget_parent() {
  const uint64_t forks = os::forks();
  if (forks_.exchange(forks) == forks) return;
  new (&mutex_) std::mutex;
  new (&changed_) std::condition_variable;
  if (runner_ == std::this_thread::get_id()) return;  // a task that forks: it goes on here
  new (&thread_) std::thread;
  runner_ = {};
  if (current_) entries_.insert(std::move(current_));
}

void Timer::repeat(Task task, MayWait may_wait) {
  if (add(Clock::now() + pause_at({}), {task}) || may_wait == MayWait::No) return;
  for (Clock::duration age{}; age < 1s && task();) {
    std::this_thread::sleep_for(pause_at(age));
    age += pause_at(age);
  }
}

std::optional<Timer::Key> Timer::after(std::chrono::nanoseconds delay, Task task) {
  const auto now = Clock::now();
  const auto longest = Clock::time_point::max() - now;
  return add(now + std::min<Clock::duration>(delay, longest), {std::move(task)});
}

void Timer::call_off(const Key& key) {
  forget_parent();
  decltype(entries_)::node_type node;  // goes when the lock is free again
  std::lock_guard lock(mutex_);
  node = entries_.extract(key);
}

std::optional<Timer::Key> Timer::add(Clock::time_point when, Entry entry) {
  forget_parent();
  std::lock_guard lock(mutex_);
  if (ends_ || !start()) return std::nullopt;
  const Key key(when, ++numbers_);
  entries_.emplace(key, std::move(entry));
  changed_.notify_one();
  return key;
}

bool Timer::start() {
  if (thread_.joinable()) return true;
  // The host's signals are for the host's own threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([self = shared_from_this()] { self->run(); });
  } catch (const std::system_error&) {
  } catch (const std::bad_alloc&) {
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread_.joinable();
}

std::function<void()> Timer::begin_in_child() {
  if (ends_ || entries_.empty()) return {};
  return [self = weak_from_this().lock()] {
    if (!self) return;
    std::lock_guard lock(self->mutex_);
    if (!self->ends_) (void)self->start();
  };
}

void Timer::run() {
  std::unique_lock lock(mutex_);
  runner_ = std::this_thread::get_id();
  while (!ends_) {
    if (entries_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const auto when = entries_.begin()->first.first;
    if (Clock::now() < when) {
      changed_.wait_until(lock, when);
      continue;
    }
    current_ = entries_.extract(entries_.begin());
    lock.unlock();
    const bool again = current_.mapped().task();
    lock.lock();
    auto node = std::move(current_);
    if (!again) {
      lock.unlock();
      node = {};  // what the task held may end something, which may take its time
      lock.lock();
      continue;
    }
    node.mapped().age += pause_at(node.mapped().age);
    node.key().first = Clock::now() + pause_at(node.mapped().age);
    entries_.insert(std::move(node));
  }
}

}  // namespace vitrine::runtime
