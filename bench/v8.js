// The worker's protocol (worker.cpp) for the V8 of this node. Kernels are warmed up until TurboFan's code is in place:
// V8 runs a module in its baseline compiler first, and wasm loops are not replaced while they run.
'use strict';
const fs = require('fs');
const { WASI } = require('wasi');

const kWarmCalls = 4;
let kernel;

function instantiate(path, extra) {
  const wasi = new WASI({ version: 'preview1', args: [], env: {} });
  const module = new WebAssembly.Module(fs.readFileSync(path));
  const instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: wasi.wasiImport, ...extra });
  if (instance.exports._initialize) wasi.initialize(instance);
  return instance;
}
const probes = (path) => instantiate(path, { env: { tick: (x) => (x + 1) | 0 } });
const now = () => Number(process.hrtime.bigint());
const pause = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
const median = (a) => a.sort((x, y) => x - y)[a.length >> 1];
function best_of(runs, f) {  // of steady state: the first ones are warm-up
  const times = [];
  for (let i = 0; i < runs; i++) times.push(f()), pause(20);
  return median(times.slice(runs >> 1));
}

const verbs = {
  load(path) {
    kernel = undefined;
    kernel = instantiate(path).exports.bench;
    return 'ok';
  },
  warm(n) {
    for (let i = 0; i < kWarmCalls; i++) kernel(n | 0), pause(30);
    return 'ok';
  },
  run(n) {
    const before = process.cpuUsage();
    const sum = kernel(n | 0);
    const { user, system } = process.cpuUsage(before);
    return `${(user + system) * 1000} ${BigInt.asUintN(64, sum).toString(16)}`;
  },
  compile(opt, threads, path) {  // which tier, and how many threads, is up to this node's options
    const bytes = fs.readFileSync(path), start = now(), before = process.cpuUsage();
    new WebAssembly.Module(bytes);
    const { user, system } = process.cpuUsage(before);
    return `${now() - start} ${(user + system) * 1000}`;
  },
  instantiate(count, path) {
    const module = new WebAssembly.Module(fs.readFileSync(path)), times = [];
    for (let i = 0; i < count; i++) {
      const start = now();
      new WebAssembly.Instance(module, {});
      times.push(now() - start);
    }
    const m = median(times);
    return `${m} ${m}`;
  },
  call(count, path) {
    const { add } = probes(path).exports;
    return `${best_of(8, () => {
      let sum = 0;
      const start = now();
      for (let i = 0; i < count; i++) sum = add(sum, 1);
      const end = now();
      if (sum !== (count | 0)) throw new Error('add answers wrong sums');
      return (end - start) / count;
    })}`;
  },
  hostcall(count, path) {
    const { ticks } = probes(path).exports;
    return `${best_of(8, () => {
      const start = now();
      const sum = ticks(count | 0);
      const end = now();
      if (sum !== (count | 0)) throw new Error('ticks answers wrong sums');
      return (end - start) / count;
    })}`;
  },
};

let buffer = '';
const chunk = Buffer.alloc(65536);
for (;;) {
  let end = buffer.indexOf('\n');
  if (end < 0) {
    const got = fs.readSync(0, chunk);
    if (got === 0) break;
    buffer += chunk.toString('utf8', 0, got);
    continue;
  }
  const [verb, ...args] = buffer.slice(0, end).split(' ');
  buffer = buffer.slice(end + 1);
  let answer;
  try {
    answer = verbs[verb](...args);
  } catch (error) {
    answer = `error: ${error.message}`;
  }
  fs.writeSync(1, answer + '\n');
}
