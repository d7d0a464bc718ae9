// What the worker measures: an engine that can load a kernel and call it, compile a module, instantiate one, and cross
// the border between host and guest. One implementation a runtime; each times only its own work.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace vitrine::bench {

/// Ends the worker; bench/run shows the message. A measurement that failed has no number to go on with.
[[noreturn]] void die(const std::string& message);
std::vector<uint8_t> read_file(const std::string& path);

/// Nanoseconds since an arbitrary start.
inline uint64_t now() {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count());
}
/// Sorts.
double median(std::vector<double>& samples);

struct InstantiateTimes {
  double instantiate;  ///< imports to instance, in a new store
  double cycle;        ///< making the store, instantiating, and dropping both
};

class Engine {
 public:
  virtual ~Engine() = default;
  /// Makes the export `bench` of this module (a shared object for the native engine) the current kernel.
  virtual void load(const std::string& path) = 0;
  virtual uint64_t call(uint32_t n) = 0;

  // The native engine has none of these.
  virtual double compile(std::span<const uint8_t>, int, bool) { die("this engine does not compile"); }
  virtual InstantiateTimes instantiate(const std::string&, uint32_t) { die("this engine does not instantiate"); }
  /// Stores made, instantiated into and dropped per second, by all of so many threads together, each doing `count`: of
  /// one module with a memory and eight imported host functions, through one linker.
  virtual double instantiations_per_second(uint32_t, uint32_t) { die("this engine does not instantiate on threads"); }
  /// Nanoseconds for one call of `add` from the host; and of `tick` from a loop in the guest.
  virtual double host_to_guest(const std::string&, uint32_t) { die("this engine has no guests"); }
  /// `add` from the host, by values whose types are known at run time only.
  virtual double dynamic_call(const std::string&, uint32_t) { die("this engine has no dynamic calls"); }
  virtual double guest_to_host(const std::string&, uint32_t) { die("this engine has no guests"); }
};

std::unique_ptr<Engine> make_native();
std::unique_ptr<Engine> make_vitrine();
std::unique_ptr<Engine> make_wasmtime(const std::string& library);

/// Starts a program so often, its output thrown away, and answers the milliseconds that each took, from before the
/// start to after its end.
std::vector<double> spawn_times(const std::vector<std::string>& command, uint32_t count);

}  // namespace vitrine::bench
