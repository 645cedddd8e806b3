// The test function of every journey: it hands out servers and people, and ends by asking each whether all went well.
import { expect, test as base } from '@playwright/test';
import { Person } from './person.mjs';
import { demo, serve } from './server.mjs';

export { expect };

/**
 * `start` gives a server, `startDemo` the village, `someone` a person at a browser of their own.
 * @type {import('@playwright/test').Fixtures<any, any, any, any>}
 */
const fixtures = {
  running: async ({ browserName }, use) => {
    void browserName;
    const servers = [];
    await use(servers);
    for (const server of servers) await server.stop();
    const complaints = servers.flatMap((server) => server.complaints());
    expect(complaints, 'the log of the program').toEqual([]);
  },
  start: async ({ running }, use) => {
    await use(async (options) => {
      const server = await serve(options);
      running.push(server);
      return server;
    });
  },
  startDemo: async ({ running }, use) => {
    await use(async (env) => {
      const server = await demo(env);
      running.push(server);
      return server;
    });
  },
  someone: async ({ browser, running }, use) => {
    void running; // servers outlive people, so that a closing page still finds its server
    const people = [];
    await use(async (name, options) => {
      const person = await Person.at(browser, name, options);
      people.push(person);
      return person;
    });
    const troubles = people.flatMap((person) => person.troubles());
    const longest = Math.max(0, ...people.map((person) => person.longestTask()));
    console.log(`    longest task ${longest} ms`);
    for (const person of people) await person.context.close();
    expect(troubles, 'what the people met').toEqual([]);
  },
};

/** @type {import('@playwright/test').TestType<any, any>} */
export const test = base.extend(fixtures);
