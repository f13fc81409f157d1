// Keeps what comes in over TCP, octet for octet, each connection in a file: record.js PORT FOLDER
const [port, folder] = process.argv.slice(2);
let connections = 0;
require('net').createServer((socket) => {
  socket.pipe(require('fs').createWriteStream(`${folder}/${connections++}`));
}).listen(+port, '127.0.0.1');
