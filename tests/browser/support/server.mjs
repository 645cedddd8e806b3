// Starts the program under test on loopback and stops it by its process id.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** The program: the debug build, or the one that RIALTO_BINARY names. */
export const binary = process.env.RIALTO_BINARY ?? path.join(root, 'target/debug/rialto');

/** A data folder of its own, removed with the server that uses it. */
export const dataFolder = () => mkdtempSync(path.join(tmpdir(), 'rialto-journey.'));

// The environment of the program holds nothing that would point it at somebody's real data.
// Media takes any free port, since other programs of this kind may run beside it.
const environment = () => ({
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => name !== 'DATABASE_URL' && !name.startsWith('RIALTO_')),
  ),
  RIALTO_MEDIA_PORT: '0',
});

/**
 * Runs one command of the program to its end and answers what it printed.
 * @param {string[]} args
 * @param {string} [input] given on standard input
 */
export const rialto = (args, input = '') =>
  execFileSync(binary, args, { input, env: environment(), encoding: 'utf8', timeout: 60_000 });

/** A running program: its address, what it has printed, and how to stop it. */
export class Server {
  /**
   * @param {string[]} args of the program
   * @param {object} [options]
   * @param {string} [options.data] data folder to remove at the end
   * @param {string[]} [options.through] a command that starts the program, e.g. `ip netns exec NAME`
   * @param {Record<string, string>} [options.env]
   */
  constructor(args, { data, through = [], env = {} } = {}) {
    const [command, ...rest] = [...through, binary, ...args];
    this.data = data;
    this.output = '';
    this.child = spawn(command, rest, { env: { ...environment(), ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.ended = new Promise((resolve) => this.child.once('exit', resolve));
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.output += text;
        this.heard?.();
      });
    }
  }

  /**
   * Waits until the program has printed something that matches, and answers the match.
   * @param {RegExp} pattern
   * @param {number} [within] milliseconds
   * @returns {Promise<RegExpMatchArray>}
   */
  printed(pattern, within = 30_000) {
    return new Promise((resolve, reject) => {
      const fail = (why) => reject(new Error(`${why} before printing ${pattern}:\n${this.output}`));
      const late = setTimeout(() => fail('the program waited too long'), within);
      this.heard = () => {
        const found = this.output.match(pattern);
        if (found) {
          clearTimeout(late);
          resolve(found);
        }
      };
      this.ended.then((code) => fail(`the program ended with ${code}`));
      this.heard();
    });
  }

  /** Waits for the line that says that it can serve; answers itself. */
  async ready() {
    const [, address] = await this.printed(/listening on (https?:\/\/\S+)\n/);
    this.url = address.replace(/\/$/, '');
    return this;
  }

  /** The one-time set-up address. */
  async setUpAddress() {
    return (await this.printed(/(https?:\/\/\S+\/setup\/\S+)/))[1];
  }

  /**
   * The one-time address of a person of the demo.
   * @param {'owner' | 'paying' | 'free'} who
   */
  async demoAddress(who) {
    return (await this.printed(new RegExp(`^\\s*${who}\\S*\\s+(https?://\\S+)`, 'm')))[1];
  }

  /** Lines of the log that no run should have. */
  complaints() {
    const plain = stripVTControlCharacters(this.output);
    return plain.split('\n').filter((line) => /panicked at|\bERROR\b|"level":"ERROR"/.test(line));
  }

  /** Asks it to end, and insists after ten seconds. */
  async stop({ keepData = false } = {}) {
    if (this.child.exitCode === null) {
      this.child.kill('SIGTERM');
      const insist = setTimeout(() => this.child.kill('SIGKILL'), 10_000);
      await this.ended;
      clearTimeout(insist);
    }
    if (this.data && !keepData) rmSync(this.data, { recursive: true, force: true });
  }
}

/**
 * Starts `serve` on a free port of loopback with an empty or given data folder.
 * @param {object} [options]
 * @param {string} [options.data]
 * @param {string[]} [options.args] more arguments of `serve`
 */
export const serve = ({ data = dataFolder(), args = [] } = {}) =>
  new Server(['--data', data, 'serve', '--listen', '127.0.0.1:0', ...args], { data }).ready();

/**
 * Starts the demo with its village, as it stands today.
 * @param {Record<string, string>} [env]
 * @param {string[]} [args] more arguments of `demo`
 */
export const demo = (env = {}, args = []) => new Server(['demo', '--listen', '127.0.0.1:0', ...args], { env }).ready();
