#include "base/closest.hpp"

#include <algorithm>
#include <array>

namespace vitrine {

namespace {

constexpr size_t kLongest = 64;

unsigned edit_distance(std::string_view a, std::string_view b) {
  std::array<std::array<unsigned, kLongest + 1>, 3> rows{};  // two back, one back, this one
  for (size_t j = 0; j <= b.size(); ++j) rows[1][j] = static_cast<unsigned>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    auto& row = rows[2];
    row[0] = static_cast<unsigned>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      unsigned replace = rows[1][j - 1] + (a[i - 1] != b[j - 1]);
      row[j] = std::min({rows[1][j] + 1, row[j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], rows[0][j - 2] + 1);
    }
    rows[0] = rows[1];
    rows[1] = rows[2];
  }
  return rows[1][b.size()];
}

}  // namespace

std::optional<std::string_view> closest(std::string_view name, std::span<const std::string_view> candidates) {
  if (name.empty() || name.size() > kLongest) return std::nullopt;
  std::optional<std::string_view> best;
  unsigned best_distance = std::max<unsigned>(1, static_cast<unsigned>(name.size()) / 3) + 1;
  for (std::string_view candidate : candidates) {
    if (candidate.size() > kLongest) continue;
    unsigned distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view name, std::span<const std::string_view> candidates) {
  auto found = closest(name, candidates);
  return found ? "; did you mean '" + std::string(*found) + "'?" : std::string();
}

}  // namespace vitrine
