// A clock that moves when told, and a socket whose other end is the test.

/** Timers run in the order of their time, when `pass` reaches them. */
export class Clock {
  at = 1_000_000;
  #timers = new Map();
  #ids = 0;

  now = () => this.at;

  after = (run, ms) => {
    const id = ++this.#ids;
    this.#timers.set(id, { run, at: this.at + ms });
    return id;
  };

  cancel = (id) => {
    this.#timers.delete(id);
  };

  /** Lets `ms` go by, running what falls due. */
  pass(ms) {
    const end = this.at + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, timer]) => timer.at <= end).sort((a, b) => a[1].at - b[1].at)[0];
      if (!due) break;
      this.#timers.delete(due[0]);
      this.at = due[1].at;
      due[1].run();
    }
    this.at = end;
  }

  get pending() {
    return [...this.#timers.values()].map((timer) => timer.at - this.at).sort((a, b) => a - b);
  }
}

/** The server's end of a connection: what came, and a mouth. */
export class FakeSocket {
  sent = [];
  closed = false;
  /** Set by the client. */
  onmessage = (_message) => undefined;
  onclose = (_end) => undefined;

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.closed = true;
  }

  say(frame) {
    this.onmessage({ data: JSON.stringify(frame) });
  }

  end(code) {
    this.onclose({ code });
  }

  /** The last frame of a type that the client sent. */
  last(type) {
    return this.sent.findLast((frame) => frame.type === type);
  }
}

/** Lets every promise that is ready go on. */
export const settle = () => new Promise((resolve) => setImmediate(resolve));
