// The border: `add` is called from the host, `tick` is the host's and called from a loop here.
__attribute__((import_module("env"), import_name("tick"))) int tick(int);

__attribute__((export_name("add"))) int add(int a, int b) { return a + b; }
__attribute__((export_name("ticks"))) int ticks(int n) {
  int sum = 0;
  for (int i = 0; i < n; i++) sum = tick(sum);
  return sum;
}
