// The documented HTTP API, for what a journey needs before it begins.
import { rialto } from './server.mjs';

/** Everybody's password in the journeys. */
export const PASSWORD = 'lagoon-ferry-lantern-42';

/** A member who speaks to the API with a token. */
export class Account {
  /**
   * @param {string} url of the server
   * @param {string} token
   */
  constructor(url, token) {
    this.url = url;
    this.token = token;
  }

  /**
   * One call; answers the JSON, and fails aloud on any refusal.
   * @param {string} method
   * @param {string} path under /api/v1
   * @param {object} [body]
   * @returns {Promise<any>}
   */
  async call(method, path, body) {
    const answer = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: {
        ...(this.token ? { authorization: `Bearer ${this.token}` } : {}),
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  /** The room of this name, which must be among mine. */
  async room(name) {
    const { rooms } = await this.call('GET', '/me/state');
    const found = rooms.find((room) => room.name === name);
    if (!found) throw new Error(`no room ${name} among ${rooms.map((room) => room.name)}`);
    return found;
  }

  /** Joins every room that is open to all. */
  async joinAll() {
    const { id } = await this.call('GET', '/me');
    const { items } = await this.call('GET', '/rooms?browse=true');
    for (const room of items) await this.call('PUT', `/rooms/${room.id}/members/${id}`);
  }

  /** Sends a message and answers its id and seq. */
  say(room, body) {
    return this.call('POST', `/rooms/${room}/messages`, { body, client_key: crypto.randomUUID() });
  }

  /** The newest messages of a room, oldest first. */
  async messages(room) {
    const { items } = await this.call('GET', `/rooms/${room}/messages?limit=100`);
    return items.reverse();
  }
}

/**
 * Names the community and makes its owner, as an operator does on the command line.
 * @param {string} data the data folder
 */
export const setUp = (data, { community = 'Harbour', owner = 'olga' } = {}) =>
  rialto(['--data', data, 'setup', '--community', community, '--owner', owner, '--password-file', '-'], PASSWORD + '\n');

/**
 * @param {string} url
 * @param {string} username
 */
export const signIn = async (url, username) => {
  const { token } = await new Account(url, '').call('POST', '/sign-in', { username, password: PASSWORD });
  return new Account(url, token);
};

/**
 * Makes a member of a community whose sign-up is open.
 * @param {string} url
 * @param {string} username
 * @param {string} [display_name]
 */
export const signUp = async (url, username, display_name = username) => {
  const { token } = await new Account(url, '').call('POST', '/sign-up', { username, password: PASSWORD, display_name });
  return new Account(url, token);
};

/**
 * A community with an owner, open sign-up, and these members, who are in every open room and have been through the welcome.
 * @param {import('./server.mjs').Server} server started on a data folder that `setUp` has prepared
 * @param {string[]} usernames
 * @returns {Promise<Record<string, Account>>}
 */
export const community = async (server, ...usernames) => {
  const owner = await signIn(server.url, 'olga');
  await owner.call('PATCH', '/admin/settings', { sign_up_mode: 'open' });
  const accounts = { olga: owner };
  for (const name of usernames) {
    const account = await signUp(server.url, name, name[0].toUpperCase() + name.slice(1));
    await account.joinAll();
    accounts[name] = account;
  }
  for (const account of Object.values(accounts)) await account.call('PATCH', '/me', { welcomed: true });
  return accounts;
};
