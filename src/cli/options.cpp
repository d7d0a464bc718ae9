#include "cli/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "base/closest.hpp"
#include "base/result.hpp"

namespace vitrine::cli {

const std::vector<KeyInfo>& option_keys() {
  static const std::vector<KeyInfo> keys = {
#define KEY(group, key, kind, value, state, help) {Group::group, key, KeyKind::kind, value, KeyState::state, help},
#include "cli/options.def"
#undef KEY
  };
  return keys;
}

char letter_of(Group group) {
  return "OCDWS"[static_cast<size_t>(group)];
}

std::string_view name_of(Group group) {
  constexpr std::string_view kNames[] = {"optimize", "codegen", "debug", "wasm", "wasi"};
  return kNames[static_cast<size_t>(group)];
}

std::string group_help(Group group) {
  std::string text =
      fmt::format("Options of -{0} ({1}): -{0} KEY[=VALUE][,KEY[=VALUE]...]\n", letter_of(group), name_of(group));
  for (const KeyInfo& k : option_keys()) {
    if (k.group != group) continue;
    const char* note = k.state == KeyState::No     ? " [not in this version]"
                       : k.state == KeyState::Same ? " [accepted, no effect]"
                                                   : "";
    text += fmt::format("  -{} {:<36} {}{}\n", letter_of(group), fmt::format("{}={}", k.key, k.value), k.help, note);
  }
  if (group == Group::Wasm) {
    for (const auto& [name, on] : Config().features()) {
      if (name == "core") continue;
      bool implemented = Config().feature(name, true).has_value();
      text += fmt::format("  -W {:<36} {}\n", name + "=y|n",
                          !implemented ? "a proposal [not in this version]"
                          : on         ? "a proposal, on"
                                       : "a proposal, off");
    }
  }
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
  return Error(fmt::format("-{} has no option '{}'{} (-{} help lists them)", letter_of(group), key,
                           did_you_mean(key, names), letter_of(group)));
}

bool fits(KeyKind kind, std::string_view value) {
  switch (kind) {
    case KeyKind::Bool:
      return parse_bool(value).has_value();
    case KeyKind::Uint:
    case KeyKind::Size:
      return parse_uint(value).has_value();
    case KeyKind::Duration:
      return parse_duration(value).has_value();
    case KeyKind::Level:
      return value == "0" || value == "1" || value == "2" || value == "s";
    case KeyKind::Text:
    case KeyKind::List:
      return true;
  }
  return false;
}

}  // namespace

Result<void> GroupOptions::set(Group group, std::string_view key, std::optional<std::string_view> value) {
  const KeyInfo* info = find_key(group, key);
  if (!info && group == Group::Wasm && is_feature(key)) {
    auto on = value ? parse_bool(*value) : std::optional(true);
    if (!on) return fail(fmt::format("-W {} takes y or n, not '{}'", key, *value));
    features_.emplace_back(key, *on);
    return {};
  }
  if (!info) return std::unexpected(unknown_key(group, key));
  if (!value) {
    if (info->kind != KeyKind::Bool)
      return fail(fmt::format("-{} {} needs a value: {}={}", letter_of(group), key, key, info->value));
    value = "y";
  }
  if (!fits(info->kind, *value)) {
    return fail(fmt::format("-{} {}: '{}' is not of the form {}", letter_of(group), key, *value, info->value));
  }
  // Switching off what is not there is what it does anyway.
  bool off = info->kind == KeyKind::Bool && !*parse_bool(*value);
  if (info->state == KeyState::No && !off) {
    return fail(fmt::format("-{} {}: not in this version of Vitrine", letter_of(group), key), ErrorKind::Unsupported);
  }
  auto& values = values_[{group, std::string(key)}];
  if (info->kind != KeyKind::List) values.clear();
  values.emplace_back(*value);
  return {};
}

Result<void> GroupOptions::parse(Group group, std::string_view text) {
  while (!text.empty()) {
    size_t comma = text.find(',');
    std::string_view item = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    size_t equals = item.find('=');
    std::optional<std::string_view> value;
    if (equals != std::string_view::npos) value = item.substr(equals + 1);
    TRY(set(group, item.substr(0, equals), value));
  }
  return {};
}

Result<void> GroupOptions::load(const std::string& path) {
  auto parsed = toml::parse_file(path);
  if (!parsed) {
    auto& e = parsed.error();
    return fail(fmt::format("{}:{}:{}: {}", path, e.source().begin.line, e.source().begin.column, e.description()),
                ErrorKind::Io);
  }
  GroupOptions file;
  for (auto&& [table_name, node] : parsed.table()) {
    std::optional<Group> group;
    for (size_t g = 0; g < 5; g++) {
      if (name_of(static_cast<Group>(g)) == table_name.str()) group = static_cast<Group>(g);
    }
    if (!group || !node.is_table()) {
      return fail(fmt::format("{}: '{}' is none of the tables [optimize] [codegen] [debug] [wasm] [wasi]", path,
                              table_name.str()));
    }
    for (auto&& [key, value] : *node.as_table()) {
      auto set_one = [&](const toml::node& v) -> Result<void> {
        std::ostringstream text;
        if (auto s = v.value<std::string>()) {
          text << *s;
        } else {
          text << toml::node_view(v);
        }
        return TRY_IN(file.set(*group, key.str(), text.str()), "in " + path), Result<void>();
      };
      if (auto* items = value.as_array()) {
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
  return t ? parse_uint(*t) : std::nullopt;
}
std::optional<std::chrono::nanoseconds> GroupOptions::duration(Group group, std::string_view key) const {
  auto t = text(group, key);
  return t ? parse_duration(*t) : std::nullopt;
}

}  // namespace vitrine::cli
