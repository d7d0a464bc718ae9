// TOML files: the one place that includes the parser.
#pragma once

#include <vitrine/result.hpp>

#include <string>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace vitrine::cli {

/// A TOML file of at most 1 MiB. The error names the file, and the line and column if it is malformed.
Result<toml::table> read_toml(const std::string& path);

}  // namespace vitrine::cli
