#include "runtime/failure/failure.hpp"

#include <fmt/format.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>

namespace vitrine::runtime {

namespace {

struct SetAside {
  std::atomic<bool> is_used = false;
  alignas(Failure) unsigned char memory[sizeof(Failure)] = {};
};
constinit SetAside set_aside[Failure::kSetAside];

}  // namespace

void* Failure::operator new(size_t size) {
  if (void* memory = ::operator new(size, std::nothrow)) return memory;
  for (SetAside& one : set_aside) {
    if (!one.is_used.exchange(true, std::memory_order_acquire)) return one.memory;
  }
  std::fputs("vitrine: out of memory: there is none to say why a call into a guest ends\n", stderr);
  std::abort();
}

void Failure::operator delete(void* failure) {
  for (SetAside& one : set_aside) {
    if (failure == one.memory) return one.is_used.store(false, std::memory_order_release);
  }
  ::operator delete(failure);
}

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
