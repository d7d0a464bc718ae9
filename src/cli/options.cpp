#include "cli/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>
#include <sstream>

#include "base/closest.hpp"
#include "base/result.hpp"
#include "cli/toml.hpp"

namespace vitrine::cli {

namespace {

constexpr std::string_view kNoGc = "there is no garbage collector yet";
constexpr std::string_view kNoPool = "there is no pooling allocator";
constexpr std::string_view kNoComponents = "it is for components, which this version does not run";
constexpr std::string_view kNoSockets = "WASI 0.1 opens no sockets; -S tcplisten=ADDRESS grants a listening one";
constexpr std::string_view kNoDebugger = "there is no guest debugger yet";
constexpr std::string_view kAllProposals = "all-proposals";

/// What the options of an engine are for, by their names.
struct Summaries {
#define OPTION(type, name, default_value, effect, summary) static constexpr std::string_view name = summary;
#include <vitrine/config.def>
#undef OPTION
};

/// "4 GiB", "1000".
std::string bytes_in_words(uint64_t bytes) {
  constexpr const char* kUnits[] = {"", " KiB", " MiB", " GiB"};
  size_t unit = 0;
  for (; unit + 1 < std::size(kUnits) && bytes != 0 && bytes % 1024 == 0; ++unit) bytes /= 1024;
  return fmt::format("{}{}", bytes, kUnits[unit]);
}

// The row of a key that sets an option of an engine, by the option's type.
KeyInfo key_of_option(Group group, std::string_view key, std::string_view summary, bool value) {
  return {group, key, KeyKind::Bool, "y|n", KeyState::Yes, fmt::format("{} ({})", summary, value ? "y" : "n")};
}
KeyInfo key_of_option(Group group, std::string_view key, std::string_view summary, uint32_t value) {
  return {group, key, KeyKind::Uint, "N", KeyState::Yes, fmt::format("{} ({})", summary, value)};
}
KeyInfo key_of_option(Group group, std::string_view key, std::string_view summary, uint64_t value) {
  return {group, key, KeyKind::Size, "BYTES", KeyState::Yes, fmt::format("{} ({})", summary, bytes_in_words(value))};
}
KeyInfo key_of_option(Group group, std::string_view key, std::string_view summary, CpuLevel value) {
  constexpr std::string_view kWords =
#define CPU_LEVEL(name, word) "|" word
#include <vitrine/cpu_levels.def>
#undef CPU_LEVEL
      ;
  return {group, key, KeyKind::Text, kWords.substr(1), KeyState::Yes, fmt::format("{} ({})", summary, name_of(value))};
}

std::vector<KeyInfo> make_keys() {
  const Config defaults;
  std::vector<KeyInfo> keys;
  std::map<std::string_view, std::string_view> key_of;  // the first, by option
  auto sets = [&](KeyInfo info, std::string_view option) {
    if (auto [first, is_new] = key_of.emplace(option, info.key); !is_new) {
      info.help = fmt::format("old name of {}", first->second);
    }
    keys.push_back(std::move(info));
  };
#define KEY(group, key, kind, value, state, help) \
  keys.push_back({Group::group, key, KeyKind::kind, value, KeyState::state, std::string(help)});
#define SETS(group, key, option) sets(key_of_option(Group::group, key, Summaries::option, defaults.option()), #option);
#include "cli/options.def"
#undef SETS
#undef KEY
  return keys;
}

}  // namespace

const std::vector<KeyInfo>& option_keys() {
  static const std::vector<KeyInfo> keys = make_keys();
  return keys;
}

char letter_of(Group group) {
  return "OCDWS"[static_cast<size_t>(group)];
}

std::string_view name_of(Group group) {
  constexpr std::string_view kNames[] = {"optimize", "codegen", "debug", "wasm", "wasi"};
  return kNames[static_cast<size_t>(group)];
}

std::string group_help(Group group, bool all) {
  std::string text =
      fmt::format("Options of -{0} ({1}): -{0} KEY[=VALUE][,KEY[=VALUE]...]\n", letter_of(group), name_of(group));
  std::string missing;
  auto line = [&](std::string_view key, std::string_view value, std::string_view help) {
    text += fmt::format("  -{} {:<36} {}\n", letter_of(group), fmt::format("{}={}", key, value), help);
  };
  auto add_missing = [&](std::string_view key) { missing += fmt::format("{}{}", missing.empty() ? "" : ", ", key); };
  for (const KeyInfo& k : option_keys()) {
    if (k.group != group) continue;
    if (k.state != KeyState::No) {
      line(k.key, k.value, fmt::format("{}{}", k.help, k.state == KeyState::Same ? " [accepted, no effect]" : ""));
    } else if (all) {
      line(k.key, k.value, fmt::format("[not in this version: {}]", k.help));
    } else {
      add_missing(k.key);
    }
  }
  if (group == Group::Wasm) {
    for (const auto& [name, on] : Config().features()) {
      if (name == "core") continue;
      if (Config().feature(name, true)) {
        line(name, "y|n", on ? "a proposal (y)" : "a proposal (n)");
      } else if (all) {
        line(name, "y|n", "a proposal [not in this version]");
      } else {
        add_missing(name);
      }
    }
  }
  if (!missing.empty())
    text += fmt::format("Not in this version (-{} help-long says why): {}\n", letter_of(group), missing);
  return text;
}

std::optional<uint64_t> parse_uint(std::string_view text) {
  std::string digits;
  for (char c : text) {
    if (c != '_') digits += c;
  }
  int base = 10;
  std::string_view rest = digits;
  if (rest.starts_with("0x") || rest.starts_with("0X")) {
    base = 16;
    rest.remove_prefix(2);
  }
  uint64_t value = 0;
  auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value, base);
  if (rest.empty() || error != std::errc() || end != rest.data() + rest.size()) return std::nullopt;
  return value;
}

