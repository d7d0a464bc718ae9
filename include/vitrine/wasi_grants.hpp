// What a guest of WASI can be granted, use and be refused, as data.
#pragma once

#include <cstdint>
#include <string>

#include "vitrine/export.hpp"

namespace vitrine {

/// What a guest may do in a directory and beneath it, apart for files and for directories. Symlinks count as files.
/// Whatever it may, it may look what is there (stat) at paths that it knows.
enum class WasiAccess : uint32_t {
  None = 0,
  ReadFiles = 1,            ///< and read symlinks
  WriteFiles = 2,           ///< also truncate, resize and set times
  CreateFiles = 4,          ///< also symlinks and hard links
  RemoveFiles = 8,          ///< also to rename them, and to replace one by another
  ReadDirectories = 16,     ///< list them
  WriteDirectories = 32,    ///< set their times
  CreateDirectories = 64,   ///<
  RemoveDirectories = 128,  ///< also to rename them
  ReadOnly = ReadFiles | ReadDirectories,
  ReadWrite = 255,
};
constexpr WasiAccess operator|(WasiAccess a, WasiAccess b) {
  return static_cast<WasiAccess>(static_cast<uint32_t>(a) | static_cast<uint32_t>(b));
}
constexpr WasiAccess operator&(WasiAccess a, WasiAccess b) {
  return static_cast<WasiAccess>(static_cast<uint32_t>(a) & static_cast<uint32_t>(b));
}
/// What of `a` is not in `b`.
constexpr WasiAccess operator-(WasiAccess a, WasiAccess b) {
  return static_cast<WasiAccess>(static_cast<uint32_t>(a) & ~static_cast<uint32_t>(b));
}

/// What can be done with a grant: the rows of wasi_verbs.def.
enum class WasiVerb : uint8_t {
#define VERB(name, ...) name,
#include "vitrine/wasi_verbs.def"
};
/// "OpenForReading", ...: as wasi_verbs.def has it.
VITRINE_API const char* name_of(WasiVerb verb);

/// Something the guest asked for and was refused.
struct WasiDenial {
  enum class Reason : uint8_t {
    MissingRight,  ///< the directory `guest` was granted without `missing`
    LeadsOut,      ///< a path, or a symlink to be made, that leads out of the directory granted
    AcrossGrants,  ///< a rename or hard link that would give a file the rights `missing`, which it has not where it is
    NotGranted,    ///< a clock, random bytes, or any directory or variable at all
    Limit,         ///< more descriptors than the guest may have
  };
  Reason reason = Reason::NotGranted;
  WasiVerb verb = WasiVerb::Open;
  std::string subject = {};               ///< the path as the guest knows it, the socket's address, `the wall clock`
  std::string target = {};                ///< of a rename or link: the new path; of a symlink: where it leads
  WasiAccess missing = WasiAccess::None;  ///< what would have been needed besides
  WasiAccess access = WasiAccess::None;   ///< what the directory was granted with
  std::string host = {};                  ///< where that directory is; else empty
  std::string guest = {};                 ///< as the guest knows it
  uint64_t limit = 0;                     ///< how many descriptors the guest may have at the moment
  bool certain = true;                    ///< false: the guest only looked around, as programs do when they start
  friend bool operator==(const WasiDenial&, const WasiDenial&) = default;
};

/// In words: `create "/data/x"`; of a mere look, `the guest was granted no directory`.
VITRINE_API std::string to_string(const WasiDenial& denial);

/// How often the guest did something with a grant so far, and with how many bytes.
struct WasiUse {
  std::string grant;  ///< the directory as the guest knows it, `stdout`, the socket's address, `the wall clock`
  WasiVerb verb;
  uint64_t uses;
  uint64_t bytes;
};

}  // namespace vitrine
