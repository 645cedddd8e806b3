// Every screen of Rialto: who sees it, where it is, and how it is reached.
import { expect as soon } from '@playwright/test';
import * as acts from './acts.mjs';
import { PASSWORD } from './api.mjs';
import { callScreens } from './screens-calls.mjs';
import { peopleScreens } from './screens-people.mjs';
import { connectStripe, letStripeGo } from './stripe.mjs';

// Pictures are not about time: a busy machine may take it.
const expect = soon.configure({ timeout: 15_000 });

/**
 * @typedef {object} Screen
 * @property {string} name also the file's name
 * @property {'stranger' | 'owner' | 'paying' | 'free' | 'operator'} who `operator`: holds the set-up address of a new server
 * @property {string} [path]
 * @property {(page: import('@playwright/test').Page, crowd: import('./crowd.mjs').Crowd) => Promise<void>} [then] what is done before the picture
 * @property {() => Promise<void>} [after] what is undone after it
 * @property {boolean} [calls] somebody is in a call, or rings
 * @property {number} [status] of the answer, when it is not 200
 */

const rooms = async (page) => {
  await expect(page.locator('room-list').getByRole('link').first()).toBeVisible();
};
const room = (find) => async (page) => {
  await rooms(page);
  await find(page).click();
  await expect(acts.composer(page)).toBeVisible();
  await expect(acts.timeline(page).getByRole('article').first()).toBeVisible();
};
/** The newest message of the open room. */
const newest = (page) => acts.timeline(page).locator('.message[data-seq]').last();
/** Steps of the set-up wizard, by what it is asked and not by its words. */
const step = (steps) => async (page) => {
  const fill = [
    { display_name: 'Marta Olsen', username: 'marta', password: PASSWORD },
    { community_name: 'Saltbridge' },
    {},
  ];
  for (const answers of fill.slice(0, steps)) {
    for (const [field, value] of Object.entries(answers)) await page.locator(`[name=${field}]`).fill(value);
    await page.locator('[data-go]').click();
  }
  await expect(page.locator('.setup-step').nth(steps)).toBeVisible();
};
const named = (name) => room((page) => acts.roomLink(page, name).first());

