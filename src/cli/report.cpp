#include "cli/report.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <vitrine/trap.hpp>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace vitrine::cli {

std::string printable(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); i++) {
    auto c = static_cast<unsigned char>(text[i]);
    // The C1 controls are two bytes in UTF-8: 0xc2, then 0x80 to 0x9f.
    bool c1 = c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (c1) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(text[++i]));
    } else if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) {
      out += fmt::format("\\x{:02x}", c);
    } else {
      out += static_cast<char>(c);
    }
  }
  return out;
}

bool use_color() {
  static const bool color = [] {
    const char* no_color = std::getenv("NO_COLOR");
    return isatty(STDERR_FILENO) && !(no_color && *no_color);
  }();
  return color;
}

namespace {

std::string painted(std::string_view text, const char* code) {
  return use_color() ? fmt::format("\033[{}m{}\033[0m", code, text) : std::string(text);
}

std::string indented(std::string_view text) {
  std::string out;
  for (char c : text) {
    out += c;
    if (c == '\n') out += "       ";
  }
  return out;
}

/// Nothing can be done about a message that cannot be shown.
void write_error(const std::string& text) {
  (void)std::fwrite(text.data(), 1, text.size(), stderr);
}

int output_error = 0;  // errno of the first write to standard output that failed

}  // namespace

void write_out(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() && output_error == 0) output_error = errno;
}

int finish_output(int status) {
  if (std::fflush(stdout) != 0 && output_error == 0) output_error = errno;
  if (output_error == 0) return status;
  // Said once: what is left in the buffer is let go, so that it is not tried again at exit.
  int error = std::exchange(output_error, 0);
  std::fclose(stdout);
  int failed = report_error(fmt::format("cannot write to standard output: {}", std::strerror(error)));
  return status ? status : failed;
}

int report_failure(std::string_view what, const Error& error) {
  std::string causes;
  size_t n = 0;
  auto add = [&](std::string_view cause) { causes += fmt::format("\n    {}: {}", n++, indented(cause)); };
  if (const Trap* trap = error.trap(); trap && !trap->frames().empty()) add(printable(trap->backtrace()));
  add(printable(error.message()));
  write_error(fmt::format("{} {}\n\nCaused by:{}\n", painted("Error:", "1;31"), printable(what), causes));
  return error.kind() == ErrorKind::Trap ? kTrapStatus : 1;
}

int report_error(std::string_view message) {
  write_error(fmt::format("{} {}\n", painted("Error:", "1;31"), printable(message)));
  return 1;
}

int report_usage(std::string_view message) {
  write_error(
      fmt::format("{} {}\n\nFor more information, try '--help'.\n", painted("error:", "1;31"), printable(message)));
  return kUsageError;
}

void warn(std::string_view message) {
  write_error(fmt::format("{} {}\n", painted("warning:", "1;33"), printable(message)));
}
void note(std::string_view message) {
  write_error(fmt::format("{} {}\n", painted("note:", "1;36"), printable(message)));
}

Progress::Progress() : enabled_(isatty(STDERR_FILENO)), next_(Clock::now() + std::chrono::milliseconds(500)) {}

void Progress::update(size_t done, size_t total) {
  if (!enabled_) return;
  auto now = Clock::now();
  if (now < next_) return;
  next_ = now + std::chrono::milliseconds(100);
  shown_ = true;
  write_error(
      fmt::format("\r\033[Kcompiling: {} of {} functions ({} %)", done, total, total ? done * 100 / total : 100));
}

void Progress::clear() {
  if (shown_) write_error("\r\033[K");
  shown_ = false;
}

}  // namespace vitrine::cli
