#include "os/descriptors.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace vitrine::os {
namespace {

/// What all accounts hold: their own parts, used or not, and what each has taken beyond.
std::atomic<size_t> g_taken = 0;

/// Takes `n` if `allowed` says so of what would be left free.
template <class Allowed>
bool take_shared(size_t n, Allowed&& allowed) {
  size_t limit = guest_descriptor_limit();
  size_t taken = g_taken.load(std::memory_order_relaxed);
  do {
    size_t free = limit > taken ? limit - taken : 0;
    if (n > free || !allowed(free)) return false;
  } while (!g_taken.compare_exchange_weak(taken, taken + n, std::memory_order_relaxed));
  return true;
}

}  // namespace

size_t guest_descriptor_limit() {
  size_t limit = open_file_limit();
  size_t host = std::max(DescriptorAccount::kHostMinimum, limit / 4);
  // A process that may have next to none gives half of them away.
  return limit > 2 * host ? limit - host : limit / 2;
}

void raise_open_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::shared_ptr<DescriptorAccount> DescriptorAccount::open(uint32_t most, uint32_t own) {
  own = std::min(own, most);
  if (!take_shared(own, [](size_t) { return true; })) return nullptr;
  return std::shared_ptr<DescriptorAccount>(new DescriptorAccount(most, own));
}

DescriptorAccount::~DescriptorAccount() {
  g_taken.fetch_sub(std::max(own_, held()), std::memory_order_relaxed);
}

bool DescriptorAccount::take() {
  uint32_t held = held_.load(std::memory_order_relaxed);
  for (;;) {
    if (held >= most_) return false;
    bool shared = held >= own_;
    if (shared && !take_shared(1, [&](size_t free) { return held - own_ < free; })) return false;
    if (held_.compare_exchange_weak(held, held + 1, std::memory_order_relaxed)) return true;
    if (shared) g_taken.fetch_sub(1, std::memory_order_relaxed);
  }
}

void DescriptorAccount::give_back() {
  if (held_.fetch_sub(1, std::memory_order_relaxed) > own_) g_taken.fetch_sub(1, std::memory_order_relaxed);
}

uint64_t DescriptorAccount::limit() const {
  size_t all = guest_descriptor_limit(), taken = g_taken.load(std::memory_order_relaxed);
  size_t free = all > taken ? all - taken : 0;
  size_t beyond = held() > own_ ? held() - own_ : 0;
  return std::min<uint64_t>(most_, own_ + (beyond + free + 1) / 2);
}

DescriptorLease DescriptorLease::take(const std::shared_ptr<DescriptorAccount>& account) {
  return DescriptorLease(account && account->take() ? account : nullptr);
}

}  // namespace vitrine::os