std::optional<uint64_t> parse_bytes(std::string_view text) {
  struct Unit {
    std::string_view suffix;
    uint64_t factor;
  };
  constexpr Unit kUnits[] = {{"Ki", 1ull << 10}, {"Mi", 1ull << 20}, {"Gi", 1ull << 30},
                             {"K", 1000},        {"M", 1000000},     {"G", 1000000000}};
  uint64_t factor = 1;
  for (const Unit& u : kUnits) {
    std::string_view number = text;
    if (u.suffix.size() == 2 && number.ends_with('B')) number.remove_suffix(1);
    if (!number.ends_with(u.suffix)) continue;
    number.remove_suffix(u.suffix.size());
    text = number;
    factor = u.factor;
    break;
  }
  const auto n = parse_uint(text);
  if (!n || *n > UINT64_MAX / factor) return std::nullopt;
  return *n * factor;
}

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view suffix;
    uint64_t nanoseconds;
  };
  // Longest suffix first: "ms" ends in "s".
  constexpr Unit kUnits[] = {{"ms", 1'000'000},  {"us", 1'000}, {"\u03bcs", 1'000},
                             {"\u00b5s", 1'000}, {"ns", 1},     {"s", 1'000'000'000}};
  uint64_t unit = 1'000'000'000;
  for (const Unit& u : kUnits) {
    if (text.ends_with(u.suffix)) {
      text.remove_suffix(u.suffix.size());
      unit = u.nanoseconds;
      break;
    }
  }
  auto count = parse_uint(text);
  if (!count || *count > uint64_t{INT64_MAX} / unit) return std::nullopt;
  return std::chrono::nanoseconds(static_cast<int64_t>(*count * unit));
}

std::optional<bool> parse_bool(std::string_view text) {
  if (text == "y" || text == "yes" || text == "true") return true;
  if (text == "n" || text == "no" || text == "false") return false;
  return std::nullopt;
}

