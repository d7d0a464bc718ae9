#pragma once

#include <pthread.h>

namespace vitrine {

/// While it lives, the calling thread is not ended by pthread_cancel: for a wait that others depend on.
class Uncancellable {
 public:
  Uncancellable() { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
  ~Uncancellable() { pthread_setcancelstate(before_, nullptr); }
  Uncancellable(const Uncancellable&) = delete;
  Uncancellable& operator=(const Uncancellable&) = delete;

 private:
  int before_;
};

}  // namespace vitrine
