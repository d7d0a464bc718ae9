// What ThreadSanitizer has to know of our tests; linked into each of them in the preset tsan.
extern "C" __attribute__((visibility("default"))) const char* __tsan_default_options() {
  // Tests fork with threads running, to see that the child starts its own.
  return "die_after_fork=0";
}
