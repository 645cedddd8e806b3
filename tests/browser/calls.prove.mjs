// The proofs of calls, one table: what needs no browser is done by the program that RIALTO_PROVE_CALLS names, the rest here.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { independent } from './calls/independent.mjs';
import { join } from './calls/join.mjs';
import { kill, socket } from './calls/lost.mjs';
import { mutants } from './calls/mutants.mjs';
import { Stage } from './calls/stage.mjs';
import { binary } from './support/server.mjs';

const target = process.env.CARGO_TARGET_DIR ?? 'target';
const load = process.env.RIALTO_PROVE_CALLS ?? '';
const aiortc = [path.join(target, 'prove/aiortc/bin/python'), 'tests/prove/calls/member.py'];

/** Every proof: what it shows, and how it is done. @type {Record<string, {shows: string, run: (proof: any) => Promise<void>}>} */
const PROOFS = {
  janus: { shows: 'CPU for one forwarded packet beside Janus, 50 subscribers, the same clients; --count rounds', run: (proof) => loaded('janus', proof) },
  memory: { shows: 'an audio room of 270: memory of a participant, and back to the base when all have left; --minutes', run: (proof) => loaded('memory', proof) },
  churn: { shows: '20 come and 20 go each second in rooms of fifty: time to sound and picture, nothing left behind; --minutes', run: (proof) => loaded('churn', proof) },
  starved: { shows: "the media thread's core is taken from it: newcomers are refused first, then pictures become small, voices go on", run: (proof) => loaded('starved', proof) },
  join: { shows: 'two Chromium processes: from the press of the button to the first sound and picture; --count joins', run: join },
  aiortc: { shows: 'aiortc and Chromium in a call, both directions', run: (proof) => independent({ ...proof, client: 'aiortc', command: aiortc }) },
  webrtc: { shows: "the webrtc crate's peer connection and Chromium in a call, both directions", run: (proof) => independent({ ...proof, client: 'webrtc', command: [load, 'peer'] }) },
  kill: { shows: 'kill -9 of the program in a call of two: both back, no device asked for again; --count times', run: kill },
  socket: { shows: 'the socket lost for 20 s in a call: media and call go on; --count times', run: socket },
  mutants: { shows: 'faults seeded into the rewriting of media are noticed by the tests named for them', run: mutants },
};

const rows = [];
const tell = (test, figure, unit, { most = Infinity, least = -Infinity }, note = '') =>
  add({ test, figure, unit, bar: most < Infinity ? `≤ ${most}` : `≥ ${least}`, verdict: figure <= most && figure >= least ? 'kept' : 'missed', note });
const add = (row) => {
  rows.push(row);
  const { test, figure, unit, bar, verdict, note } = row;
  console.log(`${test} | ${figure} ${unit} | bar ${bar} | ${verdict}${note && ` | ${note}`}`);
};

/** Runs a proof of the other program, and takes over its figures. */
const loaded = async (name, { count, minutes }) => {
  const more = [count === undefined ? [] : ['--count', String(count)], minutes === undefined ? [] : ['--minutes', String(minutes)]].flat();
  const child = spawn(load, [name, '--program', binary, ...more], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve, reject) => child.once('exit', resolve).once('error', reject));
  for await (const line of createInterface(child.stdout)) add(JSON.parse(line));
  if ((await ended) !== 0) throw new Error(`${name} did not run to its end`);
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { count: { type: 'string' }, minutes: { type: 'string' }, help: { type: 'boolean' } },
});
if (values.help) {
  for (const [name, { shows }] of Object.entries(PROOFS)) console.log(`  ${name.padEnd(8)} ${shows}`);
  process.exit(0);
}
const unknown = positionals.filter((name) => !(name in PROOFS));
if (unknown.length) {
  console.error(`There is no proof ${unknown.join(', ')}; bin/prove calls --help lists them.`);
  process.exit(2);
}
const number = (text) => (text === undefined ? undefined : Number(text));
for (const [name, { run }] of Object.entries(PROOFS)) {
  if (positionals.length && !positionals.includes(name)) continue;
  console.error(`… ${name}`);
  try {
    await run({ open: Stage.open, tell, count: number(values.count), minutes: number(values.minutes) });
  } catch (error) {
    console.error(error);
    add({ test: `${name} ran to its end`, figure: 'no', unit: '', bar: 'so', verdict: 'missed', note: String(error.message).split('\n')[0] });
  }
}
const width = Math.max(...rows.map(({ test }) => test.length));
const shown = (row) => `${row.test.padEnd(width)}  ${`${row.figure} ${row.unit}`.padStart(18)}  ${row.bar.padStart(8)}  ${row.verdict}`;
console.log(`\n${rows.map(shown).join('\n')}`);
const missed = rows.filter(({ verdict }) => verdict === 'missed').length;
console.log(`${rows.length - missed} of ${rows.length} figures keep to their bars`);
mkdirSync('target/prove', { recursive: true });
writeFileSync('target/prove/calls.json', `${JSON.stringify({ rows }, null, 2)}\n`);
process.exitCode = missed ? 1 : 0;
