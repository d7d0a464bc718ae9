#include "os/pipe_guard.hpp"

#include <time.h>

#include <cerrno>

namespace vitrine::os {
namespace {
sigset_t sigpipe_set() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  return set;
}
}  // namespace

PipeGuard::PipeGuard() {
  sigset_t pipe = sigpipe_set(), before;
  if (::pthread_sigmask(SIG_BLOCK, &pipe, &before) == 0) blocked_ = !sigismember(&before, SIGPIPE);
}

PipeGuard::~PipeGuard() {
  if (!blocked_) return;
  int saved = errno;
  // A SIGPIPE of our write is pending on this thread (it is raised synchronously): take it before it can be delivered.
  sigset_t pipe = sigpipe_set();
  timespec now{};
  ::sigtimedwait(&pipe, nullptr, &now);
  ::pthread_sigmask(SIG_UNBLOCK, &pipe, nullptr);
  errno = saved;
}

bool sigpipe_kills() {
  struct sigaction action{};
  return ::sigaction(SIGPIPE, nullptr, &action) == 0 && !(action.sa_flags & SA_SIGINFO) && action.sa_handler == SIG_DFL;
}

}  // namespace vitrine::os
