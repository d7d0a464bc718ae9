// The text format against the specification's scripts. The folder is VITRINE_CONFORMANCE, by default
// ../shared/conformance beside the source tree; without it these tests are skipped.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "text/wast_parser.hpp"
#include "text/wat_parser.hpp"

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
    for (size_t k = 0; k <= static_cast<size_t>(Kind::Wait); k++) {
      auto kind = static_cast<Kind>(k);
      if (is_assertion(kind)) ours.emplace(command_name(kind), counts.of(kind));
    }
    // The table misses two of the ten modules of this script (its forms begin `((@a) module`).
    if (cells[0] == "spec/core/annotations.wast") {
      ours["modules"] -= 2;
      ours["commands"] -= 2;
    }
    for (size_t i = 1; i < columns.size(); i++) {
      ASSERT_TRUE(ours.contains(columns[i])) << columns[i];
      EXPECT_EQ(ours[columns[i]], std::stoul(cells[i])) << cells[0] << ", column " << columns[i];
    }
    files++;
    total += counts.commands();
  }
  EXPECT_GT(files, 0u);
  RecordProperty("files", static_cast<int>(files));
  RecordProperty("commands", static_cast<int>(total));
}

// Modules that have to parse, whatever is said of them later; and quotes that must not.
void check_modules(const Script& script, const std::vector<Command>& commands, const std::string& file, size_t& parsed,
                   size_t& refused) {
  wasm::Features features;
  for (const Command& command : commands) {
    check_modules(script, command.commands, file, parsed, refused);
    if (!command.module) continue;
    const ScriptModule& module = *command.module;
    bool quote = module.form == ScriptModule::Form::Quote;
    if (!quote && module.form != ScriptModule::Form::Text) continue;
    auto bytes = encode_module(script, module, features);
    // What is invalid about a custom section in text form is the text's to find.
    if (command.kind == Kind::AssertInvalidCustom) {
      EXPECT_FALSE(bytes.has_value()) << file << ":" << command.line;
      refused += !bytes;
      continue;
    }
    bool malformed = command.kind == Kind::AssertMalformed || command.kind == Kind::AssertMalformedCustom;
    if (malformed) {
      EXPECT_FALSE(bytes.has_value()) << file << ":" << command.line << ": parsed, but is " << command.message;
      if (!bytes) {
        EXPECT_EQ(bytes.error().kind(), ErrorKind::Malformed);
      }
      refused += !bytes;
    } else {
      EXPECT_TRUE(bytes.has_value()) << file << ":" << command.line << ": " << bytes.error().message();
      parsed += bytes.has_value();
    }
  }
}

void check_folder(const char* name) {
  fs::path folder = conformance_folder();
  SKIP_WITHOUT_SCRIPTS(folder);
  size_t parsed = 0, refused = 0;
  for (const fs::path& path : scripts(folder / name)) {
    std::string source = read(path);
    auto script = parse_wast(source);
    ASSERT_TRUE(script.has_value()) << path << ": " << script.error().message();
    check_modules(*script, script->commands, path.lexically_relative(folder).string(), parsed, refused);
  }
  EXPECT_GT(parsed, 0u);
  ::testing::Test::RecordProperty("modules parsed", static_cast<int>(parsed));
  ::testing::Test::RecordProperty("malformed quotes refused", static_cast<int>(refused));
}

TEST(Conformance, ModulesOfCoreParse) {
  check_folder("spec/core");
}
TEST(Conformance, ModulesOfCustomParse) {
  check_folder("spec/custom");
}
TEST(Conformance, ModulesOfLegacyParse) {
  check_folder("spec/legacy");
}
TEST(Conformance, ModulesOfProposalsParse) {
  check_folder("spec/proposals");
}

}  // namespace
}  // namespace vitrine::text
