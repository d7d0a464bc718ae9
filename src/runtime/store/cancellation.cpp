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
      at_home_ = store_->refuse_entry();
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
  if (first_request_ == 0) os::catch_interrupts(signal);
  uint64_t request = 0;
  if (first_request_ == 0 || !at_home_->seen(first_request_)) request = at_home_->send(signal);
  if (request == 0) {
    at_home_ = nullptr;
  } else if (first_request_ == 0) {
    first_request_ = request;
  }
}

void Cancellation::detach() {
  std::lock_guard lock(mutex_);
  store_ = nullptr;
}

}  // namespace vitrine::runtime
