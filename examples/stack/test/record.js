// Keeps what comes in over TCP, byte for byte, each connection in a file: record.js PORT DIRECTORY
const [port, directory] = process.argv.slice(2);
let connections = 0;
require('net').createServer((socket) => {
  socket.pipe(require('fs').createWriteStream(`${directory}/${connections++}`));
}).listen(+port, '127.0.0.1');
