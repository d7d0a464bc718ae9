// The option groups -O, -C, -D, -W and -S that the subcommands share, and what they amount to.
//
// A group takes `KEY[=VALUE][,KEY[=VALUE]...]` and may be repeated; a later scalar replaces an earlier one, lists grow.
// Keys stand in options.def; language features are keys of -W, too. `--config FILE` gives the same keys in TOML tables.
#pragma once

#include <vitrine/config.hpp>
#include <vitrine/store.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::cli {

enum class Group : uint8_t { Optimize, Codegen, Debug, Wasm, Wasi };
enum class KeyKind : uint8_t { Bool, Uint, Size, Duration, Text, Level, List };
enum class KeyState : uint8_t { Yes, Same, On, No };

struct KeyInfo {
  Group group;
  std::string_view key;
  KeyKind kind;
  std::string_view value;  // as help shows it
  KeyState state;
  std::string help;
};

/// The rows of options.def.
const std::vector<KeyInfo>& option_keys();
/// 'O', 'C', 'D', 'W', 'S', and "optimize" ...
char letter_of(Group group);
std::string_view name_of(Group group);
/// What `-X help` prints: the keys that do something, and the names of the others. `all`: `-X help-long`, with the
/// reasons of the others.
std::string group_help(Group group, bool all);

/// The options given, by key, checked for name and form.
class GroupOptions {
 public:
  /// Takes the text after -X. Fails for an unknown key or a value of the wrong form, naming both.
  Result<> parse(Group group, std::string_view text);
  /// Takes one key with its value (none: as on the command line without `=`).
  Result<> set(Group group, std::string_view key, std::optional<std::string_view> value);
  /// Takes a TOML file; what the command line said before stays.
  Result<> load(const std::string& path);

  std::optional<bool> flag(Group group, std::string_view key) const;
  bool flag_or(Group group, std::string_view key, bool otherwise) const { return flag(group, key).value_or(otherwise); }
  std::optional<uint64_t> number(Group group, std::string_view key) const;
  std::optional<std::chrono::nanoseconds> duration(Group group, std::string_view key) const;
  std::optional<std::string> text(Group group, std::string_view key) const;
  std::vector<std::string> list(Group group, std::string_view key) const;
  /// Features switched with -W, in order; all-proposals among them stands for each.
  const std::vector<std::pair<std::string, bool>>& features() const { return features_; }

 private:
  std::map<std::pair<Group, std::string>, std::vector<std::string>, std::less<>> values_;
  std::vector<std::pair<std::string, bool>> features_;
};

/// Decimal or 0x hexadecimal, `_` ignored.
std::optional<uint64_t> parse_uint(std::string_view text);
/// The same, or a number of bytes: "512Mi", "512MiB", "1G".
std::optional<uint64_t> parse_bytes(std::string_view text);
/// "10" (seconds), "10s", "500ms", "20us", "5ns".
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);
/// None, y, yes, true, n, no, false.
std::optional<bool> parse_bool(std::string_view text);

}  // namespace vitrine::cli
