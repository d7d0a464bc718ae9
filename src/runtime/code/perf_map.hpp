// Names of compiled functions for `perf`: /tmp/perf-PID.map.
#pragma once

namespace vitrine::runtime {

class CompiledModule;

/// Appends a line a function. A file that cannot be written is left alone: profiling must not change the run.
void write_perf_map(const CompiledModule& module);

}  // namespace vitrine::runtime
