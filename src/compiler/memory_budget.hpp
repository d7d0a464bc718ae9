// How much memory the functions that are being compiled may need at once, all workers together.
//
// Each worker has a share that it need not ask for, and keeps from one function to the next: enough for nearly every
// function. (Giving memory back and getting it again costs a tenth of compiling.) For a larger one it takes what that
// needs from what is left for all of them, and waits until the others leave so much, first come first served. A
// worker that waits holds nothing (what it has translated by then is dropped), so somebody always goes on.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <utility>

#include "base/uncancellable.hpp"

namespace vitrine::compiler {

class MemoryBudget {
 public:
  /// `bytes`: what there is besides the shares; whoever asks for more gets all of it.
  MemoryBudget(uint64_t bytes, size_t workers)
      : share_(std::max(kMinShare, kShares / workers)), total_(bytes), left_(bytes) {}

  uint64_t share() const { return share_; }

  /// What one worker has taken.
  class Grant {
   public:
    explicit Grant(MemoryBudget& budget) : budget_(budget) {}
    ~Grant() { keep(0); }
    Grant(const Grant&) = delete;
    Grant& operator=(const Grant&) = delete;

    /// Takes `bytes` instead, nothing if the share will do. May wait.
    void change(uint64_t bytes) {
      keep(0);
      bytes_ = bytes <= budget_.share_ ? 0 : budget_.take(bytes);
    }
    /// Gives back what is over `bytes`, all of it if the share will do.
    void keep(uint64_t bytes) {
      if (bytes <= budget_.share_) bytes = 0;
      if (bytes_ > bytes) budget_.give_back(bytes_ - bytes);
      bytes_ = std::min(bytes_, bytes);
    }
    uint64_t bytes() const { return bytes_; }

   private:
    MemoryBudget& budget_;
    uint64_t bytes_ = 0;
  };

 private:
  static constexpr uint64_t kShares = 160ull << 20;  // of all workers, unless there are very many
  static constexpr uint64_t kMinShare = 8ull << 20;

  uint64_t take(uint64_t bytes) {
    bytes = std::min(bytes, total_);
    // A thread that is cancelled while it waits would leave its ticket, and all who come after it waiting.
    const Uncancellable here;
    std::unique_lock lock(mutex_);
    const uint64_t ticket = next_ticket_++;
    changed_.wait(lock, [&] { return serving_ == ticket && left_ >= bytes; });
    ++serving_;
    left_ -= bytes;
    changed_.notify_all();
    return bytes;
  }
  void give_back(uint64_t bytes) {
    std::lock_guard lock(mutex_);
    left_ += bytes;
    changed_.notify_all();
  }

  const uint64_t share_, total_;
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t left_;
  uint64_t next_ticket_ = 0, serving_ = 0;
};

}  // namespace vitrine::compiler
