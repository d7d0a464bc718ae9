// How long a whole process takes.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cstring>

#include "engine.hpp"

extern char** environ;

namespace vitrine::bench {

std::vector<double> spawn_times(const std::vector<std::string>& command, uint32_t count) {
  std::vector<char*> argv;
  for (const std::string& argument : command) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  std::vector<double> times;
  for (uint32_t i = 0; i < count; ++i) {
    uint64_t start = now();
    pid_t child;
    if (int error = posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), environ); error != 0) {
      die(command[0] + ": " + std::strerror(error));
    }
    int status;
    if (waitpid(child, &status, 0) != child) die("waitpid failed");
    uint64_t end = now();
    if (status != 0) die(command[0] + " ended with wait status " + std::to_string(status));
    times.push_back(static_cast<double>(end - start) / 1e6);
  }
  posix_spawn_file_actions_destroy(&actions);
  return times;
}

}  // namespace vitrine::bench
