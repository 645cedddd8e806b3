// What people do on Rialto's screens, by the names that a screen reader would say.
import { expect } from '@playwright/test';
import { PASSWORD } from './api.mjs';

/** @typedef {import('@playwright/test').Page} Page */

/** The field in which one writes to the open room. */
export const composer = (page) => page.locator('room-composer').getByRole('textbox');

/** The list of messages of the open room. */
export const timeline = (page) => page.getByRole('feed');

/** The message with this text. */
export const message = (page, text) => timeline(page).getByRole('article').filter({ hasText: text });

/** The link of a room in the list of rooms. */
export const roomLink = (page, name) => page.locator('room-list').getByRole('link', { name });

/** Signs in on the page of that name and waits for the rooms. */
export const signIn = async (page, url, username) => {
  await page.goto(`${url}/sign-in`);
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.locator('room-list')).toBeVisible();
};

/** Opens a room by its link and waits until one can write in it. */
export const openRoom = async (page, name) => {
  await roomLink(page, name).click();
  await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible();
  await expect(composer(page)).toBeVisible();
};

/** Writes a message and sends it with Enter. */
export const say = async (page, text) => {
  await composer(page).fill(text);
  await composer(page).press('Enter');
  await expect(message(page, text)).toHaveCount(1);
};

/** Presses a button of a message's toolbar. */
export const onMessage = async (page, text, button) => {
  const one = message(page, text);
  await one.hover();
  await one.getByRole('button', { name: button }).click();
};

/** Answers a message with a quote of it. */
export const reply = async (page, text, answer) => {
  await onMessage(page, text, 'Reply');
  await say(page, answer);
};

/** Puts the first offered emoji of that name under a message. */
export const react = async (page, text, emoji) => {
  await onMessage(page, text, /react/i);
  await page.getByRole('button', { name: emoji, exact: true }).first().click();
};

/** Changes the text of one's own message. */
export const edit = async (page, text, changed) => {
  await onMessage(page, text, 'Edit');
  const field = page.getByRole('textbox', { name: /edit/i });
  await field.fill(changed);
  await field.press('Enter');
  await expect(message(page, changed)).toHaveCount(1);
};

/** Deletes one's own message and says yes to the question. */
export const remove = async (page, text) => {
  await onMessage(page, text, 'Delete');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(message(page, text)).toHaveCount(0);
};

/** A two-second promise: what is said here arrives there. */
export const arrives = (page, text) => expect(message(page, text)).toHaveCount(1, { timeout: 2_000 });

/** A room of the village in which people write from right to left. */
export const rightToLeftRoom = 'المقهى';

/**
 * Goes through the set-up wizard and answers the invite's address.
 * @param {Page} page
 * @param {string} address the one-time address that the program printed
 * @param {{community: string, owner: string, name: string}} wanted
 */
export const wizard = async (page, address, { community, owner, name }) => {
  await page.goto(address);
  await page.getByLabel('Username').fill(owner);
  await page.getByLabel(/your name|display name/i).fill(name);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: /continue|next/i }).click();
  await page.getByLabel(/community/i).first().fill(community);
  await page.getByRole('button', { name: /continue|next|finish/i }).click();
  const invite = page.getByRole('textbox', { name: /invite/i });
  await expect(invite).toBeVisible();
  const link = await invite.inputValue();
  await page.getByRole('link', { name: /open|go to/i }).click();
  await expect(page.locator('room-list')).toBeVisible();
  return link;
};

/**
 * Signs up on an invite's page and walks through the first steps into the rooms.
 * @param {Page} page
 * @param {{username: string, name: string, password: string}} who
 */
export const join = async (page, { username, name, password }) => {
  await page.getByLabel('Username').fill(username);
  await page.getByLabel(/name/i).nth(1).fill(name);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: /join|create/i }).click();
  await expect(page.locator('room-list')).toBeVisible();
};
