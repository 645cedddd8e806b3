// Serves the client's modules as they lie on disk, for journeys that need a page but no program behind it.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../static/', import.meta.url));
const doubles = fileURLToPath(new URL('./', import.meta.url));
const TYPES = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.json': 'application/json', '.svg': 'image/svg+xml' };
const PAGE = '<!doctype html><html lang="en"><meta charset="utf-8"><title>modules</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/static/app.css"><body></body></html>';

/** The sheet of all pages, joined in its order as the program does. */
const joined = async () => {
  const names = (await readFile(path.join(root, 'styles/order.txt'), 'utf8')).split('\n').filter(Boolean);
  return (await Promise.all(names.map((name) => readFile(path.join(root, 'styles', name), 'utf8')))).join('\n');
};

/** Starts it on a free port of this machine. @returns {Promise<{url: string, stop: () => Promise<void>}>} */
export const serveModules = () =>
  new Promise((resolve) => {
    const server = createServer((request, answer) => {
      const name = new URL(request.url ?? '/', 'http://localhost').pathname;
      const [folder, file] = name.startsWith('/static/') ? [root, name.slice(8)] : [doubles, name.slice(9)];
      if (!/^\/(static|doubles)\/[\w./-]+$/.test(name) || file.includes('..')) {
        answer.writeHead(200, { 'content-type': 'text/html' }).end(PAGE);
        return;
      }
      const read = name === '/static/app.css' ? joined() : readFile(path.join(folder, file));
      read.then(
        (body) => answer.writeHead(200, { 'content-type': TYPES[path.extname(file)] ?? 'text/plain' }).end(body),
        () => answer.writeHead(404).end(),
      );
    });
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      resolve({
        url: `http://localhost:${port}`,
        stop: () => new Promise((done) => {
          server.closeAllConnections();
          server.close(() => done());
        }),
      });
    });
  });
