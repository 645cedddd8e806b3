// As little of Stripe as its dashboard page needs: a key that works, products, endpoints, a clock. Its own rules are those of the double in Rust.
import { createServer } from 'node:http';

/** The only key that it takes. */
export const KEY = 'sk_test_journey0000000001';

/**
 * Starts it on loopback.
 * @returns {Promise<{ url: string, close: () => void }>}
 */
export const stripe = () =>
  new Promise((ready) => {
    const server = createServer((request, response) => {
      const path = (request.url ?? '').split('?')[0];
      const now = Math.floor(Date.now() / 1000);
      const known = request.headers.authorization === `Bearer ${KEY}`;
      /** @type {Record<string, unknown>} */
      const answers = {
        '/v1/balance': { object: 'balance', livemode: false, available: [], pending: [] },
        '/v1/account': { object: 'account', id: 'acct_journey' },
        '/v1/events': { object: 'list', data: [], has_more: false, url: path },
        '/v1/subscriptions': { object: 'list', data: [], has_more: false, url: path },
        '/v1/webhook_endpoints': { object: 'list', data: [], has_more: false, url: path },
      };
      const answer = path?.startsWith('/v1/products') ? { object: 'product', id: 'prod_journey', updated: now } : answers[path ?? ''];
      const status = !known ? 401 : answer ? 200 : 404;
      const refused = { error: { type: 'invalid_request_error', message: known ? 'Unrecognized request URL' : 'Invalid API Key provided' } };
      request.resume().on('end', () => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(status === 200 ? answer : refused));
      });
    });
    server.listen(0, '127.0.0.1', () => {
      const address = /** @type {import('node:net').AddressInfo} */ (server.address());
      ready({ url: `http://127.0.0.1:${address.port}`, close: () => server.close() });
    });
  });
