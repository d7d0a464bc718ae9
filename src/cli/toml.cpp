#include "cli/toml.hpp"

#include <fmt/format.h>

#include "base/casts.hpp"
#include "base/result.hpp"
#include "cli/files.hpp"

namespace vitrine::cli {

Result<toml::table> read_toml(const std::string& path) {
  auto bytes = TRY(read_input(path, 1 << 20));
  auto parsed = toml::parse(text_of(bytes));
  if (parsed) return std::move(parsed).table();
  const toml::parse_error& e = parsed.error();
  return fail(fmt::format("{}:{}:{}: {}", path, e.source().begin.line, e.source().begin.column, e.description()),
              ErrorKind::Malformed);
}

}  // namespace vitrine::cli
