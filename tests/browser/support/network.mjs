// Two machines on one cable: network namespaces, so that the server is reached from elsewhere and nothing leaves.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const ip = (...args) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });

/** A server's machine and a visitor's, joined by a cable. */
export class TwoMachines {
  /** Throws when this machine allows no network namespaces. */
  constructor() {
    const tag = process.pid;
    this.server = `rialto-s${tag}`;
    this.visitor = `rialto-v${tag}`;
    this.address = '10.203.0.1';
    this.home = mkdtempSync(path.join(tmpdir(), 'rialto-visitor.'));
    this.made = [];
    try {
      for (const name of [this.server, this.visitor]) {
        ip('netns', 'add', name);
        this.made.push(name);
      }
      ip('link', 'add', 'cable', 'netns', this.server, 'type', 'veth', 'peer', 'name', 'cable', 'netns', this.visitor);
      ip('-n', this.server, 'addr', 'add', `${this.address}/24`, 'dev', 'cable');
      ip('-n', this.visitor, 'addr', 'add', '10.203.0.2/24', 'dev', 'cable');
      for (const name of [this.server, this.visitor]) {
        ip('-n', name, 'link', 'set', 'lo', 'up');
        // An IPv6 address that comes by itself comes seconds later, and a browser drops what it is loading when the network changes.
        ip('-n', name, 'link', 'set', 'cable', 'addrgenmode', 'none');
        ip('-n', name, 'link', 'set', 'cable', 'up');
      }
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  /** The command that runs another one on the server's machine. */
  get onServer() {
    return ['ip', 'netns', 'exec', this.server];
  }

  /**
   * An executable that starts a browser on the visitor's machine or on the other one, with a home folder of its own.
   * @param {string} browser path of the browser
   * @param {string} [machine]
   */
  launcher(browser, machine = this.visitor) {
    const script = path.join(this.home, `${machine}.sh`);
    writeFileSync(script, `#!/bin/sh\nexport HOME='${this.home}'\nexec ip netns exec ${machine} ${browser} "$@"\n`);
    chmodSync(script, 0o755);
    return script;
  }

  /** The visitor's network lets no UDP through. */
  withoutUdp() {
    ip('-n', this.visitor, 'rule', 'add', 'ipproto', 'udp', 'prohibit', 'priority', '1');
  }

  /**
   * Makes the visitor's browser trust a certificate authority, as a person does by installing it.
   * @param {string} file of the authority's certificate, PEM
   */
  trust(file) {
    const store = path.join(this.home, '.pki/nssdb');
    mkdirSync(store, { recursive: true });
    const certutil = (...args) => execFileSync('certutil', ['-d', `sql:${store}`, ...args], { stdio: 'pipe' });
    certutil('-N', '--empty-password');
    certutil('-A', '-t', 'C,,', '-n', 'rialto', '-i', file);
  }

  /** Takes both machines and the home folder away; their processes must have ended. */
  remove() {
    for (const name of this.made) ip('netns', 'del', name);
    this.made = [];
    rmSync(this.home, { recursive: true, force: true });
  }
}
