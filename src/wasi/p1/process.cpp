// Arguments, environment, clocks, random bytes, and the end of the program.

#include <sched.h>

#include <string_view>

#include "base/result.hpp"
#include "wasi/p1/abi.hpp"
#include "wasi/p1/calls.hpp"
#include "wasi/p1/state.hpp"

namespace vitrine::wasi::p1 {
namespace {

/// A list of NUL-terminated strings, as argv and environ are: `length(i)` and `copy(i, to)` say what they are.
struct StringList {
  size_t count = 0;
  uint64_t bytes = 0;  // with the NULs
};

StringList size_of_args(const host::Context& context) {
  StringList list;
  for (const auto& arg : context.args()) {
    ++list.count;
    list.bytes += arg.size() + 1;
  }
  return list;
}

StringList size_of_env(const host::Context& context) {
  StringList list;
  for (const auto& [name, value] : context.env()) {
    ++list.count;
    list.bytes += name.size() + 1 + value.size() + 1;
  }
  return list;
}

Answer<> put_sizes(Call& c, const StringList& list, uint32_t count_at, uint32_t bytes_at) {
  auto count = TRY(c.memory.slot<uint32_t>(count_at));
  auto bytes = TRY(c.memory.slot<uint32_t>(bytes_at));
  if (list.bytes > UINT32_MAX) return fail(Errno::Overflow);
  count.store(static_cast<uint32_t>(list.count));
  bytes.store(static_cast<uint32_t>(list.bytes));
  return {};
}

/// Where the pointers and the bytes of a list go, filled one string after the other.
class ListWriter {
 public:
  ListWriter(std::span<uint8_t> pointers, std::span<uint8_t> bytes, uint32_t address)
      : pointers_(pointers), bytes_(bytes), address_(address) {}

  void begin_string() {
    put(pointers_, 0, address_);
    pointers_ = pointers_.subspan(4);
  }
  void append(std::string_view text) {
    std::memcpy(bytes_.data(), text.data(), text.size());
    bytes_ = bytes_.subspan(text.size());
    address_ += static_cast<uint32_t>(text.size());
  }

 private:
  std::span<uint8_t> pointers_, bytes_;
  uint32_t address_;
};

Answer<ListWriter> list_writer(Call& c, const StringList& list, uint32_t pointers, uint32_t bytes) {
  auto pointer_range = TRY(c.memory.range(pointers, uint64_t{list.count} * 4, 4));
  return ListWriter(pointer_range, TRY(c.memory.range(bytes, list.bytes)), bytes);
}

constexpr std::string_view kNul("\0", 1);

Answer<os::Clock> clock_of(uint32_t id) {
  switch (id) {
    case clockid::kRealtime:
      return os::Clock::Realtime;
    case clockid::kMonotonic:
      return os::Clock::Monotonic;
    case clockid::kProcessCputime:
    case clockid::kThreadCputime:
      return fail(Errno::BadF);  // known, and not there
    default:
      return fail(Errno::Inval);
  }
}

}  // namespace

Answer<> args_get(Call& c, I32 argv, I32 argv_buf) {
  auto& context = c.state.context();
  auto writer = TRY(list_writer(c, size_of_args(context), argv, argv_buf));
  for (const auto& arg : context.args()) {
    writer.begin_string();
    writer.append(arg);
    writer.append(kNul);
  }
  return {};
}

Answer<> args_sizes_get(Call& c, I32 argc, I32 argv_buf_size) {
  return put_sizes(c, size_of_args(c.state.context()), argc, argv_buf_size);
}

Answer<> environ_get(Call& c, I32 environ, I32 environ_buf) {
  auto& context = c.state.context();
  auto writer = TRY(list_writer(c, size_of_env(context), environ, environ_buf));
  for (const auto& [name, value] : context.env()) {
    writer.begin_string();
    writer.append(name);
    writer.append("=");
    writer.append(value);
    writer.append(kNul);
  }
  return {};
}

Answer<> environ_sizes_get(Call& c, I32 count, I32 buf_size) {
  auto& context = c.state.context();
  if (context.env().empty()) {
    context.denials().record({.reason = host::Denial::Reason::NotGranted,
                              .verb = host::Verb::LookForVariables,
                              .subject = "environment variable",
                              .certain = false});
  }
  return put_sizes(c, size_of_env(c.state.context()), count, buf_size);
}

Answer<> clock_res_get(Call& c, I32 id, I32 resolution) {
  auto to = TRY(c.memory.slot<uint64_t>(resolution));
  to.store(TRY(c.state.context().clock_resolution(TRY(clock_of(id)))));
  return {};
}

Answer<> clock_time_get(Call& c, I32 id, I64 /*precision*/, I32 time) {
  auto to = TRY(c.memory.slot<uint64_t>(time));
  to.store(TRY(c.state.context().clock_now(TRY(clock_of(id)))));
  return {};
}

Answer<> random_get(Call& c, I32 buf, I32 buf_len) {
  TRY(c.state.context().random(TRY(c.memory.range(buf, buf_len))));
  return {};
}

// Any status: which of them a process may really end with is for whoever runs the guest to say.
Answer<> proc_exit(Call&, I32 code) {
  return std::unexpected(CallError::exit(code));
}

Answer<> proc_raise(Call&, I32 /*signal*/) {
  return fail(Errno::NotSup);
}

Answer<> sched_yield(Call& c) {
  if (c.state.context().interrupt_token().raised()) return std::unexpected(CallError(os::kInterrupted));
  ::sched_yield();
  return {};
}

}  // namespace vitrine::wasi::p1
