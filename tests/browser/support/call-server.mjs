// A double of the server's side of calls, for tests only: it answers the commands of one tab and says what the test wants said.

const limits = { members: 50, audio_slots: 4, video_slots: 6, most_video_slots: 18, keep_ms: 30_000 };

export class CallServer {
  /** Every command that came, in order. */
  commands = [];
  /** Codes with which commands are refused, by their type. */
  refuses = {};
  #seq = 0;
  #tokens = 0;
  #calls = 99;
  /** @type {any} the desk that hears */
  desk;
  peer;
  call;

  /** @param {any} SecondPeer the class of the double's peer connection @param {any} Refused */
  constructor(me, SecondPeer, Refused) {
    this.me = me;
    this.SecondPeer = SecondPeer;
    this.Refused = Refused;
  }

  person = (member, more = {}) => ({ member, number: Number(member), role: 'speaker', hand: false, link: 'live', sources: { mic: 'live' }, joined_at: Number(member), ...more });

  callOf = (more = {}) => ({ id: String(++this.#calls), kind: 'direct', room: null, video: true, pictures: true, starter: this.me, started_at: Date.now(), answered_at: null, state: 'ringing', expires_at: Date.now() + 45_000, ends_at: null, locked: false, rung: ['7'], members: [this.me], cause: null, ...more });

  tell = (command) => void this.commands.push(command);

  request = async (command) => {
    this.commands.push(command);
    const code = this.refuses[command.type];
    if (code) throw new this.Refused(code);
    if (command.type === 'call.start') {
      this.call = this.callOf(command.room ? { kind: 'room', room: command.room, state: 'active', expires_at: null, rung: [] } : {});
      return { id: this.call.id };
    }
    if (command.type === 'call.accept') this.call = { ...this.call, state: 'connecting', expires_at: null };
    if (command.type === 'call.join') queueMicrotask(() => this.joined(command));
    if (command.type === 'pc.offer') {
      if (!this.peer || command.gen === 1) this.peer = new this.SecondPeer((answer) => this.say({ type: 'pc.answer', call: this.call.id, ...answer }));
      void this.peer.offer(command);
    }
    return {};
  };

  /** @param {any} notice @param {boolean} [counts] one of those that are counted */
  say(notice, counts = false) {
    this.desk.hear(counts ? { ...notice, seq: ++this.#seq } : notice);
  }

  greet(calls = []) {
    this.desk.greeted({ connection: 'here', calls });
  }

  ring(from, more = {}) {
    this.call = this.callOf({ starter: from, rung: [this.me], members: [from], ...more });
    this.say({ type: 'call.ring', call: this.call, waiting: false });
  }

  joined({ resume }, people = [this.person(this.me), this.person('7')]) {
    if (!resume) this.#seq = 0;
    this.say({ type: 'call.joined', call: this.call, number: 1, role: 'speaker', hand: false, held: [], resume: `token ${++this.#tokens}`, resumed: Boolean(resume), limits, members: people }, true);
  }

  /** The other side answers. */
  answer() {
    this.call = { ...this.call, state: 'active', answered_at: Date.now(), expires_at: null, members: [this.me, '7'] };
    this.say({ type: 'call.state', call: this.call, part: 'in', connection: 'here' });
  }

  /** Their picture and their voice come. */
  async send(member = '7') {
    const { video, audio } = await this.peer.fill();
    const slots = [{ slot: video, member, source: 'cam', state: 'live' }, { slot: audio, member, source: 'mic', state: 'live' }];
    this.say({ type: 'call.members', call: this.call.id, full: false, members: [this.person(member, { sources: { mic: 'live', cam: 'live' } })], left: {} }, true);
    this.say({ type: 'call.slots', call: this.call.id, rev: this.#seq, full: false, slots }, true);
    return { video, audio };
  }

  members(members, left = {}) {
    this.say({ type: 'call.members', call: this.call.id, full: false, members, left }, true);
  }

  last = (type) => this.commands.findLast((command) => command.type === type);
}
