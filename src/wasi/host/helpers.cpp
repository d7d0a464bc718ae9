#include "wasi/host/helpers.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace vitrine::wasi::host {
namespace {

struct Job {
  std::function<void()> work;
  uint64_t device = 0;
  os::FileDescriptor done;  // readable when it is
  bool has_failed = false;  // the work threw: for want of memory, as nothing else of ours throws
  std::atomic<bool> finished = false;
};

class Helpers {
 public:
  /// Of this process: a child of fork has none of its parent's threads, and makes its own.
  static Helpers& of_process();

  /// False if there is no thread to run it, nor any that will be free.
  bool submit(const std::shared_ptr<Job>& job);
  /// Takes a job back that has not begun.
  void drop(const std::shared_ptr<Job>& job);

 private:
  using Queue = std::deque<std::shared_ptr<Job>>;
  void run();
  /// The first that may begin. One that may not, may when another has ended, whose helper then looks again.
  Queue::iterator next();

  Helpers() { at_work_.reserve(kMaxHelpers); }

  pid_t owner_ = ::getpid();
  std::mutex mutex_;
  std::condition_variable more_;
  Queue waiting_;
  std::vector<uint64_t> at_work_;  // the device of each helper that is; never reallocated
  size_t threads_ = 0, idle_ = 0;
};

Helpers& Helpers::of_process() {
  // Never destroyed: a helper may be in the system's hands when the process ends.
  static std::atomic<Helpers*> current = nullptr;
  Helpers* found = current.load(std::memory_order_acquire);
  if (found && found->owner_ == ::getpid()) [[likely]]
    return *found;
  auto* fresh = new Helpers;
  if (current.compare_exchange_strong(found, fresh)) return *fresh;
  delete fresh;
  return *found;
}

bool Helpers::submit(const std::shared_ptr<Job>& job) {
  std::unique_lock lock(mutex_);
  waiting_.push_back(job);
  if (waiting_.size() > idle_ && threads_ < kMaxHelpers) {
    // A signal for the process is not for a helper: its handler may run guest's or host's code.
    sigset_t all, before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      std::thread([this] { run(); }).detach();
      ++threads_;
    } catch (const std::system_error&) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (threads_ == 0) {
      waiting_.pop_back();
      return false;
    }
  }
  lock.unlock();
  more_.notify_one();
  return true;
}

void Helpers::drop(const std::shared_ptr<Job>& job) {
  std::lock_guard lock(mutex_);
  std::erase(waiting_, job);
}

Helpers::Queue::iterator Helpers::next() {
  return std::ranges::find_if(waiting_, [this](const auto& job) {
    return static_cast<size_t>(std::ranges::count(at_work_, job->device)) < kMaxHelpers - at_work_.size();
  });
}

void Helpers::run() {
  // Not long: every system call on a file is slower in a process that has a second thread, by a sixth where it is short.
  // Beside what runs here, starting a thread is nothing.
  constexpr auto kIdle = std::chrono::milliseconds(50);
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    bool any = more_.wait_for(lock, kIdle, [this] { return next() != waiting_.end(); });
    --idle_;
    if (!any) break;
    auto found = next();
    auto job = std::move(*found);
    waiting_.erase(found);
    const uint64_t device = job->device;
    at_work_.push_back(device);
    // What ended before this began may have made room for two, of different devices.
    if (next() != waiting_.end()) more_.notify_one();
    lock.unlock();
    try {
      job->work();
    } catch (...) {
      job->has_failed = true;
    }
    job->work = nullptr;  // what it owns goes here, not on a thread that waits for something else
    job->finished.store(true, std::memory_order_release);
    uint64_t one = 1;
    [[maybe_unused]] auto n = ::write(job->done.get(), &one, sizeof one);
    job.reset();
    lock.lock();
    at_work_.erase(std::ranges::find(at_work_, device));
  }
  --threads_;
}

}  // namespace

uint64_t device_of(int fd) {
  struct stat st;
  return ::fstat(fd, &st) == 0 ? st.st_dev : 0;
}

os::SysResult<> run_on_helper(const Interrupt& interrupt, uint64_t device, std::function<void()> work) {
  if (interrupt.raised()) return os::sys_fail(os::kInterrupted);
  auto job = std::make_shared<Job>();
  job->work = std::move(work);
  job->device = device;
  job->done = os::FileDescriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  auto& helpers = Helpers::of_process();
  if (!job->done || !helpers.submit(job)) {
    job->work();
    return {};
  }
  while (!job->finished.load(std::memory_order_acquire)) {
    if (auto waited = interrupt.wait(job->done.get(), POLLIN); !waited) {
      helpers.drop(job);
      return waited;
    }
  }
  if (job->has_failed) return os::sys_fail(ENOMEM);
  return {};
}

}  // namespace vitrine::wasi::host
