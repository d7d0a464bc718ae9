// The code cache: compiled images on disk, shared by processes.
//
// A key is the SHA-256 of everything the code depends on (version, settings, features, the module's bytes), so an entry
// is either the right one or damaged; damage is found by the image's checksum, and the entry is removed and made again.
// Entries are written to a temporary file and renamed, so a reader sees a whole file or none. Using an entry renews its
// time stamp; when a new entry takes the directory over its limit, the least recently used go until 70 % of the limit
// is left. The directory and its entries are this user's alone: nobody else may read, still less write them. Images are
// kept as they are, not compressed: they are mapped and used in place.
//
// The directory is the user's choice, so nothing is deleted but files of names that a cache makes, in a directory that
// it marked as its own (CACHEDIR.TAG). It marks one that it created, or found empty or with nothing but entries in it;
// any other is refused.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace vitrine::api {

class CodeCache {
 public:
  CodeCache(std::string directory, uint64_t size_limit);

  /// 64 hexadecimal digits for the concatenation of `parts`.
  static std::string key(std::initializer_list<std::span<const uint8_t>> parts);
  /// The entry, opened for reading. None if there is none, or one that somebody else could have written: it would be
  /// executed.
  os::FileDescriptor open(const std::string& key) const;
  /// Says that the entry was used.
  void touch(const std::string& key) const;
  /// Fails (leaving no trace) if the directory cannot be written; the message says what to do.
  Result<> put(const std::string& key, std::span<const uint8_t> image) const;
  /// Deletes a damaged entry.
  void remove(const std::string& key) const;

 private:
  enum class Mark : uint8_t { Ours, None, Foreign };

  std::string path(const std::string& key) const;
  Mark mark() const;
  /// Makes the directory if need be, and sees to it that it is marked. The error says why it cannot be used.
  Result<> claim(const std::string& key) const;
  /// The file `to`, whole or not at all.
  Result<> write(const std::string& key, const std::string& to, std::span<const uint8_t> bytes) const;
  void evict() const;

  std::string directory_;
  uint64_t size_limit_;
};

}  // namespace vitrine::api
