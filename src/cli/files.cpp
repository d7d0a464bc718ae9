#include "cli/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/casts.hpp"
#include "base/result.hpp"
#include "os/fd.hpp"

namespace vitrine::cli {

namespace {

/// `path` opened for reading; standard input for "-".
Result<os::FileDescriptor> open_input(const std::string& path) {
  if (path.empty()) return fail("the name of the file is empty", ErrorKind::Io);
  os::FileDescriptor file(path == "-" ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                      : open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return fail(fmt::format("cannot open {}: {}", path, std::strerror(errno)), ErrorKind::Io);
  return file;
}

/// The rest of `file`, behind what `bytes` holds of it already.
Result<> read_rest(const std::string& path, const os::FileDescriptor& file, uint64_t limit,
                   std::vector<uint8_t>& bytes) {
  auto too_large = [&] {
    return fail(fmt::format("{} is too large: over {} MiB", path, limit >> 20), ErrorKind::Limit);
  };
  struct stat st;
  if (fstat(file.get(), &st) == 0 && S_ISREG(st.st_mode)) {
    if (static_cast<uint64_t>(st.st_size) > limit) return too_large();
    bytes.reserve(static_cast<size_t>(st.st_size) + 1);
  }
  for (;;) {
    size_t old = bytes.size();
    bytes.resize(std::max(bytes.capacity(), old + 65536));
    ssize_t n = read(file.get(), bytes.data() + old, bytes.size() - old);
    int error = errno;
    bytes.resize(old + static_cast<size_t>(std::max<ssize_t>(n, 0)));
    if (n == 0) return {};
    if (n < 0 && error != EINTR)
      return fail(fmt::format("cannot read {}: {}", path, std::strerror(error)), ErrorKind::Io);
    if (bytes.size() > limit) return too_large();
  }
}

}  // namespace

Result<std::vector<uint8_t>> read_input(const std::string& path, uint64_t limit) {
  auto file = TRY(open_input(path));
  std::vector<uint8_t> bytes;
  TRY(read_rest(path, file, limit, bytes));
  return bytes;
}

Result<> write_output(const std::string& path, std::span<const uint8_t> bytes) {
  bool to_stdout = path == "-";
  // What is no file (a device, a pipe) is written to; a rename would put a file in its place.
  struct stat st;
  bool in_place = !to_stdout && stat(path.c_str(), &st) == 0 && !S_ISREG(st.st_mode);
  std::string temporary = in_place ? path : fmt::format("{}.{}.tmp", path, getpid());
  FILE* f = to_stdout ? stdout : std::fopen(temporary.c_str(), "wbe");
  auto cannot = [&](int error) {
    if (!to_stdout && !in_place) unlink(temporary.c_str());
    return fail(fmt::format("cannot write {}: {}", path, std::strerror(error)), ErrorKind::Io);
  };
  if (!f) return cannot(errno);
  size_t written = std::fwrite(bytes.data(), 1, bytes.size(), f);
  int error = written == bytes.size() ? 0 : errno;
  if ((to_stdout ? std::fflush(f) : std::fclose(f)) != 0 && !error) error = errno;
  if (error) return cannot(error);
  if (!to_stdout && !in_place && rename(temporary.c_str(), path.c_str()) != 0) return cannot(errno);
  return {};
}

namespace {

/// An image that does not fit here has a module that it was made of.
Result<Module> with_remedy(Result<Module> loaded) {
  if (loaded || loaded.error().kind() != ErrorKind::Incompatible) return loaded;
  return fail(fmt::format("{}; compile the module again, with `vitrine compile` and the options of this run",
                          loaded.error().message()),
              ErrorKind::Incompatible);
}

Result<Module> deserialize(const Engine& engine, std::span<const uint8_t> image, const std::string& path) {
  return TRY_IN(Module::deserialize(engine, image), "in " + (path == "-" ? "standard input" : path));
}

}  // namespace

Result<Module> load_module(const Engine& engine, const std::string& path, Precompiled precompiled) {
  auto file = TRY(open_input(path));
  // The first bytes say what it is. An image is mapped, not read, and may be larger than any module.
  std::vector<uint8_t> bytes(4096);
  size_t have = 0;
  while (have < bytes.size()) {
    ssize_t n = read(file.get(), bytes.data() + have, bytes.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(fmt::format("cannot read {}: {}", path, std::strerror(errno)), ErrorKind::Io);
    if (n == 0) break;
    have += static_cast<size_t>(n);
  }
  bytes.resize(have);
  if (Engine::is_precompiled(bytes)) {
    if (precompiled == Precompiled::Pointless)
      return fail(fmt::format("{} is compiled already: `vitrine run --allow-precompiled` runs it", path));
    if (precompiled == Precompiled::Refused) {
      return fail(
          fmt::format("{} is a precompiled module, whose code runs unchecked; if you trust where it comes from, add "
                      "--allow-precompiled",
                      path));
    }
    struct stat st;
    if (path != "-" && fstat(file.get(), &st) == 0 && S_ISREG(st.st_mode))
      return with_remedy(Module::deserialize_file(engine, path));
    TRY(read_rest(path, file, kMaxImage, bytes));
    return with_remedy(deserialize(engine, bytes, path));
  }
  if (text_of(bytes).starts_with("\x7f"
                                 "ELF"))
    return fail(fmt::format("{} is an ELF file, but not one that vitrine made", path), ErrorKind::Incompatible);
  TRY(read_rest(path, file, kMaxInput, bytes));
  return TRY_IN(Module::compile(engine, bytes), "in " + path);
}

}  // namespace vitrine::cli