namespace {

const KeyInfo* find_key(Group group, std::string_view key) {
  for (const KeyInfo& k : option_keys()) {
    if (k.group == group && k.key == key) return &k;
  }
  return nullptr;
}

bool is_feature(std::string_view key) {
  auto features = Config().features();
  return std::ranges::any_of(features, [&](const auto& f) { return f.first == key; });
}

Error unknown_key(Group group, std::string_view key) {
  std::vector<std::string> owned;
  for (const KeyInfo& k : option_keys()) {
    if (k.group == group) owned.emplace_back(k.key);
  }
  if (group == Group::Wasm) {
    for (auto& f : Config().features()) owned.push_back(f.first);
  }
  std::vector<std::string_view> names(owned.begin(), owned.end());
  // As C compilers take it: -O2.
  const bool is_level = group == Group::Optimize && key.size() == 1;
  return Error(fmt::format("-{} has no option '{}'{} (-{} help lists them)", letter_of(group), key,
                           is_level ? "; -O opt-level=0, 1, 2 or s says how much" : did_you_mean(key, names),
                           letter_of(group)));
}

/// Whether `value` is among "one|two|three".
bool is_one_of(std::string_view choices, std::string_view value) {
  for (;;) {
    size_t bar = choices.find('|');
    if (choices.substr(0, bar) == value) return true;
    if (bar == std::string_view::npos) return false;
    choices.remove_prefix(bar + 1);
  }
}

bool fits(const KeyInfo& info, std::string_view value) {
  switch (info.kind) {
    case KeyKind::Bool:
      return parse_bool(value).has_value();
    case KeyKind::Uint:
      return parse_uint(value).has_value();
    case KeyKind::Size:
      return parse_bytes(value).has_value();
    case KeyKind::Duration:
      return parse_duration(value).has_value();
    case KeyKind::Level:
      return value == "0" || value == "1" || value == "2" || value == "s";
    case KeyKind::Text:
    case KeyKind::List:
      return info.value.find('|') == std::string_view::npos || is_one_of(info.value, value);
  }
  return false;
}

/// What a value has to be, in words.
std::string form_of(const KeyInfo& info) {
  switch (info.kind) {
    case KeyKind::Bool:
      return "y or n";
    case KeyKind::Uint:
      return "a number from 0 to 2^64-1, decimal or 0x hexadecimal";
    case KeyKind::Size:
      return "a number of bytes: 65536, 0x10000, 64Ki, 16Mi, 4Gi";
    case KeyKind::Duration:
      return "a time: 10 or 10s (seconds), 500ms, 20us, 5ns";
    case KeyKind::Level:
      return "0, 1, 2 or s";
    case KeyKind::Text:
    case KeyKind::List:
      break;
  }
  return fmt::format("one of {}", info.value);
}

}  // namespace

Result<> GroupOptions::set(Group group, std::string_view key, std::optional<std::string_view> value) {
  const KeyInfo* info = find_key(group, key);
  if (!info && group == Group::Wasm && is_feature(key)) {
    auto on = value ? parse_bool(*value) : std::optional(true);
    if (!on) return fail(fmt::format("-W {} takes y or n, not '{}'", key, *value));
    if (auto ok = Config().feature(key, *on); !ok) {
      return fail(fmt::format("-W {}: {}", key, ok.error().message()), ErrorKind::Unsupported);
    }
    features_.emplace_back(key, *on);
    return {};
  }
  if (!info && group == Group::Codegen && key.starts_with("cranelift-")) {
    return fail(fmt::format("-C {}: settings of Cranelift mean nothing to this code generator ({})", key,
                            key.starts_with("cranelift-has-") ? "-C cpu-level says what a CPU has to have"
                                                              : "`vitrine settings` lists its own"),
                ErrorKind::Unsupported);
  }
  if (!info) return std::unexpected(unknown_key(group, key));
  if (info->state == KeyState::No) {
    // Switching off what is not there is what it does anyway.
    if (info->value.starts_with("y|n") && value && parse_bool(*value) == false) return {};
    return fail(fmt::format("-{} {} is not in this version of Vitrine: {}", letter_of(group), key, info->help),
                ErrorKind::Unsupported);
  }
  if (!value) {
    if (info->kind != KeyKind::Bool)
      return fail(fmt::format("-{} {} needs a value: {}={}", letter_of(group), key, key, info->value));
    value = "y";
  }
  if (!fits(*info, *value)) {
    return fail(fmt::format("-{} {}: '{}' is not {}", letter_of(group), key, *value, form_of(*info)));
  }
  if (info->state == KeyState::On && !*parse_bool(*value)) {
    return fail(fmt::format("-{} {}={} is not possible: {}", letter_of(group), key, *value, info->help),
                ErrorKind::Unsupported);
  }
  if (group == Group::Wasm && key == kAllProposals) {
    for (auto& [name, _] : Config().features()) {
      if (name != "core" && Config().feature(name, true)) features_.emplace_back(name, *parse_bool(*value));
    }
    return {};
  }
  auto& values = values_[{group, std::string(key)}];
  if (info->kind != KeyKind::List) values.clear();
  values.emplace_back(*value);
  return {};
}

