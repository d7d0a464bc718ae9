#include "runtime/types/free_runs.hpp"

#include <iterator>

#include "base/assert.hpp"

namespace vitrine::runtime {

std::optional<uint32_t> FreeRuns::take(uint32_t count) {
  auto best = by_count_.lower_bound({count, 0});
  if (best == by_count_.end()) return std::nullopt;
  const auto [length, first] = *best;
  erase(by_first_.find(first));
  if (length > count) insert(first + count, length - count);
  return first;
}

void FreeRuns::give_back(uint32_t first, uint32_t count) {
  VITRINE_ASSERT(count > 0);
  auto next = by_first_.lower_bound(first);
  if (next != by_first_.begin()) {
    auto before = std::prev(next);
    VITRINE_ASSERT(before->first + before->second <= first);
    if (before->first + before->second == first) {
      first = before->first;
      count += before->second;
      erase(before);
    }
  }
  if (next != by_first_.end()) {
    VITRINE_ASSERT(first + count <= next->first);
    if (first + count == next->first) {
      count += next->second;
      erase(next);
    }
  }
  insert(first, count);
}

uint32_t FreeRuns::take_last(uint32_t end) {
  if (by_first_.empty()) return end;
  auto last = std::prev(by_first_.end());
  if (last->first + last->second != end) return end;
  const uint32_t first = last->first;
  erase(last);
  return first;
}

void FreeRuns::insert(uint32_t first, uint32_t count) {
  by_first_.emplace(first, count);
  by_count_.emplace(count, first);
}

void FreeRuns::erase(std::map<uint32_t, uint32_t>::iterator run) {
  by_count_.erase({run->second, run->first});
  by_first_.erase(run);
}

}  // namespace vitrine::runtime
