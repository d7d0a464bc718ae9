// Writing to a pipe that nobody reads raises SIGPIPE, which would end the host for what is a guest's error. While one
// of these lives, the signal cannot arrive on this thread; the write answers EPIPE instead.
#pragma once

#include <signal.h>

namespace vitrine::os {

class PipeGuard {
 public:
  PipeGuard();
  ~PipeGuard();
  PipeGuard(const PipeGuard&) = delete;
  PipeGuard& operator=(const PipeGuard&) = delete;

 private:
  bool blocked_ = false;  // whether SIGPIPE was blocked here; else there is nothing to undo
};

/// Whether a SIGPIPE would end the process: the default action has not been changed. Costs a system call.
bool sigpipe_kills();

}  // namespace vitrine::os
