#include "runtime/store/cancellation.hpp"

#include "os/signals.hpp"
#include "runtime/store/store.hpp"

namespace vitrine::runtime {

void Cancellation::cancel() {
  if (cancelled_.exchange(true)) return;
  std::shared_ptr<Timer> timer;
  {
    std::lock_guard lock(mutex_);
    if (store_) {
      thread_ = store_->refuse_entry();
      timer = store_->engine().timer();
    }
  }
  std::vector<std::function<void()>> wakes;
  {
    std::lock_guard lock(wake_mutex_);
    wakes.swap(wakes_);
  }
  for (const auto& wake : wakes) wake();
  if (!push()) return;
  timer->repeat([self = weak_from_this()] {
    const auto cancellation = self.lock();
    return cancellation && cancellation->push();
  });
}

void Cancellation::on_cancel(std::function<void()> wake) {
  {
    std::lock_guard lock(wake_mutex_);
    // SAFETY: `cancelled_` is set before `cancel` takes this lock, so what is added while it is not set is called.
    if (!is_cancelled()) {
      wakes_.push_back(std::move(wake));
      return;
    }
  }
  wake();
}

bool Cancellation::push() {
  std::lock_guard lock(mutex_);
  if (!store_ || !thread_) return false;
  const int signal = store_->engine().cancel_signal();
  if (signal == 0) {
    store_->expire();
    return store_->has_activation();
  }
  if (first_request_ == 0) os::catch_interrupts(signal);
  if (first_request_ != 0 && thread_->seen(first_request_) && !store_->has_activation()) return false;
  const uint64_t request = thread_->send(signal);
  if (request == 0) return false;  // the thread is no more, and what it ran neither
  if (first_request_ == 0) first_request_ = request;
  return true;
}

void Cancellation::detach() {
  std::lock_guard lock(mutex_);
  store_ = nullptr;
}

}  // namespace vitrine::runtime
