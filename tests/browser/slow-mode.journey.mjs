// A room that is slow: who leads it chooses the pause, the composer counts it down, and what was written stays until it may go.
import { expect, test } from './support/journey.mjs';
import { community, setUp } from './support/api.mjs';
import { dataFolder } from './support/server.mjs';
import * as acts from './support/acts.mjs';

test('a slow room counts down, keeps the draft, and lets it go in time', async ({ start, someone }) => {
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  await community(server, 'bruno');
  const olga = await someone('olga');
  const bruno = await someone('bruno');
  await acts.signIn(olga.page, server.url, 'olga');
  await acts.openRoom(olga.page, 'general');
  // The line under the field appears when somebody else makes the room slow.
  bruno.expects(/^layout shift 0\.0[0-4]\d /);
  // Bruno's clock is an hour slow: that makes nobody wait for longer.
  await bruno.page.addInitScript(() => {
    const now = Date.now;
    Date.now = () => now() - 3_600_000;
  });
  await acts.signIn(bruno.page, server.url, 'bruno');
  await acts.openRoom(bruno.page, 'general');

  await test.step('who leads the room makes it slow, and open tabs say so', async () => {
    await olga.page.getByRole('button', { name: 'More', exact: true }).first().click();
    await olga.page.getByRole('menuitem', { name: 'Change room' }).click();
    const dialog = olga.page.getByRole('dialog', { name: 'Change room' });
    await dialog.getByLabel('Slow mode').selectOption('5');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await expect(dialog).toHaveCount(0);
    await expect(bruno.page.locator('room-composer').getByText('One message in 5 sec')).toBeVisible();
    await expect(olga.page.locator('room-composer').getByText('One message in 5 sec'), 'it is not slow for who leads it').toHaveCount(0);
  });

  await test.step('the next message waits in the field, and is sent when its time has come', async () => {
    await acts.say(bruno.page, 'The first is free.');
    await expect(bruno.page.getByRole('timer')).toContainText('The next one in');
    await acts.composer(bruno.page).fill('The second waits.');
    await acts.composer(bruno.page).press('Enter');
    await expect(acts.composer(bruno.page)).toHaveValue('The second waits.');
    await expect(bruno.page.getByRole('timer')).toHaveCount(0, { timeout: 10_000 });
    await acts.composer(bruno.page).press('Enter');
    await expect(acts.message(bruno.page, 'The second waits.')).toHaveCount(1);
    await expect(acts.message(olga.page, 'The second waits.')).toHaveCount(1);
  });
});
