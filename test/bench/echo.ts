// The floor for a webhook in Node: https that reads a body and sends a fixed answer. Listens on a free port, and prints it.
//   node echo.ts CERT KEY
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

const [cert = '', key = ''] = process.argv.slice(2);
const answer = JSON.stringify({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  response: { uid: 'a', allowed: true },
});

const options = { cert: readFileSync(cert), key: readFileSync(key), minVersion: 'TLSv1.3' } as const;
const server = createServer(options, (request, response) => {
  request.on('data', () => undefined);
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length });
    response.end(answer);
  });
});
server.keepAliveTimeout = 120_000;
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
