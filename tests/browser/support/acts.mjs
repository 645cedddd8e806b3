// What people do on Rialto's screens, by the names that a screen reader would say.
import { expect } from '@playwright/test';
import { PASSWORD } from './api.mjs';

/** @typedef {import('@playwright/test').Page} Page */

/** The field in which one writes to the open room. */
export const composer = (page) => page.locator('room-timeline ~ room-composer').getByRole('textbox');

/** The list of messages of the open room. */
export const timeline = (page) => page.getByRole('feed');

/** The message with this text; what it quotes does not count. */
export const message = (page, text) =>
  timeline(page).getByRole('article').filter({ has: page.locator('.message-body', { hasText: text }) });

/** The link of a room in the list of rooms. */
export const roomLink = (page, name) => page.locator('room-list').getByRole('navigation').getByRole('link', { name });

/** Signs in on the page of that name, wherever that leads. */
export const knock = async (page, url, username) => {
  await page.goto(`${url}/sign-in`);
  await page.getByLabel('Username or e-mail').fill(username);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
};

/** The same, and waits for the rooms. */
export const signIn = async (page, url, username) => {
  await knock(page, url, username);
  await expect(roomLink(page, '').first()).toBeVisible();
};

/**
 * Comes in by a one-time address of the demo.
 * @param {Page} page
 * @param {string} address
 */
export const enterDemo = async (page, address) => {
  await page.goto(address);
  await expect(roomLink(page, '').first()).toBeVisible();
};

/** Opens a room by its link and waits until its messages can be read. */
export const openRoom = async (page, name) => {
  await roomLink(page, name).click();
  await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible();
  await expect(timeline(page)).toBeVisible();
};

/** Writes a message and sends it with Enter. */
export const say = async (page, text) => {
  await composer(page).fill(text);
  await composer(page).press('Enter');
  await expect(message(page, text)).toHaveCount(1);
};

/** Presses a button of the toolbar that a message shows under the pointer. */
export const onMessage = async (page, text, button) => {
  const one = message(page, text);
  await one.hover();
  await one.getByRole('toolbar', { name: 'Message' }).getByRole('button', { name: button }).click();
};

/** Answers a message with a quote of it. */
export const reply = async (page, text, answer) => {
  await onMessage(page, text, 'Reply');
  await expect(page.getByRole('textbox', { name: 'Your reply' })).toBeFocused();
  await say(page, answer);
};

/** Puts an emoji of the picker under a message. */
export const react = async (page, text, emoji) => {
  await onMessage(page, text, 'React');
  await page.getByRole('dialog', { name: 'Emoji' }).getByRole('button', { name: emoji, exact: true }).first().click();
};

/** Changes the text of one's own message. */
export const edit = async (page, text, changed) => {
  await onMessage(page, text, 'Edit');
  const field = page.getByRole('textbox', { name: 'Edit your message' });
  await expect(field).toHaveValue(text);
  await field.fill(changed);
  await field.press('Enter');
  await expect(message(page, changed)).toHaveCount(1);
};

/** Deletes one's own message and says yes to the question. */
export const remove = async (page, text) => {
  await onMessage(page, text, 'Delete');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete message' }).click();
  await expect(message(page, text)).toHaveCount(0);
};

/** A two-second promise: what is said here arrives there. */
export const arrives = (page, text) => expect(message(page, text)).toHaveCount(1, { timeout: 2_000 });

/** A room of the village in which people write from right to left. */
export const rightToLeftRoom = 'المقهى';

/**
 * Goes through the set-up wizard into the rooms.
 * @param {Page} page
 * @param {string} address the one-time address that the program printed
 * @param {{community: string, owner: string, name: string}} wanted
 */
export const wizard = async (page, address, { community, owner, name }) => {
  await page.goto(address);
  await page.getByLabel('Your name').fill(name);
  await page.getByLabel('Username').fill(owner);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill(community);
  await page.getByRole('button', { name: 'Next' }).click();
  await expect(page.getByRole('radio', { name: /^With an invite/ })).toBeChecked();
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByRole('button', { name: 'Open the community' }).click();
  // On loopback an invite could not work, so the ways out stand here instead of one.
  await expect(page.getByRole('heading', { name: 'Let others in' })).toBeVisible();
  await page.getByRole('link', { name: 'Go to your rooms' }).click();
  await expect(roomLink(page, '').first()).toBeVisible();
};

/** Makes an invite in the dashboard and answers its address. */
export const invite = async (page, url) => {
  await page.goto(`${url}/admin/invites`);
  await page.getByRole('button', { name: 'Make invite' }).click();
  const address = page.getByRole('textbox', { name: 'Address to send' });
  await expect(address).toBeVisible();
  return address.inputValue();
};

/**
 * Signs up on an invite's page and walks through the first steps into the rooms.
 * @param {Page} page
 * @param {{username: string, name: string, rooms: string[]}} who
 */
export const join = async (page, { username, name, rooms }) => {
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill(name);
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Join' }).click();
  for (const room of rooms) {
    await page.getByRole('button', { name: `Join ${room}` }).click();
    await expect(page.getByRole('listitem').filter({ hasText: room })).toContainText('Joined');
  }
  await page.getByRole('button', { name: 'Start talking' }).click();
  await expect(roomLink(page, '').first()).toBeVisible();
};
