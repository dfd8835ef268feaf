// node.js HTTP HTTPS BRIEF_HTTP BRIEF_HTTPS IDLE_MS CERT KEY WWW
'use strict';
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');

const [ports, [idle, cert, key, www]] = [process.argv.slice(2, 6).map(Number), process.argv.slice(6)];
const tls = {cert: fs.readFileSync(cert), key: fs.readFileSync(key)};
const big = fs.readFileSync(`${www}/big`);
const chunked = fs.readFileSync(`${www}/chunked`);

function answer(request, response) {
  if (request.url === '/upload') {
    let length = 0;
    request.on('data', (part) => { length += part.length; });
    request.on('end', () => response.end(String(length)));
  } else if (request.url === '/big') {
    response.setHeader('Content-Length', big.length);
    response.end(big);
  } else if (request.url === '/chunked') {
    for (let at = 0; at < chunked.length; at += 16384) response.write(chunked.subarray(at, at + 16384));
    response.end();
  } else {
    if (request.url === '/close') response.setHeader('Connection', 'close');
    response.setHeader('Content-Type', 'application/json');
    response.end('{}');
  }
}

const servers = [http.createServer(answer), https.createServer(tls, answer)];
servers.push(http.createServer(answer), https.createServer(tls, answer));
servers.forEach((server, i) => {
  server.keepAliveTimeout = i < 2 ? 3600000 : Number(idle);
  server.listen(ports[i], '127.0.0.1', 4096);
});
