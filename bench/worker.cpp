// One engine in one process, told what to do over standard input, a line at a time; each answer is a line.
//
//   vitrine_bench native | vitrine | wasmtime LIBRARY
//     load PATH                    ok
//     run N                        NANOSECONDS CHECKSUM   (of the CPU, so that other processes do not count)
//     compile OPT_LEVEL THREADS PATH    NANOSECONDS NANOSECONDS   (by the clock; of all CPUs together.
//                                  THREADS above 1: as many as there are CPUs to run on)
//     instantiate COUNT PATH       NANOSECONDS NANOSECONDS   (the instance alone; with making and dropping its store)
//     scale THREADS COUNT          INSTANCES a second, of all threads together; each makes COUNT
//     call COUNT PATH              NANOSECONDS a call, host to guest
//     dyncall COUNT PATH           the same with values whose types are looked at in the call
//     hostcall COUNT PATH          NANOSECONDS a call, guest to host
//     spawn COUNT COMMAND...       MILLISECONDS...           (words split at spaces)
//
// An error is `error: MESSAGE` and the end. bench/run alternates between several of these, so that they share whatever
// the machine is doing at the time.
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

#include "engine.hpp"

namespace vitrine::bench {

void die(const std::string& message) {
  std::printf("error: %s\n", message.c_str());
  std::fflush(stdout);
  std::_Exit(1);
}

std::vector<uint8_t> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) die("cannot read " + path);
  return std::vector<uint8_t>(std::istreambuf_iterator<char>(file), {});
}

double median(std::vector<double>& samples) {
  std::ranges::sort(samples);
  size_t middle = samples.size() / 2;
  return samples.size() % 2 == 1 ? samples[middle] : (samples[middle - 1] + samples[middle]) / 2;
}

namespace {

uint64_t cpu_time(clockid_t clock) {
  timespec t;
  clock_gettime(clock, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1000000000 + static_cast<uint64_t>(t.tv_nsec);
}

void obey(Engine& engine, const std::string& line) {
  std::istringstream words(line);
  std::string verb, path;
  words >> verb;
  uint32_t count = 0;
  if (verb == "load") {
    words >> path;
    engine.load(path);
    std::printf("ok\n");
  } else if (verb == "run") {
    words >> count;
    uint64_t start = cpu_time(CLOCK_THREAD_CPUTIME_ID);
    uint64_t checksum = engine.call(count);
    uint64_t end = cpu_time(CLOCK_THREAD_CPUTIME_ID);
    std::printf("%" PRIu64 " %" PRIx64 "\n", end - start, checksum);
  } else if (verb == "compile") {
    int opt_level, threads;
    words >> opt_level >> threads >> path;
    const std::vector<uint8_t> wasm = read_file(path);
    uint64_t start = cpu_time(CLOCK_PROCESS_CPUTIME_ID);
    double elapsed = engine.compile(wasm, opt_level, threads > 1);
    std::printf("%.0f %" PRIu64 "\n", elapsed, cpu_time(CLOCK_PROCESS_CPUTIME_ID) - start);
  } else if (verb == "instantiate") {
    words >> count >> path;
    InstantiateTimes times = engine.instantiate(path, count);
    std::printf("%.0f %.0f\n", times.instantiate, times.cycle);
  } else if (verb == "scale") {
    uint32_t threads = 0;
    words >> threads >> count;
    std::printf("%.0f\n", engine.instantiations_per_second(threads, count));
  } else if (verb == "call") {
    words >> count >> path;
    std::printf("%.3f\n", engine.host_to_guest(path, count));
  } else if (verb == "dyncall") {
    words >> count >> path;
    std::printf("%.3f\n", engine.dynamic_call(path, count));
  } else if (verb == "hostcall") {
    words >> count >> path;
    std::printf("%.3f\n", engine.guest_to_host(path, count));
  } else if (verb == "spawn") {
    words >> count;
    std::vector<std::string> command;
    for (std::string word; words >> word;) command.push_back(word);
    if (command.empty()) die("spawn what?");
    for (double time : spawn_times(command, count)) std::printf("%.4f ", time);
    std::printf("\n");
  } else {
    die("unknown command: " + line);
  }
  std::fflush(stdout);
}

std::unique_ptr<Engine> make_engine(int argc, char** argv) {
  std::string name = argc > 1 ? argv[1] : "";
  if (name == "native") return make_native();
  if (name == "vitrine") return make_vitrine();
  if (name == "wasmtime" && argc > 2) return make_wasmtime(argv[2]);
  die("usage: vitrine_bench native | vitrine | wasmtime LIBRARY");
}

}  // namespace
}  // namespace vitrine::bench

int main(int argc, char** argv) {
  auto engine = vitrine::bench::make_engine(argc, argv);
  for (std::string line; std::getline(std::cin, line);) vitrine::bench::obey(*engine, line);
}
