// Values on the command line: the arguments and results of --invoke.
#pragma once

#include <vitrine/result.hpp>
#include <vitrine/val.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace vitrine::cli {

/// Parses `args` by the function's parameters: integers decimal or 0x within the signed range, floats decimal, vectors as
/// one number of 128 bits, decimal or 0x, or by lanes as the text format writes them: "i32x4:1,-2,0x3,4". Too few or of
/// the wrong form is an error that names the parameter; more than needed are ignored.
Result<std::vector<Val>> parse_values(const FuncType& type, const std::vector<std::string>& args);
/// As --invoke prints a result: integers as signed decimals, floats in the shortest form that reads back, vectors as one
/// unsigned decimal (lane 0 lowest), references as "<funcref>".
std::string print_value(const Val& value);

}  // namespace vitrine::cli
