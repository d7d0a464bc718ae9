// "Did you mean": the candidate nearest to a misspelt name.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace vitrine {

/// The candidate with the smallest edit distance to `name` (insertions, deletions, replacements, swaps of neighbours),
/// if it is near enough to be what was meant: at most a third of the name's length. Long names (over 64 bytes) have
/// none.
std::optional<std::string_view> closest(std::string_view name, std::span<const std::string_view> candidates);

/// "; did you mean 'x'?" or nothing.
std::string did_you_mean(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace vitrine
