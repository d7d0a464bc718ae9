#include "runtime/failure/failure.hpp"

#include <fmt/format.h>

namespace vitrine::runtime {

std::unique_ptr<Failure> Failure::trap(abi::TrapCode code) {
  auto failure = std::make_unique<Failure>();
  failure->kind = Kind::Trap;
  failure->code = code;
  return failure;
}

std::unique_ptr<Failure> Failure::of(Error error) {
  auto failure = std::make_unique<Failure>();
  failure->kind = Kind::HostError;
  failure->error = std::move(error);
  return failure;
}

std::unique_ptr<Failure> Failure::of(std::exception_ptr exception) {
  auto failure = std::make_unique<Failure>();
  failure->kind = Kind::HostException;
  failure->exception = std::move(exception);
  return failure;
}

std::string Failure::cause() const {
  switch (kind) {
    case Kind::Trap:
      return fmt::format("wasm trap: {}", abi::message_of(code));
    case Kind::HostError:
      return error->message();
    case Kind::HostException:
      try {
        std::rethrow_exception(exception);
      } catch (const std::exception& e) {
        return fmt::format("a host function threw an exception: {}", e.what());
      } catch (...) {
        return "a host function threw an exception";
      }
  }
  return "unknown failure";
}

}  // namespace vitrine::runtime
