// Numbers that were given out and came back, in runs: which can be given out again.
//
// Invariants
//   - No two runs touch: neighbours become one. So whatever was taken in whatever pieces, giving all of it back leaves
//     one run.
// Cost: O(log runs) for each.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace vitrine::runtime {

class FreeRuns {
 public:
  /// The first of `count` consecutive numbers, from the shortest run that has them; none if there is no such run.
  std::optional<uint32_t> take(uint32_t count);
  /// [first, first + count) are free again; `count` is not 0.
  void give_back(uint32_t first, uint32_t count);
  /// Takes the run that ends at `end`, if there is one, and answers where it begins; else `end`.
  uint32_t take_last(uint32_t end);
  size_t size() const { return by_first_.size(); }

 private:
  void insert(uint32_t first, uint32_t count);
  void erase(std::map<uint32_t, uint32_t>::iterator run);

  std::map<uint32_t, uint32_t> by_first_;             // first -> count
  std::set<std::pair<uint32_t, uint32_t>> by_count_;  // count, first
};

}  // namespace vitrine::runtime
