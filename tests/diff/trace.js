// The trace of generated modules as V8 runs them: node trace.js DIRECTORY. For every N.wasm it writes N.v8, in the words
// of fuzz/execution.cpp.
'use strict';
const fs = require('fs');
const path = require('path');

const classes = [
  ['unreachable', /unreachable/],
  ['number', /divide by zero|remainder by zero|divide result unrepresentable|float unrepresentable/],
  ['memory', /memory access out of bounds|memory index is out of bounds/],
  ['indirect', /null function or function signature|signature mismatch/],
  ['table', /table (index|access|element)? ?(is )?out of bounds|element segment out of bounds|table index/],
  ['stack', /call stack/],
];

function classOf(error) {
  for (const [name, pattern] of classes) if (pattern.test(error.message)) return name;
  return 'other (' + error.message + ')';
}

function fnv(bytes) {
  let h = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) h = Math.imul(h ^ bytes[i], 0x01000193);
  return h >>> 0;
}

function trace(bytes) {
  const lines = [];
  let mixed = 0;
  const mix = (a, b) => {
    const low = Number(BigInt.asUintN(32, b)), high = Number(BigInt.asUintN(32, b >> 32n));
    mixed = (Math.imul(mixed, 31) + Math.imul(a, 7) + low + Math.imul(high, 13)) >>> 0;
    return mixed | 0;
  };
  const module = new WebAssembly.Module(bytes);
  const exports = new WebAssembly.Instance(module, {env: {mix}}).exports;
  for (const {name, kind} of WebAssembly.Module.exports(module)) {
    if (kind !== 'function') continue;
    exports.fuel.value = 150;
    try {
      let results = exports[name]();
      if (results === undefined) results = [];
      if (!Array.isArray(results)) results = [results];
      lines.push(name + ':' + results.map((v) => ' ' + v).join(''));
    } catch (error) {
      const found = classOf(error);
      lines.push(name + ': trap ' + found);
      if (found === 'stack') return lines.concat('not comparable');
    }
  }
  for (const name of ['memory', 'memory1']) {
    if (!exports[name]) continue;
    const bytes = new Uint8Array(exports[name].buffer);
    lines.push(`${name}: ${bytes.length} ${fnv(bytes)}`);
  }
  lines.push('mix: ' + mixed);
  return lines;
}

const directory = process.argv[2];
for (const file of fs.readdirSync(directory)) {
  if (!/^\d+\.wasm$/.test(file)) continue;
  let lines;
  try {
    lines = trace(fs.readFileSync(path.join(directory, file)));
  } catch (error) {
    lines = ['error ' + error.message];
  }
  fs.writeFileSync(path.join(directory, file.replace('.wasm', '.v8')), lines.join('\n') + '\n');
}
