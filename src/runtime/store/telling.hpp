// Who limits growth is told of what did not happen, also where an exception ended it.
#pragma once

#include <exception>
#include <utility>

#include "base/result.hpp"

namespace vitrine::runtime {

/// Made beforehand: there may be no memory for it when it is needed.
inline const Error& came_in_between() {
  static const Error error("an exception came in between", ErrorKind::Host);
  return error;
}

/// What `make` answers. If it throws, `tell` is called with an error before that goes on: behind the handler, as who is
/// told may go on in another thread. A thread that ends (pthread_exit, its cancellation) tells nobody.
template <class Make, class Tell>
auto telling_of_exceptions(Tell&& tell, Make&& make) {
  std::exception_ptr thrown;
  try {
    return make();
  } catch (...) {
    thrown = std::current_exception();
    if (!thrown) throw;
  }
  tell(came_in_between());
  std::rethrow_exception(std::move(thrown));
}

/// The same, and `tell` is called with an error that `make` answers.
template <class Make, class Tell>
auto telling(Tell&& tell, Make&& make) {
  auto made = telling_of_exceptions(tell, make);
  if (!made) tell(made.error());
  return made;
}

}  // namespace vitrine::runtime