Result<> GroupOptions::parse(Group group, std::string_view text) {
  for (bool more = true; more;) {
    size_t comma = text.find(',');
    std::string_view item = text.substr(0, comma);
    more = comma != std::string_view::npos;
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    size_t equals = item.find('=');
    if (equals == 0 || item.empty()) {
      return fail(fmt::format("-{} wants KEY[=VALUE][,KEY[=VALUE]...], and a KEY is missing (-{} help lists them)",
                              letter_of(group), letter_of(group)));
    }
    std::optional<std::string_view> value;
    if (equals != std::string_view::npos) value = item.substr(equals + 1);
    TRY(set(group, item.substr(0, equals), value));
  }
  return {};
}

Result<> GroupOptions::load(const std::string& path) {
  auto parsed = TRY(read_toml(path));
  GroupOptions file;
  for (auto&& [table_name, node] : parsed) {
    std::optional<Group> group;
    for (size_t g = 0; g < 5; ++g) {
      if (name_of(static_cast<Group>(g)) == table_name.str()) group = static_cast<Group>(g);
    }
    if (!group || !node.is_table()) {
      return fail(fmt::format("{}: '{}' is none of the tables [optimize] [codegen] [debug] [wasm] [wasi]{}", path,
                              table_name.str(), table_name.str() == "cache" ? "; -C cache-config=FILE takes it" : ""));
    }
    for (auto&& [key, value] : *node.as_table()) {
      auto set_one = [&](const toml::node& v) -> Result<> {
        std::ostringstream text;
        if (auto s = v.value<std::string>()) {
          text << *s;
        } else {
          text << toml::node_view(v);
        }
        return TRY_IN(file.set(*group, key.str(), text.str()), "in " + path), Result<>();
      };
      if (auto* items = value.as_array()) {
        const KeyInfo* info = find_key(*group, key.str());
        if (!info || info->kind != KeyKind::List) {
          return fail(fmt::format("in {}: {}.{} takes one value, not a list", path, name_of(*group), key.str()));
        }
        for (auto&& item : *items) TRY(set_one(item));
      } else {
        TRY(set_one(value));
      }
    }
  }
  // The command line has the last word.
  for (auto& [key, values] : file.values_) values_.try_emplace(key, values);
  features_.insert(features_.begin(), file.features_.begin(), file.features_.end());
  return {};
}

std::vector<std::string> GroupOptions::list(Group group, std::string_view key) const {
  auto found = values_.find(std::pair(group, std::string(key)));
  return found == values_.end() ? std::vector<std::string>() : found->second;
}
std::optional<std::string> GroupOptions::text(Group group, std::string_view key) const {
  auto all = list(group, key);
  return all.empty() ? std::nullopt : std::optional(all.back());
}
std::optional<bool> GroupOptions::flag(Group group, std::string_view key) const {
  auto t = text(group, key);
  return t ? parse_bool(*t) : std::nullopt;
}
std::optional<uint64_t> GroupOptions::number(Group group, std::string_view key) const {
  auto t = text(group, key);
  return t ? parse_bytes(*t) : std::nullopt;
}
std::optional<std::chrono::nanoseconds> GroupOptions::duration(Group group, std::string_view key) const {
  auto t = text(group, key);
  return t ? parse_duration(*t) : std::nullopt;
}

}  // namespace vitrine::cli
