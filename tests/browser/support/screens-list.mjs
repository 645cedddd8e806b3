// Every screen of Rialto: who sees it, where it is, and how it is reached.
import { expect as soon } from '@playwright/test';
import * as acts from './acts.mjs';

// Pictures are not about time: a busy machine may take it.
const expect = soon.configure({ timeout: 15_000 });

/**
 * @typedef {object} Screen
 * @property {string} name also the file's name
 * @property {'stranger' | 'owner' | 'free' | 'operator'} who `operator`: holds the set-up address of a new server
 * @property {string} [path]
 * @property {(page: import('@playwright/test').Page) => Promise<void>} [then] what is done before the picture
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
    name: 'members-panel',
    who: 'free',
    path: '/',
    then: async (page) => {
      await named('harbour')(page);
      await page.getByRole('button', { name: /^(members|membres)$/i }).click();
      await expect(page.locator('.panel')).toBeVisible();
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
  { name: 'settings-notices', who: 'free', path: '/settings/notices' },
  { name: 'settings-look', who: 'free', path: '/settings/look' },
  { name: 'settings-security', who: 'free', path: '/settings/security' },
  { name: 'settings-sessions', who: 'free', path: '/settings/sessions' },
  { name: 'settings-tokens', who: 'free', path: '/settings/tokens' },
  { name: 'forbidden', who: 'free', path: '/admin', status: 403 },
  { name: 'admin-home', who: 'owner', path: '/admin' },
  { name: 'admin-members', who: 'owner', path: '/admin/members' },
  { name: 'admin-invites', who: 'owner', path: '/admin/invites' },
  { name: 'admin-roles', who: 'owner', path: '/admin/roles' },
  { name: 'admin-rooms', who: 'owner', path: '/admin/rooms' },
  { name: 'admin-mail', who: 'owner', path: '/admin/mail' },
  { name: 'admin-settings', who: 'owner', path: '/admin/settings' },
  { name: 'admin-audit', who: 'owner', path: '/admin/audit' },
  { name: 'about', who: 'stranger', path: '/about' },
  { name: 'parts', who: 'owner', path: '/parts' },
  { name: 'wizard', who: 'operator' },
];
