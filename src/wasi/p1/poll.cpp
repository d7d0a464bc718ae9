// poll_oneoff: waiting for clocks and descriptors.

#include <poll.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "os/poll.hpp"
#include "wasi/p1/lookup.hpp"

namespace vitrine::wasi::p1 {
namespace {

// Beyond what any program waits for; each costs the host about a hundred bytes.
constexpr uint32_t kMaxSubscriptions = 16384;
// What is said to fit into a descriptor that can be written: nobody knows, and the guest may well write more.
constexpr uint64_t kWritable = 4096;

/// A subscription while it is waited for.
struct Waiting {
  uint64_t userdata = 0;
  uint8_t type = 0;
  std::optional<uint64_t> deadline;  // of a clock, in monotonic nanoseconds; none if it never comes
  uint32_t fd = 0;
  int polled = -1;   // the descriptor that the system is asked about
  short events = 0;  // and what for
  bool ready = false;
  Errno error = Errno::Success;
  uint64_t bytes = 0;
  uint16_t flags = 0;
};

/// The deadline of a clock subscription, on the monotonic clock.
Answer<std::optional<uint64_t>> deadline_of(Call& c, const Layout& layout, std::span<const uint8_t> subscription) {
  uint32_t id = get<uint32_t>(subscription, layout.clock_id);
  uint64_t timeout = get<uint64_t>(subscription, layout.clock_timeout);
  uint16_t flags = get<uint16_t>(subscription, layout.clock_flags);
  if (id > clockid::kMonotonic || (flags & ~kSubclockAbstime)) return fail(Errno::Inval);
  auto clock = id == clockid::kRealtime ? os::Clock::Realtime : os::Clock::Monotonic;
  TRY(c.state.context().use_sleep(clock));
  if (flags & kSubclockAbstime) {
    uint64_t now = TRY(c.state.context().clock_now(clock));
    timeout = timeout > now ? timeout - now : 0;
  }
  return os::deadline_in(timeout);
}

/// What is known about a descriptor without waiting: that it is ready or broken, or what to ask the system.
struct Poll {
  int fd = -1;
  bool readable = true, writable = true;
  uint64_t available = 0;
};
Poll poll_of(const Descriptor& descriptor) {
  if (auto* open = std::get_if<OpenFile>(&descriptor)) {
    const host::File& file = *open->file;
    return {file.poll_fd(), file.mode().read, file.mode().write, file.available()};
  }
  if (auto* stdio = std::get_if<Stdio>(&descriptor)) {
    const host::Stream& stream = stdio->stream->stream();
    return {stream.poll_fd(), !stdio->writes, stdio->writes, stdio->writes ? 0 : stream.available()};
  }
  if (auto* open = std::get_if<OpenSocket>(&descriptor)) return {.fd = open->socket->poll_fd()};
  return {.readable = false, .writable = false};
}

os::SysResult<> use_poll(const Descriptor& descriptor) {
  if (auto* open = std::get_if<OpenFile>(&descriptor)) return open->file->use_poll();
  if (auto* stdio = std::get_if<Stdio>(&descriptor)) return stdio->stream->use_poll();
  if (auto* open = std::get_if<OpenSocket>(&descriptor)) return open->socket->use_poll();
  return {};
}

uint64_t available_now(Call& c, uint32_t fd) {
  auto descriptor = c.state.fds().get(fd);
  if (!descriptor) return 0;
  if (auto* open = std::get_if<OpenSocket>(*descriptor)) return open->socket->available();
  return poll_of(**descriptor).available;
}

void begin_descriptor(Call& c, Waiting& w, std::vector<pollfd>& polled) {
  auto descriptor = c.state.fds().get(w.fd);
  Poll poll = descriptor ? poll_of(**descriptor) : Poll{.readable = false, .writable = false};
  bool read = w.type == eventtype::kFdRead;
  if (!(read ? poll.readable : poll.writable)) {
    w.ready = true;
    w.error = Errno::BadF;
  } else if (auto used = use_poll(**descriptor); !used) {
    w.ready = true;
    w.error = to_errno(used.error());
  } else if (poll.fd < 0) {
    w.ready = true;
    w.bytes = read ? poll.available : kWritable;
  } else {
    w.polled = poll.fd;
    w.events = read ? POLLIN : POLLOUT;
    polled.push_back({w.polled, w.events, 0});
  }
}

/// One entry a descriptor, sorted by it: the system takes no more of them than a process may have descriptors.
void merge(std::vector<pollfd>& polled) {
  std::ranges::sort(polled, {}, &pollfd::fd);
  size_t kept = 0;
  for (const pollfd& p : polled) {
    if (kept > 0 && polled[kept - 1].fd == p.fd) {
      polled[kept - 1].events |= p.events;
    } else {
      polled[kept++] = p;
    }
  }
  polled.resize(kept);
}

void end_descriptor(Call& c, Waiting& w, std::span<const pollfd> polled) {
  const short found = std::ranges::lower_bound(polled, w.polled, {}, &pollfd::fd)->revents;
  const auto revents = static_cast<short>(found & (w.events | POLLHUP | POLLERR | POLLNVAL));
  if (revents == 0) return;
  w.ready = true;
  if (revents & POLLNVAL) {
    w.error = Errno::BadF;
    return;
  }
  if (revents & (POLLHUP | POLLERR)) w.flags = kEventHangup;
  w.bytes = w.type == eventtype::kFdRead ? available_now(c, w.fd) : kWritable;
}

void put_event(std::span<uint8_t> to, const Waiting& w) {
  std::ranges::fill(to, 0);
  put(to, 0, w.userdata);
  put(to, 8, static_cast<uint16_t>(w.error));
  put(to, 10, w.type);
  put(to, 16, w.bytes);
  put(to, 24, w.flags);
}

Answer<> poll(Call& c, Abi abi, uint32_t in, uint32_t out, uint32_t count, uint32_t nevents) {
  const Layout& layout = layout_of(abi);
  auto stored = TRY(c.memory.slot<uint32_t>(nevents));
  if (count == 0 || count > kMaxSubscriptions) return fail(Errno::Inval);
  auto subscriptions = TRY(c.memory.range(in, uint64_t{count} * layout.subscription_size, 8));
  TRY(c.memory.range(out, uint64_t{count} * Layout::kEventSize, 8));
  auto& interrupt = c.state.context().interrupt_token();

  // A lone clock is a sleep.
  if (count == 1 && get<uint8_t>(subscriptions, 8) == eventtype::kClock) {
    Waiting clock{.userdata = get<uint64_t>(subscriptions, 0), .type = eventtype::kClock};
    TRY(interrupt.sleep_until(TRY(deadline_of(c, layout, subscriptions))));
    c.memory.refresh();
    put_event(TRY(c.memory.range(out, Layout::kEventSize, 8)), clock);
    stored.store(1);
    return {};
  }

  std::vector<Waiting> waiting(count);
  std::vector<pollfd> polled;
  std::optional<uint64_t> deadline;
  bool at_once = false;
  for (uint32_t i = 0; i < count; ++i) {
    auto subscription = subscriptions.subspan(size_t{i} * layout.subscription_size, layout.subscription_size);
    if (interrupt.raised()) return std::unexpected(CallError(os::kInterrupted));
    Waiting& w = waiting[i];
    w.userdata = get<uint64_t>(subscription, 0);
    w.type = get<uint8_t>(subscription, 8);
    if (w.type == eventtype::kClock) {
      w.deadline = TRY(deadline_of(c, layout, subscription));
      if (w.deadline) deadline = deadline ? std::min(*deadline, *w.deadline) : *w.deadline;
    } else if (w.type <= eventtype::kFdWrite) {
      w.fd = get<uint32_t>(subscription, 16);
      begin_descriptor(c, w, polled);
      at_once |= w.ready;
    } else {
      return fail(Errno::Inval);
    }
  }
  merge(polled);
  const size_t descriptors = polled.size();
  polled.push_back({});  // for the interrupt
  TRY(interrupt.wait(polled, at_once ? std::optional<uint64_t>(0) : deadline));
  c.memory.refresh();
  auto events = TRY(c.memory.range(out, uint64_t{count} * Layout::kEventSize, 8));

  uint64_t now = os::clock_now(os::Clock::Monotonic);
  uint32_t done = 0;
  for (Waiting& w : waiting) {
    if (w.type == eventtype::kClock) w.ready = w.deadline && *w.deadline <= now;
    if (w.polled >= 0) end_descriptor(c, w, std::span(polled).first(descriptors));
    if (!w.ready) continue;
    put_event(events.subspan(size_t{done} * Layout::kEventSize, Layout::kEventSize), w);
    ++done;
  }
  stored.store(done);
  return {};
}

}  // namespace

Answer<> poll_oneoff(Call& c, I32 in, I32 out, I32 nsubscriptions, I32 nevents) {
  return poll(c, Abi::Preview1, in, out, nsubscriptions, nevents);
}

Answer<> unstable_poll_oneoff(Call& c, I32 in, I32 out, I32 nsubscriptions, I32 nevents) {
  return poll(c, Abi::Unstable, in, out, nsubscriptions, nevents);
}

}  // namespace vitrine::wasi::p1
