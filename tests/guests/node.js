// Runs a guest with node's WASI, for comparison: node.js GUEST_DIR HOST_DIR COUNT_OF_ENV ENV... WASM ARGS...
'use strict';
const fs = require('fs');
const { WASI } = require('wasi');
const [guest, host, count, ...rest] = process.argv.slice(2);
const env = Object.fromEntries(rest.slice(0, count).map((e) => [e.slice(0, e.indexOf('=')), e.slice(e.indexOf('=') + 1)]));
const [file, ...args] = rest.slice(count);
const wasi = new WASI({ version: 'preview1', args: [file, ...args], env, preopens: guest ? { [guest]: host } : {}, returnOnExit: true });
const instance = new WebAssembly.Instance(new WebAssembly.Module(fs.readFileSync(file)), { wasi_snapshot_preview1: wasi.wasiImport });
try {
  process.exitCode = wasi.start(instance);
} catch (error) {
  console.error(String(error));
  process.exitCode = 134;  // a trap ends the process as abort() would
}
