// WASI in words of the command line: how directories and their rights are spelled, and what would have granted what was
// refused.
#pragma once

#include <vitrine/wasi.hpp>

#include <span>
#include <string>

namespace vitrine::cli {

/// "HOST[::GUEST[::RIGHTS]]". RIGHTS is ro, rw (if none are said), or words with commas between them: read, write,
/// create, remove; each for files and directories, or for one with `-files` or `-dirs` after it.
Result<WasiDirectory> parse_directory(const std::string& text);
/// The spelling of RIGHTS, for help.
std::string directory_rights_help();
/// What a guest only looked for, and the options that would have granted it.
std::string explain_looks(std::span<const WasiDenial> looks);
/// What else was refused, and the option that would have granted it.
std::string explain(const WasiDenial& denial);

}  // namespace vitrine::cli
