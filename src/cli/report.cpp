#include "cli/report.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <vitrine/trap.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/utf8.hpp"

namespace vitrine::cli {

namespace {

/// How many bytes the UTF-8 sequence at the start of `text` has and what it encodes; 0 if it is malformed.
std::pair<size_t, uint32_t> decode_utf8(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  size_t size = byte(0) < 0x80 ? 1 : byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : 2;
  if (text.size() < size || !is_utf8(text.substr(0, size))) return {0, 0};
  uint32_t code = size == 1 ? byte(0) : byte(0) & (0x7fu >> size);
  for (size_t i = 1; i < size; ++i) code = code << 6 | (byte(i) & 0x3f);
  return {size, code};
}

/// Controls, and what turns the direction of the text around it or is not to be seen.
bool drives_terminal(uint32_t code) {
  return (code < 0x20 && code != '\n' && code != '\t') || (code >= 0x7f && code < 0xa0) ||
         (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    auto [size, code] = decode_utf8(text);
    if (size == 0 || (size == 1 && drives_terminal(code))) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    } else if (drives_terminal(code)) {
      out += fmt::format("\\u{:04x}", code);
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(std::max<size_t>(size, 1));
  }
  return out;
}

bool use_color(int fd) {
  const char* no_color = std::getenv("NO_COLOR");
  return isatty(fd) && !(no_color && *no_color);
}

namespace {

std::string painted(std::string_view text, const char* code) {
  return use_color(STDERR_FILENO) ? fmt::format("\033[{}m{}\033[0m", code, text) : std::string(text);
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

namespace {

/// The library speaks of its own options; here they have other names.
std::string in_words_of_options(std::string_view message) {
  static constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"Config::max_wasm_stack", "-W max-wasm-stack"},
      {"Config::memory_reservation_for_growth", "-O memory-reservation-for-growth"},
      {"Config::memory_reservation", "-O memory-reservation"},
      {"Config::memory_may_move", "-O memory-may-move"},
      {"Config::memory_guard_size", "-O memory-guard-size"},
      {"Config::cache", "-C cache-config=FILE (-C cache=n turns it off)"},
      {"StoreLimits::memory_bytes", "-W max-memory-size"},
      {"StoreLimits::table_elements", "-W max-table-elements"},
      {"StoreLimits::instances", "-W max-instances"},
      {"StoreLimits::memories", "-W max-memories"},
      {"StoreLimits::tables", "-W max-tables"},
  };
  std::string text(message);
  for (auto [name, option] : kNames) {
    for (size_t at = 0; (at = text.find(name, at)) != std::string::npos; at += option.size()) {
      text.replace(at, name.size(), option);
    }
  }
  return printable(text);
}

}  // namespace

int report_failure(std::string_view what, const Error& error) {
  std::string causes;
  size_t n = 0;
  auto add = [&](std::string_view cause) { causes += fmt::format("\n    {}: {}", n++, indented(cause)); };
  if (const Trap* trap = error.trap(); trap && !trap->frames().empty()) add(printable(trap->backtrace()));
  add(in_words_of_options(error.message()));
  write_error(fmt::format("{} {}\n\nCaused by:{}\n", painted("Error:", "1;31"), printable(what), causes));
  return error.kind() == ErrorKind::Trap ? kTrapStatus : 1;
}

int report_error(std::string_view message) {
  write_error(fmt::format("{} {}\n", painted("Error:", "1;31"), in_words_of_options(message)));
  return 1;
}

int report_usage(std::string_view message) {
  write_error(
      fmt::format("{} {}\n\nFor more information, try '--help'.\n", painted("error:", "1;31"), printable(message)));
  return kUsageError;
}

void warn(std::string_view message) {
  write_error(fmt::format("{} {}\n", painted("warning:", "1;33"), in_words_of_options(message)));
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
