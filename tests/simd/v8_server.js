// Stands in for our engine (VITRINE_SIMD_V8=1), to tell a wrong test from wrong code. Reads commands from standard input:
//   M length bytes        instantiates a module
//   P bytes(320)          what the vectors to press with are
//   D f n records         answers n results
//   O f at record tail    answers how it ended (0 well, 1 out of bounds, 2 else), one result, the last 64 bytes of memory
'use strict';
const fs = require('fs');
const IN = 4096 + 3, OUT = 8 * 65536 + 5, SIZE = 16 * 65536;
let guest, memory;
function read(n) {
  const bytes = Buffer.alloc(n);
  for (let at = 0; at < n;) {
    const got = fs.readSync(0, bytes, at, n - at, null);
    if (got === 0) process.exit(0);
    at += got;
  }
  return bytes;
}
const word = () => read(4).readUInt32LE(0);
function write(bytes) {
  for (let at = 0; at < bytes.length;) at += fs.writeSync(1, bytes, at);
}
for (;;) {
  switch (String.fromCharCode(read(1)[0])) {
    case 'M':
      guest = new WebAssembly.Instance(new WebAssembly.Module(read(word()))).exports;
      memory = new Uint8Array(guest.memory.buffer);
      break;
    case 'P':
      memory.set(read(320), 64);
      break;
    case 'D': {
      const f = word(), n = word();
      memory.set(read(64 * n), IN);
      memory.fill(0, OUT, OUT + 64 * n);
      guest.drive(f, n, IN, OUT);
      write(memory.subarray(OUT, OUT + 64 * n));
      break;
    }
    case 'O': {
      const f = word(), at = word();
      memory.set(read(64), IN);
      memory.set(read(64), SIZE - 64);
      memory.fill(0, OUT, OUT + 64);
      let status = 0;
      try {
        guest.once(f, IN, at, OUT);
      } catch (error) {
        status = /out of bounds/.test(error.message) ? 1 : 2;
      }
      write(Buffer.concat([Buffer.from([status]), memory.slice(OUT, OUT + 64), memory.slice(SIZE - 64)]));
      break;
    }
  }
}