/** @type {Screen[]} */
export const screens = [
  { name: 'community', who: 'stranger', path: '/' },
  { name: 'sign-in', who: 'stranger', path: '/sign-in' },
  { name: 'join', who: 'stranger', path: '/join' },
  { name: 'reset', who: 'stranger', path: '/reset' },
  { name: 'invite-over', who: 'stranger', path: '/invite/no-such-invite' },
  { name: 'not-found', who: 'stranger', path: '/no-such-page', status: 404 },
  { name: 'rooms', who: 'free', path: '/', then: rooms },
  { name: 'room-busy', who: 'free', path: '/', then: named('harbour') },
  { name: 'room-rtl', who: 'owner', path: '/', then: named('المقهى') },
  { name: 'room-french', who: 'owner', path: '/', then: named('comptoir') },
  {
    name: 'room-to-join',
    who: 'free',
    path: '/',
    then: async (page) => {
      await rooms(page);
      // A room that is open to all and that this member is not in.
      const id = await page.evaluate(async () => {
        const [mine, all] = await Promise.all(['/api/v1/me/state', '/api/v1/rooms?browse=true'].map((url) => fetch(url).then((answer) => answer.json())));
        return all.items.find((room) => !mine.rooms.some((own) => own.id === room.id)).id;
      });
      await page.goto(new URL(`/r/${id}`, page.url()).href);
      await expect(page.locator('room-composer').getByRole('button').first()).toBeVisible();
    },
  },
  {
    name: 'members-panel',
    who: 'free',
    path: '/',
    then: async (page) => {
      await named('harbour')(page);
      await page.getByRole('button', { name: /^(members|membres)$/i }).click();
      await expect(page.locator('.panel .section .row').first()).toBeVisible();
    },
  },
  {
    name: 'invited-panel',
    who: 'owner',
    path: '/',
    then: async (page) => {
      await named('choir')(page);
      await page.getByRole('button', { name: /^(members|membres)$/i }).click();
      await page.locator('.panel .items').scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'member-panel',
    who: 'free',
    path: '/',
    then: async (page) => {
      await named('harbour')(page);
      await newest(page).locator('.message-author').or(acts.timeline(page).locator('.message-author')).last().click();
      await expect(page.locator('.panel .profile')).toBeVisible();
    },
  },
  {
    name: 'thread-panel',
    who: 'free',
    path: '/',
    then: async (page) => {
      await named('boatyard')(page);
      await newest(page).click({ button: 'right' });
      await page.getByRole('menuitem', { name: /^(thread|fil)/i }).click();
      await expect(page.locator('.panel .message').first()).toBeVisible();
    },
  },
  {
    name: 'message-menu',
    who: 'free',
    path: '/',
    then: async (page) => {
      await named('harbour')(page);
      await newest(page).click({ button: 'right' });
      await expect(page.getByRole('menu')).toBeVisible();
    },
  },
  {
    name: 'emoji-picker',
    who: 'free',
    path: '/',
    then: async (page) => {
      await named('harbour')(page);
      await page.locator('room-composer [aria-haspopup=dialog]').click();
      await expect(page.locator('.emoji-grid').first()).toBeVisible();
    },
  },
  {
    name: 'find',
    who: 'free',
    path: '/',
    then: async (page) => {
      await rooms(page);
      await page.keyboard.press('Control+k');
      await expect(page.getByRole('option').first()).toBeVisible();
    },
  },
  {
    name: 'browse-rooms',
    who: 'free',
    path: '/',
    then: async (page) => {
      await rooms(page);
      await page.locator('room-list .section-head button').first().click();
      await expect(page.getByRole('dialog').getByRole('listitem').first()).toBeVisible();
    },
  },
  {
    name: 'new-room',
    who: 'owner',
    path: '/',
    then: async (page) => {
      await rooms(page);
      await page.locator('room-list .sidebar-head button').click();
      await expect(page.getByRole('dialog').getByRole('textbox').first()).toBeVisible();
    },
  },
  {
    name: 'offline',
    who: 'free',
    path: '/',
    then: async (page) => {
      await named('market')(page);
      await page.context().setOffline(true);
      await acts.composer(page).fill('Sent from under the bridge.');
      await acts.composer(page).press('Enter');
      await expect(page.getByRole('status').filter({ hasText: /offline|hors ligne/i })).toBeVisible();
    },
  },
  { name: 'settings-profile', who: 'free', path: '/settings' },
  { name: 'settings-look', who: 'free', path: '/settings/look' },
  { name: 'settings-reach', who: 'free', path: '/settings/reach' },
  {
    name: 'settings-reach-open',
    who: 'free',
    path: '/settings/reach',
    then: async (page) => {
      await page.locator('[data-act=call] > summary').click();
      await page.locator('[data-act=call] [value=roles]').check();
      await expect(page.locator('[data-act=call] [data-names=roles]')).toBeVisible();
      await page.locator('[name=quiet]').check();
      await page.evaluate(() => scrollTo(0, 0));
    },
  },
  { name: 'people', who: 'free', path: '/people' },
  { name: 'people-contacts', who: 'owner', path: '/people?list=contacts' },
  { name: 'people-requests', who: 'owner', path: '/people/requests' },
  {
    name: 'person',
    who: 'free',
    path: '/people',
    then: async (page) => {
      await page.locator('.items a').nth(1).click();
      await expect(page.locator('.person-head')).toBeVisible();
    },
  },
  ...peopleScreens,
  {
    name: 'calls',
    who: 'owner',
    path: '/calls',
    then: async (page) => {
      await expect(page.locator('call-board h2').last()).toBeVisible();
    },
  },
  {
    name: 'call-check',
    who: 'owner',
    path: '/calls/check',
    then: async (page) => {
      await page.getByRole('button', { name: /Start the check|Lancer le test/ }).click();
      await expect(page.locator('[data-step=quality]')).toHaveAttribute('data-state', 'works', { timeout: 20_000 });
    },
  },
  {
    name: 'call-locked',
    who: 'free',
    path: '/people',
    then: async (page) => {
      await page.locator('.items a').nth(1).click();
      await page.locator('call-buttons .lock-sign').first().click();
      await expect(page.locator('.dialog .choices')).toBeVisible();
    },
  },
  {
    name: 'call-menu',
    who: 'owner',
    path: '/',
    then: async (page) => {
      await rooms(page);
      await page.locator('room-list section').last().getByRole('link').first().click();
      await page.locator('.header-tools [aria-haspopup=menu]').first().click();
      await expect(page.getByRole('menu')).toBeVisible();
    },
  },
  ...callScreens,
  {
    name: 'person-verified',
    who: 'free',
    path: '/people?q=hanna',
    then: async (page) => {
      await page.locator('.items a').first().click();
      await page.locator('verified-sign:defined button').click();
      await expect(page.locator('.menu-reason')).toBeVisible();
    },
  },
  { name: 'settings-security', who: 'free', path: '/settings/security' },
  { name: 'settings-notices', who: 'free', path: '/settings/notices' },
  { name: 'settings-membership', who: 'owner', path: '/settings/membership' },
  { name: 'settings-membership-none', who: 'free', path: '/settings/membership' },
  { name: 'settings-sessions', who: 'free', path: '/settings/sessions' },
  { name: 'settings-tokens', who: 'free', path: '/settings/tokens' },
  { name: 'forbidden', who: 'free', path: '/admin', status: 403 },
  { name: 'broken', who: 'stranger', path: '/parts/errors/broken', status: 500 },
  { name: 'restarting', who: 'stranger', path: '/parts/errors/restarting', status: 503 },
  { name: 'slow-down', who: 'stranger', path: '/parts/errors/slow_down', status: 429 },
  { name: 'admin-home', who: 'owner', path: '/admin' },
  { name: 'admin-members', who: 'owner', path: '/admin/members' },
  {
    name: 'admin-member',
    who: 'owner',
    path: '/admin/members',
    then: async (page) => {
      await page.locator('.table-person').first().click();
      await expect(page).toHaveURL(/members\/\d+/);
    },
  },
  {
    name: 'admin-members-bulk',
    who: 'owner',
    path: '/admin/members',
    then: async (page) => {
      await page.locator('bulk-members input[data-member]').nth(1).check();
      await page.locator('bulk-members input[data-member]').nth(2).check();
      await page.locator('[data-act=give_role]').click();
      await expect(page.locator('.dialog')).toBeVisible();
    },
  },
  { name: 'admin-invites', who: 'owner', path: '/admin/invites' },
  { name: 'admin-roles', who: 'owner', path: '/admin/roles' },
  { name: 'settings-membership-paying', who: 'paying', path: '/settings/membership' },
  {
    name: 'receipt',
    who: 'paying',
    path: '/settings/membership',
    then: async (page) => {
      await page.locator('a[href^="/receipts/"]').first().click();
      await expect(page.locator('dl.facts')).toBeVisible();
    },
  },
  {
    name: 'pay-test',
    who: 'free',
    path: '/settings/membership',
    then: async (page) => {
      await page.locator('go-there button[type=submit]').first().click();
      await expect(page.locator('.banner[data-tone=warn]')).toBeVisible();
    },
  },
  { name: 'admin-orders', who: 'owner', path: '/admin/orders' },
  {
    name: 'admin-orders-record',
    who: 'owner',
    path: '/admin/orders',
    then: async (page) => {
      await page.locator('details.item-acts summary').first().click();
      await expect(page.locator('details[open] select').first()).toBeVisible();
    },
  },
  { name: 'admin-orders-all', who: 'owner', path: '/admin/orders?show=all' },
  {
    name: 'admin-orders-strange',
    who: 'owner',
    path: '/admin/orders?show=strange',
    then: async (page) => {
      await page.locator('details.item-acts summary').first().click();
      await expect(page.locator('details[open] input').first()).toBeVisible();
    },
  },
  {
    name: 'admin-orders-refund',
    who: 'owner',
    path: '/admin/orders?show=all',
    then: async (page) => {
      await page.locator('details.item-acts summary', { hasText: /Give money back|Rendre/ }).first().click();
      await expect(page.locator('details[open] select').first()).toBeVisible();
    },
  },
  { name: 'admin-subscribers', who: 'owner', path: '/admin/subscribers' },
  { name: 'admin-subscribers-due', who: 'owner', path: '/admin/subscribers?show=past_due' },
  { name: 'admin-subscribers-over', who: 'owner', path: '/admin/subscribers?show=over' },
  { name: 'admin-stripe', who: 'owner', path: '/admin/stripe' },
  { name: 'admin-stripe-connected', who: 'owner', path: '/admin/stripe', then: connectStripe, after: letStripeGo },
  {
    name: 'admin-gifts',
    who: 'owner',
    path: '/admin/gifts',
    then: async (page) => {
      await page.locator('form.form button[type=submit]').first().click();
      await expect(page.locator('input[id^=code-]').first()).toBeVisible();
    },
  },
  {
    name: 'admin-promotions',
    who: 'owner',
    path: '/admin/promotions',
    then: async (page) => {
      await page.locator('#promotion-code').fill(`HARBOUR${Date.now()}`);
      await page.locator('#promotion-percent').fill('25');
      await page.locator('form.form button[type=submit]').first().click();
      await expect(page.locator('.items .badge').first()).toBeVisible();
    },
  },
  {
    name: 'change-plan',
    who: 'paying',
    path: '/settings/membership',
    then: async (page) => {
      await page.locator('change-plan button').first().click();
      await expect(page.locator('.dialog .items li').first()).toBeVisible();
    },
  },
  { name: 'settings-membership-gift', who: 'free', path: '/settings/membership?code=K7QM-4ZTP-9WRX-0H2D' },
  { name: 'admin-plans', who: 'owner', path: '/admin/plans' },
  {
    name: 'admin-plan-open',
    who: 'owner',
    path: '/admin/plans',
    then: async (page) => {
      await page.locator('.fold > summary').first().click();
      await expect(page.locator('.fold[open] .form').first()).toBeVisible();
    },
  },
  { name: 'admin-rooms', who: 'owner', path: '/admin/rooms' },
  { name: 'admin-automod', who: 'owner', path: '/admin/automod?new=words' },
  { name: 'admin-reports', who: 'owner', path: '/admin/reports' },
  {
    name: 'admin-report',
    who: 'owner',
    path: '/admin/reports',
    then: async (page) => {
      await page.locator('.reports .button').first().click();
      await expect(page.locator('case-acts')).toBeVisible();
    },
  },
  { name: 'admin-appeals', who: 'owner', path: '/admin/reports?show=appeals' },
  {
    name: 'appeal',
    who: 'stranger',
    path: '/sign-in',
    then: async (page) => {
      const code = await page.evaluate(async () => {
        const answer = await fetch('/api/v1/appeals', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ username: 'vik', password: 'village-vik' }) });
        return (await answer.json()).code;
      });
      await page.goto(new URL(`/appeal/${code}`, page.url()).href);
      await expect(page.locator('.told-words')).toBeVisible();
    },
  },
  { name: 'admin-calls', who: 'owner', path: '/admin/calls?show=past' },
  { name: 'admin-mail', who: 'owner', path: '/admin/mail' },
  {
    name: 'admin-backups',
    who: 'owner',
    path: '/admin/backups',
    then: async (page) => {
      const newest = page.locator('.items > [id^=backup-]').first();
      if ((await newest.count()) === 0) await page.locator('main button[type=submit][data-kind=primary]').first().click();
      await expect(newest).toHaveAttribute('data-state', 'made');
      await newest.locator('summary').click();
      await expect(newest.locator('.backup-body')).toBeVisible();
    },
  },
  {
    name: 'admin-figures',
    who: 'owner',
    path: '/admin/figures',
    then: async (page) => {
      await page.locator('[data-chart=messages] .numbers > summary').click();
      await expect(page.locator('[data-chart=messages] tbody tr').first()).toBeVisible();
      await page.evaluate(() => scrollTo(0, 0));
    },
  },
  { name: 'admin-settings', who: 'owner', path: '/admin/settings' },
  { name: 'admin-settings-history', who: 'owner', path: '/admin/settings/history' },
  { name: 'admin-jobs', who: 'owner', path: '/admin/jobs' },
  { name: 'admin-logs', who: 'owner', path: '/admin/logs' },
  { name: 'admin-audit', who: 'owner', path: '/admin/audit' },
  { name: 'about', who: 'stranger', path: '/about' },
  { name: 'parts', who: 'owner', path: '/parts' },
  { name: 'wizard-you', who: 'operator' },
  { name: 'wizard-community', who: 'operator', then: step(1) },
  { name: 'wizard-sign-up', who: 'operator', then: step(2) },
  { name: 'wizard-rooms', who: 'operator', then: step(3) },
  {
    name: 'wizard-done',
    who: 'operator',
    then: async (page) => {
      await step(3)(page);
      await page.locator('[data-go]').click();
      await expect(page).toHaveURL(/setup\/done/);
      await expect(page.locator('call-probe [data-calls=reached]')).toBeVisible({ timeout: 20_000 });
    },
  },
];
