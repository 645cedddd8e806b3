// As little of Stripe as its dashboard page needs: a key that works, products, endpoints, a clock, and webhooks for its picture. Its own rules are those of the double in Rust.
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { community, PASSWORD, setUp } from './api.mjs';
import { dataFolder, serve } from './server.mjs';

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

/** What its webhooks are signed with. */
const SECRET = 'whsec_journey';

/** What it tells: followed, of the wrong mode, of somebody else, of no concern, and what nobody can read. */
const TOLD = [
  ...[
    { id: 'evt_journey1', type: 'customer.subscription.updated' },
    { id: 'evt_journey2', type: 'invoice.payment_action_required' },
    { id: 'evt_journey3', type: 'charge.dispute.created', livemode: true },
    { id: 'evt_journey4', type: 'invoice.paid', account: 'acct_somebody_else' },
    { id: 'evt_journey5', type: 'billing_portal.configuration.updated' },
  ].map((event) => JSON.stringify({ object: 'event', created: 1_790_000_000, livemode: false, data: { object: { id: 'sub_none' } }, ...event })),
  'no event at all',
];

/** @type {(() => Promise<void>) | null} */
let close = null;

/**
 * Shows the dashboard's page of an account that has told something and was checked, of a community of its own: the demo sells by test payments alone.
 * @param {import('@playwright/test').Page} page
 */
export const connectStripe = async (page) => {
  const there = await stripe();
  const data = dataFolder();
  setUp(data);
  const server = await serve({ data, args: ['--stripe-url', there.url] });
  close = async () => {
    await server.stop();
    there.close();
  };
  await community(server);
  const ask = { headers: { origin: server.url } };
  // The form speaks the language of the picture; the API signs in the same way in any.
  await page.request.post(`${server.url}/api/v1/sign-in`, { ...ask, data: { username: 'olga', password: PASSWORD } });
  const language = (await page.evaluate(() => navigator.language)).slice(0, 2);
  await page.request.patch(`${server.url}/api/v1/me`, { ...ask, data: { language } });
  const put = await page.request.put(`${server.url}/api/v1/admin/stripe`, { ...ask, data: { key: KEY, webhook_secret: SECRET } });
  if (!put.ok()) throw new Error(`it was not connected: ${put.status()} ${await put.text()}`);
  const at = Math.floor(Date.now() / 1000);
  for (const body of TOLD) {
    const signature = createHmac('sha256', SECRET).update(`${at}.${body}`).digest('hex');
    const headers = { 'stripe-signature': `t=${at},v1=${signature}`, 'content-type': 'text/plain' };
    // Not by the page, which would send whose session it is.
    const told = await fetch(`${server.url}/hooks/stripe`, { method: 'POST', body, headers });
    if (!told.ok) throw new Error(`it was not heard: ${told.status}`);
  }
  await page.request.post(`${server.url}/api/v1/admin/stripe/check`, { ...ask, data: {} });
  await page.goto(`${server.url}/admin/stripe`);
  await page.locator('table').waitFor();
};

/** Ends that community. */
export const letStripeGo = async () => {
  await close?.();
  close = null;
};
