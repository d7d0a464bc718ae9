// `vitrine config new [FILE]`: writes a configuration file for the code cache.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/report.hpp"

namespace vitrine::cli {

namespace {

constexpr std::string_view kDefault =
    R"(# The code cache of Vitrine, for -C cache-config=FILE. Without that option the one below XDG_CONFIG_HOME or ~/.config is read.
[cache]
# Where compiled code is kept: an absolute path. By default below XDG_CACHE_HOME or ~/.cache.
# directory = "/var/cache/vitrine"

# When it holds more than this, what was not used for the longest goes.
# files-total-size-soft-limit = "512Mi"
)";

}  // namespace

int config_command(const std::vector<std::string>& args) {
  std::string path;
  CLI::App app("Makes the configuration file of the code cache.", "vitrine config");
  auto* make = app.add_subcommand("new", "Writes it with the defaults; -C cache-config=FILE takes it");
  make->add_option("FILE", path, "where to; by default below XDG_CONFIG_HOME or ~/.config");
  if (auto status = parse_args(app, args)) return *status;
  if (!make->parsed()) return report_usage("what about the configuration? `vitrine config new [FILE]` writes one");
  if (path.empty()) {
    const char* given = std::getenv("XDG_CONFIG_HOME");
    const char* home = std::getenv("HOME");
    if (given && *given == '/') {
      path = std::string(given) + "/vitrine/config.toml";
    } else if (home && *home == '/') {
      path = std::string(home) + "/.config/vitrine/config.toml";
    } else {
      return report_error("neither XDG_CONFIG_HOME nor HOME says where configuration goes: name the FILE");
    }
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
    if (error) return report_error(fmt::format("cannot create the directory of {}: {}", path, error.message()));
  }
  int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) {
    if (errno == EEXIST) return report_error(fmt::format("{} exists already; it was left as it is", path));
    return report_error(fmt::format("cannot create {}: {}", path, std::strerror(errno)));
  }
  bool ok = write(fd, kDefault.data(), kDefault.size()) == static_cast<ssize_t>(kDefault.size());
  int error = errno;
  ok = close(fd) == 0 && ok;
  if (!ok) {
    unlink(path.c_str());  // what is half there would keep the next attempt from writing it
    return report_error(fmt::format("cannot write {}: {}", path, std::strerror(error)));
  }
  show("Wrote {}\n", path);
  return 0;
}

}  // namespace vitrine::cli
