// The text format against the specification's scripts. The folder is VITRINE_CONFORMANCE, by default
// ../shared/conformance beside the source tree; without it these tests are skipped.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "text/wast_parser.hpp"
#include "text/wat_parser.hpp"
#include "wasm/reader.hpp"
#include "wasm/validator.hpp"

namespace vitrine::text {
namespace {

namespace fs = std::filesystem;
using Kind = Command::Kind;

fs::path conformance_folder() {
  if (const char* folder = std::getenv("VITRINE_CONFORMANCE")) return folder;
  return fs::path(VITRINE_SOURCE_DIR).parent_path() / "shared" / "conformance";
}

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<fs::path> scripts(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".wast") found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

#define SKIP_WITHOUT_SCRIPTS(folder) \
  if (!fs::exists(folder)) GTEST_SKIP() << "no conformance scripts at " << folder << "; set VITRINE_CONFORMANCE"

TEST(Conformance, CommandCountsAreThoseOfTheTable) {
  fs::path folder = conformance_folder();
  SKIP_WITHOUT_SCRIPTS(folder);
  std::ifstream table(folder / "COUNTS.tsv");
  std::string line;
  std::getline(table, line);
  std::vector<std::string> columns;
  for (std::istringstream in(line); std::getline(in, line, '\t');) columns.push_back(line);
  size_t files = 0, total = 0;
  while (std::getline(table, line)) {
    std::vector<std::string> cells;
    for (std::istringstream in(line); std::getline(in, line, '\t');) cells.push_back(line);
    ASSERT_EQ(cells.size(), columns.size());
    std::string source = read(folder / cells[0]);
    auto script = parse_wast(source);
    ASSERT_TRUE(script.has_value()) << cells[0] << ": " << script.error().message();
    CommandCounts counts = count_commands(*script);
    EXPECT_EQ(counts.of(Kind::Malformed), 0u) << cells[0];
    for (const Command& command : script->commands) {
      if (command.kind == Kind::Malformed) ADD_FAILURE() << cells[0] << ": " << command.message;
    }
    std::map<std::string, uint32_t> ours = {
        {"commands", counts.commands()},         {"assertions", counts.assertions()},
        {"modules", counts.of(Kind::Module)},    {"components", counts.of(Kind::Component)},
        {"register", counts.of(Kind::Register)}, {"invoke", counts.of(Kind::Action)},
        {"thread", counts.of(Kind::Thread)},     {"wait", counts.of(Kind::Wait)}};
    for (size_t k = 0; k <= static_cast<size_t>(Kind::Wait); ++k) {
      auto kind = static_cast<Kind>(k);
      if (is_assertion(kind)) ours.emplace(command_name(kind), counts.of(kind));
    }
    // The table misses two of the ten modules of this script (its forms begin `((@a) module`).
    if (cells[0] == "spec/core/annotations.wast") {
      ours["modules"] -= 2;
      ours["commands"] -= 2;
    }
    for (size_t i = 1; i < columns.size(); ++i) {
      ASSERT_TRUE(ours.contains(columns[i])) << columns[i];
      EXPECT_EQ(ours[columns[i]], std::stoul(cells[i])) << cells[0] << ", column " << columns[i];
    }
    ++files;
    total += counts.commands();
  }
  EXPECT_GT(files, 0u);
  RecordProperty("files", static_cast<int>(files));
  RecordProperty("commands", static_cast<int>(total));
}

// Exactly the features of 3.0, of those implemented.
wasm::Features features_of_3() {
  wasm::Features features;
  for (size_t i = 0; i < wasm::kFeatureCount; ++i) {
    auto f = static_cast<wasm::Feature>(i);
    features.set(f, wasm::info(f).stage <= wasm::Stage::W3);
  }
  return features;
}

struct Outcome {
  size_t passed = 0;
  std::map<std::string, size_t> skipped;  // by what is not implemented
};

void print(const char* folder, const Outcome& outcome) {
  fmt::print("{}: {} modules as expected\n", folder, outcome.passed);
  for (const auto& [why, n] : outcome.skipped) fmt::print("  {} skipped: {}\n", n, why);
}

bool says_unknown_operator(const Error& error) {
  return error.message().find("unknown operator") != std::string::npos;
}

// All modules of a script: those that are malformed have to be refused by the parser or by the reader as malformed,
// those that are invalid to parse and be refused then, the others to be valid.
class ModuleChecker {
 public:
  ModuleChecker(const Script& script, std::string file, wasm::Features features, bool parse_only, Outcome& outcome)
      : script_(script), file_(std::move(file)), features_(features), parse_only_(parse_only), outcome_(outcome) {}

