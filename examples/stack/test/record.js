// Keeps what comes in over TCP in a file, octet for octet: record.js PORT FILE
const [port, file] = process.argv.slice(2);
const out = require('fs').createWriteStream(file);
require('net').createServer((socket) => socket.pipe(out, { end: false })).listen(+port, '127.0.0.1');
