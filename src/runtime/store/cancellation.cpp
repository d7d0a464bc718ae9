#include "runtime/store/cancellation.hpp"

#include <utility>

#include "runtime/store/store.hpp"

namespace vitrine::runtime {

void Cancellation::cancel() {
  if (!begin(std::nullopt) || !tell()) return;
  std::shared_ptr<Timer> timer;
  Timer::MayWait may_wait = Timer::MayWait::Yes;
  {
    std::lock_guard locked(mutex_);
    if (!store_) return;
    timer = store_->engine().timer();
    // A host function of the store itself comes back to its flag, and would wait for that.
    if (store_->running_thread() == os::Thread::current_or_null()) may_wait = Timer::MayWait::No;
  }
  timer->repeat(
      [self = weak_from_this()] {
        const auto cancellation = self.lock();
        return cancellation && cancellation->push();
      },
      may_wait);
}

bool Cancellation::begin(std::optional<uint64_t> deadline) {
  std::lock_guard locked(mutex_);
  if (deadline && *deadline != deadline_) return false;
  if (cancelled_.exchange(true)) return false;
  if (store_) at_home_ = store_->refuse_entry();
  return true;
}

bool Cancellation::tell() {
  const bool goes_on = push();
  wakes_.request_stop();
  return goes_on;
}

bool Cancellation::cancel_after(std::optional<std::chrono::nanoseconds> delay) {
  uint64_t number;
  {
    std::lock_guard locked(mutex_);
    number = ++deadline_;
  }
  Timer& timer = *store_->engine().timer();
  if (due_) timer.call_off(*std::exchange(due_, std::nullopt));
  if (!delay) return true;
  due_ = timer.after(*delay, [self = weak_from_this(), number] {
    const auto cancellation = self.lock();
    if (!cancellation) return false;
    (void)cancellation->begin(number);
    return cancellation->is_cancelled() && cancellation->tell();
  });
  return due_.has_value();
}

std::shared_ptr<void> Cancellation::on_cancel(std::function<void()> wake) {
  return std::make_shared<std::stop_callback<std::function<void()>>>(wakes_.get_token(), [wake = std::move(wake)] {
    try {
      wake();
    } catch (...) {
    }
  });
}

bool Cancellation::push() {
  std::lock_guard locked(mutex_);
  if (!store_) return false;
  const int signal = store_->engine().cancel_signal();
  if (signal == 0) {
    store_->expire();
    return store_->has_activation();
  }
  if (at_home_) tell_home(signal);
  if (!store_->has_activation()) return at_home_ != nullptr;
  os::Thread* running = store_->running_thread();
  // A thread that is no more runs nothing; and none that is on its way in gets there.
  return running && (running == at_home_ || running->send(signal) != 0);
}

void Cancellation::tell_home(int signal) {
  uint64_t request = 0;
  if (first_request_ == 0 || !at_home_->seen(first_request_)) request = at_home_->send(signal);
  if (request == 0) {
    at_home_ = nullptr;
  } else if (first_request_ == 0) {
    first_request_ = request;
  }
}

void Cancellation::detach() {
  (void)cancel_after(std::nullopt);
  std::lock_guard locked(mutex_);
  store_ = nullptr;
}

}  // namespace vitrine::runtime
