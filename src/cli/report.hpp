// How the command line speaks: errors with their causes, notes, progress; in colour on a terminal only.
#pragma once

#include <fmt/format.h>
#include <vitrine/result.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace vitrine::cli {

/// Exit statuses other than the guest's own.
inline constexpr int kUsageError = 2;
inline constexpr int kTrapStatus = 134;  // 128 + SIGABRT

/// `text` with its control characters (but line ends and tabs) and what is no UTF-8 written out as \xNN or \uNNNN:
/// names come from guests, and a terminal obeys them.
std::string printable(std::string_view text);
/// Whether `fd` is a terminal that wants colours: NO_COLOR is not set, or empty.
bool use_color(int fd);

/// Writes to standard output. What goes wrong (a full disk, a closed pipe) is kept for finish_output: fmt::print would
/// throw.
void write_out(std::string_view text);
template <class... Args>
void show(fmt::format_string<Args...> format, Args&&... args) {
  write_out(fmt::format(format, std::forward<Args>(args)...));
}
/// Writes out what `show` has gathered. Answers `status`, or 1 after a message if something did not get through.
int finish_output(int status);

/// "Error: <what>", then "Caused by:" and the error with its backtrace. Answers the exit status for it.
int report_failure(std::string_view what, const Error& error);
/// "Error: <message>"; answers 1.
int report_error(std::string_view message);
/// "error: <message>" and where to find help; answers 2.
int report_usage(std::string_view message);
/// "warning: <message>" or "note: <message>".
void warn(std::string_view message);
void note(std::string_view message);

/// A line on the terminal that says how far a compilation is, once it takes over half a second; gone afterwards.
class Progress {
 public:
  Progress();
  ~Progress() { clear(); }
  void update(size_t done, size_t total);
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  bool enabled_;
  bool shown_ = false;
  Clock::time_point next_;
};

}  // namespace vitrine::cli