  void check(const std::vector<Command>& commands) {
    for (const Command& command : commands) {
      check(command.commands);
      if (command.module && command.module->form != ScriptModule::Form::Instance &&
          command.module->form != ScriptModule::Form::Component) {
        check(command, *command.module);
      }
    }
  }

 private:
  void check(const Command& command, const ScriptModule& module) {
    std::string where = fmt::format("{}:{}", file_, command.line);
    bool malformed = command.kind == Kind::AssertMalformed || command.kind == Kind::AssertMalformedCustom;
    bool invalid = command.kind == Kind::AssertInvalid || command.kind == Kind::AssertInvalidCustom;
    Result<std::vector<uint8_t>> bytes = encode_module(script_, module, features_);
    if (!bytes) {
      if (malformed) {
        EXPECT_EQ(bytes.error().kind(), ErrorKind::Malformed) << where << ": " << bytes.error().message();
        ++outcome_.passed;
      } else if (command.kind == Kind::AssertInvalidCustom) {
        EXPECT_EQ(bytes.error().kind(), ErrorKind::Invalid) << where << ": " << bytes.error().message();
        ++outcome_.passed;
      } else if (parse_only_ && says_unknown_operator(bytes.error())) {
        ++outcome_.skipped["operators of proposals that opcodes.def does not list"];
      } else {
        ADD_FAILURE() << where << ": " << bytes.error().message();
      }
      return;
    }
    if (parse_only_) {
      if (malformed && module.form == ScriptModule::Form::Quote) {
        ADD_FAILURE() << where << ": parsed, but is " << command.message;
      } else {
        ++outcome_.passed;
      }
      return;
    }
    auto verdict = [&]() -> Result<> {
      auto read = TRY(wasm::read_module(*bytes, features_));
      return wasm::validate_module(read, features_);
    }();
    if (!verdict && verdict.error().kind() == ErrorKind::Unsupported) {
      std::string_view why = verdict.error().message();
      size_t from = why.find("needs the feature");
      ++outcome_.skipped[std::string(from == why.npos ? why : why.substr(from, why.find(',', from) - from))];
      return;
    }
    if (!malformed && !invalid) {
      if (verdict) {
        ++outcome_.passed;
      } else {
        ADD_FAILURE() << where << ": " << verdict.error().message();
      }
      return;
    }
    if (verdict) {
      ADD_FAILURE() << where << ": accepted, but is " << command.message;
      return;
    }
    ErrorKind expected = malformed ? ErrorKind::Malformed : ErrorKind::Invalid;
    if (verdict.error().kind() == expected) {
      ++outcome_.passed;
    } else {
      ADD_FAILURE() << where << ": is " << command.message << ", was refused otherwise: " << verdict.error().message();
    }
  }

  const Script& script_;
  std::string file_;
  wasm::Features features_;
  bool parse_only_;
  Outcome& outcome_;
};

void check_folder(const char* name, wasm::Features features, bool parse_only) {
  fs::path folder = conformance_folder();
  SKIP_WITHOUT_SCRIPTS(folder);
  Outcome outcome;
  for (const fs::path& path : scripts(folder / name)) {
    std::string source = read(path);
    auto script = parse_wast(source);
    ASSERT_TRUE(script.has_value()) << path << ": " << script.error().message();
    ModuleChecker checker(*script, path.lexically_relative(folder).string(), features, parse_only, outcome);
    checker.check(script->commands);
  }
  EXPECT_GT(outcome.passed, 0u);
  print(name, outcome);
}

TEST(Conformance, ModulesOfCore) {
  check_folder("spec/core", features_of_3(), false);
}
TEST(Conformance, ModulesOfCustom) {
  check_folder("spec/custom", features_of_3(), false);
}
TEST(Conformance, TextOfLegacy) {
  check_folder("spec/legacy", features_of_3(), true);
}
TEST(Conformance, TextOfProposals) {
  check_folder("spec/proposals/threads", wasm::Features::core_only(), true);
  for (const char* name : {"threads-next", "custom-page-sizes", "wide-arithmetic", "stack-switching",
                           "custom-descriptors", "shared-everything-threads"}) {
    check_folder(fmt::format("spec/proposals/{}", name).c_str(), wasm::Features::all(), true);
  }
}

}  // namespace
}  // namespace vitrine::text
