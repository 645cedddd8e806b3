// How one stands to somebody, as it is photographed: who said yes to a call, who is asked, who asks, whom one blocks.
import { expect as soon } from '@playwright/test';
import * as acts from './acts.mjs';

// Pictures are not about time: a busy machine may take it.
const expect = soon.configure({ timeout: 15_000 });

/** @typedef {import('@playwright/test').Page} Page */

/** The profile of whom the page of people found. @param {Page} page */
const profile = async (page) => {
  await page.locator('.items a').first().click();
  await expect(page.locator('.person-head')).toBeVisible();
};

const banner = '.shell > :is(yes-banner, .lets) > .banner';

const QUIET = '/settings/look';
/** @type {(() => Promise<unknown>) | null} */
let undo = null;
const after = async () => {
  await undo?.();
  undo = null;
};

/** @type {import('./screens-list.mjs').Screen[]} */
export const peopleScreens = [
  {
    name: 'yes-banner',
    who: 'paying',
    path: '/',
    then: async (page) => {
      await expect(acts.roomLink(page, '').first()).toBeVisible();
      await expect(page.locator(banner)).toBeVisible();
    },
  },
  {
    name: 'yes-banner-many',
    who: 'paying',
    path: '/',
    then: async (page) => {
      await expect(page.locator(banner)).toBeVisible();
      // What a second yes would have the server say.
      await page.evaluate(() => {
        const { store } = /** @type {any} */ (document.querySelector('rialto-app')).client;
        const { me, people, members, seq } = store.state;
        const [other] = Object.keys(members).filter((id) => id !== me.id && !(id in people.may_call));
        store.dispatch({ type: 'logged', room: 'me', seq: seq + 1, at: Date.now(), event: { kind: 'may_call', member: other, about: 'video_call' } });
      });
      await expect(page.locator(banner).getByRole('link')).toBeVisible();
    },
  },
  {
    name: 'yes-banner-drawn',
    who: 'paying',
    path: '/',
    then: async (page) => {
      // An element that never draws: what the server wrote stays.
      const body = 'customElements.define("yes-banner", class extends HTMLElement {});';
      await page.route(/\/social\/yes-banner[^/]*\.js/, (route) => route.fulfill({ body, contentType: 'text/javascript' }));
      await page.reload();
      await expect(acts.roomLink(page, '').first()).toBeVisible();
      await expect(page.locator(banner).getByRole('link')).toBeVisible();
    },
  },
  {
    name: 'yes-told',
    who: 'paying',
    // Nothing lies where it is said.
    path: '/people?q=dee',
    then: async (page) => {
      const yes = await page.evaluate(async () => {
        const { people, seq } = await fetch('/api/v1/me/state').then((answer) => answer.json());
        const [[member, about]] = Object.entries(people.may_call);
        return { type: 'event', room: 'me', seq: seq + 1, at: Date.now(), event: { kind: 'may_call', member, about } };
      });
      // What the server would say of it.
      await page.routeWebSocket(/\/live$/, (socket) => {
        const server = socket.connectToServer();
        server.onMessage((frame) => {
          socket.send(frame);
          if (String(frame).includes('"type":"hello"')) socket.send(JSON.stringify(yes));
        });
      });
      await page.reload();
      await expect(page.locator('.toast button').first()).toBeVisible();
      // It stays while the pointer is on it.
      await page.locator('.toast').hover();
    },
  },
  {
    name: 'people-yeses',
    who: 'paying',
    path: '/people/requests',
    then: async (page) => {
      await expect(page.locator('.people call-buttons button').first()).toBeVisible();
    },
  },
  {
    name: 'person-yes',
    who: 'paying',
    path: '/people?q=dee',
    then: async (page) => {
      await profile(page);
      await expect(page.locator('call-buttons button').first()).toBeVisible();
    },
  },
  { name: 'person-asked', who: 'free', path: '/people?q=hanna', then: profile },
  { name: 'person-asks', who: 'free', path: '/people?q=oskar', then: profile },
  {
    name: 'person-blocked',
    who: 'free',
    // A page that shows nothing of a block.
    path: QUIET,
    then: async (page) => {
      const shut = (/** @type {string} */ method) =>
        page.evaluate(async (wanted) => {
          const { items } = await fetch('/api/v1/members?q=celeste').then((answer) => answer.json());
          await fetch(`/api/v1/blocks/${items[0].id}`, { method: wanted });
          return items[0].id;
        }, method);
      undo = async () => {
        await page.goto(new URL(QUIET, page.url()).href);
        await shut('DELETE');
      };
      await page.goto(new URL(`/people/${await shut('PUT')}`, page.url()).href);
      await expect(page.locator('.signs [data-tone=danger]')).toBeVisible();
    },
    after,
  },
];
