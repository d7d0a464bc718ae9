#include "cli/wasi_words.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <string_view>

namespace vitrine::cli {

namespace {

struct Word {
  std::string_view text;
  WasiAccess files, directories;
};
constexpr Word kWords[] = {
    {"read", WasiAccess::ReadFiles, WasiAccess::ReadDirectories},
    {"write", WasiAccess::WriteFiles, WasiAccess::WriteDirectories},
    {"create", WasiAccess::CreateFiles, WasiAccess::CreateDirectories},
    {"remove", WasiAccess::RemoveFiles, WasiAccess::RemoveDirectories},
};

/// None: no such word.
WasiAccess access_of(std::string_view word) {
  if (word == "ro") return WasiAccess::ReadOnly;
  if (word == "rw") return WasiAccess::ReadWrite;
  for (const Word& w : kWords) {
    if (!word.starts_with(w.text)) continue;
    std::string_view of = word.substr(w.text.size());
    if (of.empty()) return w.files | w.directories;
    if (of == "-files") return w.files;
    if (of == "-dirs") return w.directories;
  }
  return WasiAccess::None;
}

std::string spell(WasiAccess access) {
  if (access == WasiAccess::ReadOnly) return "ro";
  if (access == WasiAccess::ReadWrite) return "rw";
  std::string text;
  for (const Word& w : kWords) {
    bool files = (access & w.files) != WasiAccess::None, directories = (access & w.directories) != WasiAccess::None;
    if (!files && !directories) continue;
    if (!text.empty()) text += ",";
    text += w.text;
    if (!directories) text += "-files";
    if (!files) text += "-dirs";
  }
  return text;
}

}  // namespace

Result<WasiDirectory> parse_directory(const std::string& text) {
  auto bad = [&](std::string what) { return std::unexpected(Error(fmt::format("--dir {}: {}", text, what))); };
  WasiDirectory dir;
  size_t first = text.find("::");
  dir.host = text.substr(0, first);
  dir.guest = dir.host;
  dir.access = WasiAccess::ReadWrite;
  if (dir.host.empty()) return bad("the host directory is missing: HOST[::GUEST[::RIGHTS]]");
  if (first == std::string::npos) {
    if (dir.host.find(':') != std::string::npos && access(dir.host.c_str(), F_OK) != 0)
      return bad("there is no such directory; between HOST, GUEST and RIGHTS stands ::");
    return dir;
  }
  size_t second = text.find("::", first + 2);
  dir.guest = text.substr(first + 2, second == std::string::npos ? second : second - first - 2);
  if (dir.guest.empty()) return bad("the guest's name for it is empty");
  if (second == std::string::npos) return dir;
  dir.access = WasiAccess::None;
  std::string_view rights = std::string_view(text).substr(second + 2);
  for (;;) {
    size_t comma = rights.find(',');
    std::string_view word = rights.substr(0, comma);
    WasiAccess access = access_of(word);
    if (access == WasiAccess::None) return bad(fmt::format("'{}' is no right: {}", word, directory_rights_help()));
    dir.access = dir.access | access;
    if (comma == std::string_view::npos) return dir;
    rights.remove_prefix(comma + 1);
  }
}

std::string directory_rights_help() {
  return "ro, rw (the default), or of read, write, create, remove, with commas; each also with -files or -dirs";
}

std::string explain_looks(std::span<const WasiDenial> looks) {
  std::string said, remedies;
  for (const WasiDenial& look : looks) {
    said += fmt::format("{}{}", said.empty() ? "the guest was granted no " : " and no ", look.subject);
    remedies += fmt::format("{}{}", remedies.empty() ? "" : " and ",
                            look.verb == WasiVerb::LookForDirectories ? "--dir HOST[::GUEST]" : "--env NAME");
  }
  return fmt::format("{}; {} {}", said, remedies, looks.size() == 1 ? "grants one" : "grant them");
}

std::string explain(const WasiDenial& d) {
  std::string said = "the sandbox refused: " + to_string(d);
  switch (d.reason) {
    case WasiDenial::Reason::MissingRight:
    case WasiDenial::Reason::AcrossGrants: {
      // Who writes at all mostly goes on to write otherwise.
      WasiAccess access = d.access == WasiAccess::ReadOnly ? WasiAccess::ReadWrite : d.access | d.missing;
      return fmt::format("{}; --dir {}::{}::{} grants it", said, d.host, d.guest, spell(access));
    }
    case WasiDenial::Reason::LeadsOut:
      if (!d.target.empty()) return said + "; use a relative target";
      return said + "; grant the directory it leads to with --dir HOST::GUEST";
    case WasiDenial::Reason::Limit:
      return said + "; `ulimit -n` says how many the whole process may have";
    case WasiDenial::Reason::NotGranted:
      break;
  }
  return said;
}

}  // namespace vitrine::cli
