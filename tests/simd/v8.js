// node v8.js DIRECTORY IN OUT: runs function n of DIRECTORY/module.wasm (a kit of cases.cpp) on the n-th list of
// DIRECTORY/records and writes DIRECTORY/results.
'use strict';
const fs = require('fs');
const [directory, inAt, outAt] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const instance = new WebAssembly.Instance(new WebAssembly.Module(fs.readFileSync(directory + '/module.wasm')));
const memory = new Uint8Array(instance.exports.memory.buffer);
const records = fs.readFileSync(directory + '/records');
const results = [];
for (let at = 0, f = 1; at < records.length; f++) {
  const n = records.readUInt32LE(at);
  at += 4;
  memory.set(records.subarray(at, at + 64 * n), inAt);
  memory.fill(0, outAt, outAt + 64 * n);
  instance.exports.drive(f, n, inAt, outAt);
  results.push(Buffer.from(memory.slice(outAt, outAt + 64 * n)));
  at += 64 * n;
}
fs.writeFileSync(directory + '/results', Buffer.concat(results));
