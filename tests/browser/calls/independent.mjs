// Clients that share nothing with the browser or the program: they come into a call with Chromium, and each sees and hears the other.
import { spawn } from 'node:child_process';
import { flows } from './lost.mjs';
import { noted } from './watch.mjs';

const SECONDS = 12;
/** Both make more than ten frames a second. */
const FRAMES = 60;
/** A hundredth of full scale is silence. */
const LEVEL = 0.02;

/** Starts a member on another implementation and waits until its media is connected. @param {string[]} line @param {string} token */
const visitor = async (line, token) => {
  const [command = '', ...args] = line;
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let out = '';
  let faults = '';
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.stderr.setEncoding('utf8').on('data', (text) => (faults += text));
  child.stdin.end(`${token}\n`);
  const isIn = new Promise((resolve) => child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text;
    if (out.includes('in\n')) resolve(undefined);
  }));
  await Promise.race([isIn, ended.then((code) => Promise.reject(new Error(`${command} ended with ${code} before it was in: ${faults.slice(-600)}`)))]);
  const figures = ended.then((code) => {
    if (code !== 0) throw new Error(`${command} ended with ${code}: ${faults.slice(-600)}`);
    return JSON.parse(out.trim().split('\n').at(-1) ?? '');
  });
  figures.catch(() => undefined);
  return { child, figures };
};

/**
 * @param {{open: () => Promise<import('./stage.mjs').Stage>, tell: Function, client: string, command: string[]}} proof `command` takes the address, the room and
 *   the seconds, and a token on standard input
 */
export const independent = async ({ open, tell, client, command }) => {
  const stage = await open();
  let child;
  try {
    const bruno = await stage.person('bruno', 210);
    await stage.enter(bruno);
    const { ines } = stage.accounts;
    const visit = await visitor([...command, stage.server.url, stage.room.id, String(SECONDS)], ines.token);
    child = visit.child;
    await flows(bruno, 30_000);
    const came = await visit.figures;
    const { frames, level } = await noted(bruno);
    tell(`${client}: frames from Chromium`, came.pictures, 'frames', { least: FRAMES }, `${came.size ? `${came.size}, ` : ''}connected after ${came.connected_ms} ms`);
    if (came.level === undefined) tell(`${client}: packets of sound from Chromium`, came.sounds, 'packets', { least: FRAMES });
    else tell(`${client}: sound from Chromium, loudest`, came.level, 'of 1', { least: LEVEL }, `${came.sounds} pieces`);
    tell(`Chromium: frames from ${client}`, frames, 'frames', { least: FRAMES }, `drawn in ${SECONDS} s`);
    tell(`Chromium: sound from ${client}, loudest`, Math.round(level * 1_000) / 1_000, 'of 1', { least: LEVEL });
  } finally {
    if (child && child.exitCode === null) child.kill();
    await stage.close();
  }
};
