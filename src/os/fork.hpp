// Locks that a child of fork finds free.
//
// fork copies one thread: a lock that another one holds at that moment would be held for ever in the child, and what it
// guards might be half written. Of these, fork waits for whoever holds one.
#pragma once

#include <functional>
#include <new>

namespace vitrine::os {

/// A lock as fork sees it, in the list of all there are.
class ForkLock {
 protected:
  ForkLock() = default;
  ~ForkLock() = default;
  ForkLock(const ForkLock&) = delete;
  ForkLock& operator=(const ForkLock&) = delete;
  /// Called by the finished object, and at the beginning of its end.
  static void add(ForkLock& lock);
  static void remove(ForkLock& lock);

 private:
  friend struct ForkLocks;
  virtual void before_fork() = 0;
  virtual void after_in_parent() = 0;
  virtual void after_in_child() = 0;
  /// What is to be done when all of them are free again, and the list is: it may start threads, and holds what it needs.
  virtual std::function<void()> begin_in_child() { return {}; }
  /// There was no memory for that.
  virtual void not_begun_in_child() noexcept {}
  ForkLock* next_ = nullptr;
  ForkLock* previous_ = nullptr;
};

/// A std::mutex or std::shared_mutex of this kind. Who holds one takes no other of them and calls nobody who could, nor
/// who could fork: so it does not matter in which order fork takes them.
template <class Mutex>
class ForkSafe final : public Mutex, ForkLock {
 public:
  ForkSafe() { add(*this); }
  ~ForkSafe() { remove(*this); }

 private:
  void before_fork() override { this->lock(); }
  void after_in_parent() override { this->unlock(); }
  // Not unlocked: a shared_mutex knows its writer by the number of the thread, and the child's is another.
  void after_in_child() override { new (static_cast<Mutex*>(this)) Mutex; }
};

}  // namespace vitrine::os
