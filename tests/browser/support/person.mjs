// A person at a browser: a context of their own, and a list of everything that went wrong on their screen.

/** Longest task of the main thread that a journey accepts, in milliseconds; the machine may be busy. */
const LONGEST_TASK = Number(process.env.RIALTO_LONGEST_TASK ?? 1_000);
/** Largest cumulative layout shift of a page. */
const LARGEST_SHIFT = 0.02;

/** Runs in the page before its scripts: reports what the browser notices. */
const watch = () => {
  const tell = (kind, detail) => window['__told']?.(kind, detail);
  addEventListener('securitypolicyviolation', (e) =>
    tell('csp', `${e.effectiveDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber} ${e.sample}`),
  );
  const page = String(Math.random());
  // A message that arrives pushes the ones before it up: that is what a conversation does, once it stands there.
  let stands = Infinity;
  const waiting = new MutationObserver(() => {
    if (!document.querySelector('[role=feed] article[data-seq]')) return;
    stands = performance.now() + 1_000;
    waiting.disconnect();
  });
  waiting.observe(document, { childList: true, subtree: true });
  // The browser excuses half a second after an act; what an act loads first may take a little longer on a busy machine.
  let acted = -Infinity;
  for (const kind of ['pointerdown', 'keydown']) addEventListener(kind, () => (acted = performance.now()), { capture: true });
  const isConversation = (source) =>
    Boolean(source.node?.parentElement?.closest('room-timeline')) && source.currentRect.bottom <= source.previousRect.bottom;
  // Whoever comes into a call, or goes, moves the tiles of the others: that is what a call does.
  const isCall = ({ node }) => (node instanceof Element ? node : node.parentElement)?.closest('call-stage, .tiles, .tile, .tile-stage') != null;
  const describe = ({ node, previousRect: from, currentRect: to }) =>
    (node instanceof Element ? `${node.localName}.${node.getAttribute('class')}` : String(node?.nodeName)) + ` ${from.y}…${from.bottom} → ${to.y}…${to.bottom}`;
  new PerformanceObserver((list) => {
    for (const entry of /** @type {any[]} */ (list.getEntries())) {
      // What is gone since cannot be told from the rest of what moved with it.
      const there = entry.sources.filter(({ node }) => node);
      if (entry.hadRecentInput || entry.startTime - acted < 1_500 || (there.length > 0 && there.every((each) => isCall(each) || (entry.startTime > stands && isConversation(each))))) continue;
      tell('shift', { page, at: location.pathname, time: entry.startTime, value: entry.value, by: entry.sources.map(describe) });
    }
  }).observe({ type: 'layout-shift', buffered: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) tell('task', { at: location.pathname, ms: Math.round(entry.duration) });
  }).observe({ type: 'longtask', buffered: true });
};

/** One person: `page` to act with, `troubles()` to ask at the end. */
export class Person {
  /** @type {import('@playwright/test').BrowserContext} */
  context;
  /** @type {import('@playwright/test').Page} */
  page;
  /** @type {string[]} */
  errors = [];
  /** @type {RegExp[]} */
  expected = [];
  /** @type {{page: string, at: string, time: number, value: number, by: string[]}[]} */
  shifts = [];
  /** @type {{at: string, ms: number}[]} */
  tasks = [];
  /** @type {string[]} addresses of everything that was asked for */
  requests = [];

  /** @param {string} name */
  constructor(name) {
    this.name = name;
  }

  /**
   * A context of their own in this browser, with a page.
   * @param {import('@playwright/test').Browser} browser
   * @param {string} name
   * @param {import('@playwright/test').BrowserContextOptions} [options]
   */
  static async at(browser, name, options = {}) {
    const person = new Person(name);
    person.context = await browser.newContext({
      locale: 'en-GB',
      timezoneId: 'Europe/Rome',
      permissions: ['notifications'],
      viewport: { width: 1280, height: 800 },
      ...options,
    });
    await person.context.exposeBinding('__told', (_source, kind, detail) => {
      if (kind === 'csp') person.errors.push(`content security policy: ${detail}`);
      else if (kind === 'shift') person.shifts.push(detail);
      else person.tasks.push(detail);
    });
    await person.context.addInitScript(watch);
    person.page = await person.newPage();
    return person;
  }

  /** Another tab of the same person. */
  async newPage() {
    const page = await this.context.newPage();
    page.on('console', (m) => {
      if (m.type() === 'error') this.errors.push(`console: ${m.text()} (${m.location().url})`);
    });
    page.on('pageerror', (e) => this.errors.push(`page error: ${e.stack ?? e.message}`));
    page.on('request', (r) => this.requests.push(r.url()));
    page.on('requestfailed', (r) => {
      // A navigation or a closed tab aborts what was under way; that is no failure.
      const why = r.failure()?.errorText ?? '';
      if (!/ERR_ABORTED/.test(why)) this.errors.push(`request: ${r.url()} ${why}`);
    });
    page.on('crash', () => this.errors.push('the page crashed'));
    return page;
  }

  /**
   * Says that a trouble is part of the story, such as a failed request while offline.
   * @param {RegExp} pattern
   */
  expects(pattern) {
    this.expected.push(pattern);
  }

  /** Everything that no person should have met. */
  troubles() {
    const found = [...this.errors];
    for (const sum of this.shiftWindows()) {
      if (sum.value > LARGEST_SHIFT) {
        found.push(`layout shift ${sum.value.toFixed(3)} at ${sum.at} by ${[...new Set(sum.by)].slice(0, 5).join(', ')}`);
      }
    }
    for (const task of this.tasks) if (task.ms > LONGEST_TASK) found.push(`long task of ${task.ms} ms at ${task.at}`);
    const unexpected = found.filter((trouble) => !this.expected.some((pattern) => pattern.test(trouble)));
    return unexpected.map((trouble) => `${this.name}: ${trouble}`);
  }

  /** Cumulative layout shift as it is defined: shifts less than a second apart, at most five seconds of them. */
  shiftWindows() {
    const windows = [];
    for (const shift of this.shifts) {
      const last = windows.at(-1);
      if (last?.page === shift.page && shift.time - last.end < 1_000 && shift.time - last.begin < 5_000) {
        last.value += shift.value;
        last.end = shift.time;
        last.by.push(...shift.by);
      } else windows.push({ ...shift, begin: shift.time, end: shift.time, by: [...shift.by] });
    }
    return windows;
  }

  /** The longest task seen, in milliseconds. */
  longestTask() {
    return Math.max(0, ...this.tasks.map((task) => task.ms));
  }
}
