// Runs a script (.wast): each command passes, fails or is skipped for a reason.
//
// A script has a store of its own with the module `spectest`. A failing command does not stop it. A command is skipped
// only when it needs a feature this version does not implement, or an instance that was skipped for that.
#pragma once

#include <vitrine/engine.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "text/wast_script.hpp"

namespace vitrine::cli {

struct ScriptResult {
  size_t passed = 0, failed = 0, skipped = 0;
  std::vector<std::string> failures;           // "file:line: what was expected, what came"
  std::map<std::string, size_t> skip_reasons;  // with how many commands
};

struct RunnerOptions {
  bool ignore_messages = false;  // do not compare the messages of traps
};

/// Runs the script; `name` stands in messages.
ScriptResult run_script(const Engine& engine, const std::string& name, std::string_view source,
                        const RunnerOptions& options);

}  // namespace vitrine::cli
