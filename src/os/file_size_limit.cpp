#include "os/file_size_limit.hpp"

#include <signal.h>

namespace vitrine::os {

void survive_file_size_limit() {
  static const bool done = [] {
    struct sigaction action{};
    if (::sigaction(SIGXFSZ, nullptr, &action) != 0 || (action.sa_flags & SA_SIGINFO) || action.sa_handler != SIG_DFL) {
      return true;
    }
    action = {};
    action.sa_handler = [](int) {};
    action.sa_flags = SA_RESTART | SA_ONSTACK;
    return ::sigaction(SIGXFSZ, &action, nullptr) == 0;
  }();
  (void)done;
}

}  // namespace vitrine::os
