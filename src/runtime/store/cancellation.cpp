#include "runtime/store/cancellation.hpp"

#include <new>
#include <utility>

#include "base/uncancellable.hpp"
#include "runtime/store/store.hpp"

namespace vitrine::runtime {

class Cancellation::Wake {
 public:
  Wake(std::shared_ptr<Cancellation> of, std::function<void()> call) : of_(std::move(of)), call_(std::move(call)) {}
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;
  ~Wake() {
    std::unique_lock lock(of_->mutex_);
    if (listed_) unlist();
    if (of_->running_wake_ != this) return;
    if (of_->waker_ == std::this_thread::get_id()) {  // it ends itself
      of_->running_wake_ = nullptr;
      return;
    }
    const Uncancellable wait;
    of_->wake_done_.wait(lock, [this] { return of_->running_wake_ != this; });
  }

  /// Locked.
  void list() {
    listed_ = true;
    next_ = of_->first_wake_;
    if (next_) next_->previous_ = this;
    of_->first_wake_ = this;
  }
  void unlist() {
    listed_ = false;
    (previous_ ? previous_->next_ : of_->first_wake_) = next_;
    if (next_) next_->previous_ = previous_;
  }
  /// What it calls, which then does not depend on this any more.
  std::function<void()> take() { return std::move(call_); }

 private:
  std::shared_ptr<Cancellation> of_;
  std::function<void()> call_;
  bool listed_ = false;
  Wake* next_ = nullptr;
  Wake* previous_ = nullptr;
};

namespace {

void call_quietly(const std::function<void()>& wake) {
  try {
    wake();
  } catch (...) {
  }
}

}  // namespace

void Cancellation::cancel() {
  const auto self = shared_from_this();  // a function that is called may let go of the last owner
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
      [weak = weak_from_this()] {
        const auto cancellation = weak.lock();
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
  wake();
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

std::shared_ptr<void> Cancellation::on_cancel(std::function<void()> call) {
  auto wake = std::make_shared<Wake>(shared_from_this(), std::move(call));
  {
    std::lock_guard locked(mutex_);
    if (!woke_) {
      wake->list();
      return wake;
    }
  }
  call_quietly(wake->take());
  return wake;
}

void Cancellation::wake() {
  std::unique_lock lock(mutex_);
  if (woke_) return;
  woke_ = true;
  const Uncancellable whole;  // others wait for the end of each
  waker_ = std::this_thread::get_id();
  while (first_wake_ && !is_left()) {
    running_wake_ = first_wake_;
    running_wake_->unlist();
    {
      // What it holds goes while the lock is free: it may do anything.
      const std::function<void()> call = running_wake_->take();
      lock.unlock();
      call_quietly(call);
    }
    lock.lock();
    running_wake_ = nullptr;
    wake_done_.notify_all();
  }
  waker_ = {};
}

bool Cancellation::is_left() const {
  if (!store_ || !store_->has_activation()) return false;
  os::Thread* running = store_->running_thread();
  return running && running->was_left_by_fork();
}

void Cancellation::after_in_child() {
  new (&mutex_) std::mutex;
  new (&wake_done_) std::condition_variable;
  if (store_) store_->look_after_fork();
  if (waker_ == std::this_thread::get_id()) return;  // a function that forks: it goes on here
  waker_ = {};
  running_wake_ = nullptr;
  // Those that were not called yet, begin_in_child sees to.
  if (cancelled_) woke_ = is_left() || !store_ || !first_wake_;
}

std::function<void()> Cancellation::begin_in_child() {
  if (!cancelled_ || woke_) return {};
  return [self = weak_from_this().lock()] {
    if (!self) return;
    std::shared_ptr<Timer> timer;
    {
      std::lock_guard locked(self->mutex_);
      if (self->woke_ || !self->store_) return;
      timer = self->store_->engine().timer();
    }
    const auto finish = [weak = std::weak_ptr(self)] {
      const auto cancellation = weak.lock();
      return cancellation && cancellation->tell();
    };
    if (timer->after({}, finish)) return;
    std::lock_guard locked(self->mutex_);
    self->woke_ = true;  // without a thread for it: at least who comes later is told at once
  };
}

bool Cancellation::push() {
  std::lock_guard locked(mutex_);
  if (!store_) return false;
  const int signal = store_->engine().cancel_signal();
  if (signal == 0) {
    store_->expire();
    return store_->has_activation() && !is_left();
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
