// What the page knows of the gateway, kept fresh: events when the server sends them, else polling,
// and patient attempts to come back when the connection is lost.
import { mergeAnswers, readAnswer, readAnswers, readLine, readStatus, type Answer, type Line, type Status } from './answer.ts';
import type { Client } from './client.ts';
import { failureOf, isAbort, keyNeeded } from './failure.ts';
import { readEvents } from './sse.ts';

export type Connection = 'connecting' | 'live' | 'polling' | 'lost' | 'locked';

export interface LiveState {
  connection: Connection;
  /** Why the connection is lost; "" when it is not. */
  why: string;
  /** When the next attempt is made, in ms since 1970; 0 when none is planned. */
  retryAt: number;
  /** When the server was last heard, in ms since 1970; 0 for never. */
  heardAt: number;
  answers: Answer[];
  /** Ids that came while the page was open, to be pointed out. */
  fresh: ReadonlySet<string>;
  line: Line | null;
  status: Status | null;
}

export interface LiveTimes {
  pollMs: number; // between polls where the server sends no events
  eventsRetryMs: number; // until events are tried again while polling
  lineMs: number; // at least between two reads of the line
  statusMs: number; // between two looks whether the server still lives
  backoffMs: readonly number[];
}

export const usualTimes: LiveTimes = {
  pollMs: 3000,
  eventsRetryMs: 30_000,
  lineMs: 700,
  statusMs: 10_000,
  backoffMs: [500, 1000, 2000, 4000, 8000, 15_000],
};

export const answersKept = 200;

export class Live {
  state: LiveState = {
    connection: 'connecting', why: '', retryAt: 0, heardAt: 0,
    answers: [], fresh: new Set(), line: null, status: null,
  };
  private readonly client: Client;
  private readonly times: LiveTimes;
  private readonly listeners = new Set<() => void>();
  private attempt = 0;
  private running: AbortController | null = null;
  private lineTimer: ReturnType<typeof setTimeout> | undefined;
  private lineReadAt = 0;
  private firstLoad = true;

  constructor(client: Client, times: LiveTimes = usualTimes) {
    this.client = client;
    this.times = times;
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Begins, or begins again at once: a waiting attempt is not waited for. */
  start(): void {
    this.stop();
    const controller = new AbortController();
    this.running = controller;
    this.attempt = 0;
    void this.run(controller.signal);
  }

  stop(): void {
    this.running?.abort();
    this.running = null;
    clearTimeout(this.lineTimer);
    this.lineTimer = undefined;
  }

  private set(change: Partial<LiveState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener();
  }

  private async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.load(signal);
        if (!(await this.followEvents(signal))) await this.poll(signal);
      } catch (error) {
        if (signal.aborted) return;
        const failure = failureOf(error);
        if (failure.status === keyNeeded) {
          this.set({ connection: 'locked', why: failure.message, retryAt: 0 });
          return;
        }
        const wait = this.times.backoffMs[Math.min(this.attempt, this.times.backoffMs.length - 1)] ?? 1000;
        this.attempt += 1;
        this.set({ connection: 'lost', why: failure.message, retryAt: Date.now() + wait });
        await pause(wait, signal);
      }
    }
  }

  /** Everything there is; what came while the page was away shows as new. */
  private async load(signal: AbortSignal): Promise<void> {
    const [status, line, answers] = await Promise.all([
      this.client.get('/api/v1/status', signal),
      this.client.get('/api/v1/line', signal),
      this.client.get('/api/v1/answers?limit=50', signal),
    ]);
    this.lineReadAt = Date.now();
    this.set({ status: readStatus(status), line: readLine(line), heardAt: Date.now() });
    this.take(readAnswers(answers), !this.firstLoad);
    this.firstLoad = false;
  }

  private take(news: Answer[], pointOut: boolean): void {
    const known = new Set(this.state.answers.map((a) => a.id));
    const answers = mergeAnswers(this.state.answers, news, answersKept);
    const added = news.filter((a) => !known.has(a.id)).map((a) => a.id);
    this.set({
      answers,
      heardAt: Date.now(),
      ...(pointOut && added.length > 0 ? { fresh: new Set(added) } : {}),
    });
  }

  /** Returns false when the server has no events to give; throws when they end. */
  private async followEvents(signal: AbortSignal): Promise<boolean> {
    const own = new AbortController();
    const relay = () => own.abort();
    signal.addEventListener('abort', relay, { once: true });
    let lookTimer: ReturnType<typeof setInterval> | undefined;
    let died: unknown;
    try {
      const response = await this.client.open('/api/v1/events', { signal: own.signal });
      if (!(response.headers.get('content-type') ?? '').includes('text/event-stream') || !response.body) {
        void response.body?.cancel().catch(() => undefined); // nothing of it is used
        return false;
      }
      this.attempt = 0;
      this.set({ connection: 'live', why: '', retryAt: 0, heardAt: Date.now() });
      // A cable that is pulled ends no stream: only asking shows that nobody is there.
      lookTimer = setInterval(() => {
        this.client.get('/api/v1/status', own.signal).then(
          (json) => this.set({ status: readStatus(json), heardAt: Date.now() }),
          (error: unknown) => {
            if (own.signal.aborted) return;
            died = error;
            own.abort();
          },
        );
      }, this.times.statusMs);
      for await (const event of readEvents(response.body)) {
        if (event.event !== 'answer') continue;
        const answer = readAnswer(parsed(event.data));
        if (!answer) continue;
        this.take([answer], true);
        this.wantLine(signal);
      }
      throw new Error('the server closed the connection');
    } catch (error) {
      if (signal.aborted) throw error;
      if (died !== undefined) throw died;
      const { status } = failureOf(error);
      if ([404, 405, 406, 501].includes(status)) return false;
      throw isAbort(error) ? new Error('the connection broke off') : error;
    } finally {
      clearInterval(lookTimer);
      signal.removeEventListener('abort', relay);
      own.abort();
    }
  }

  private async poll(signal: AbortSignal): Promise<void> {
    this.attempt = 0;
    this.set({ connection: 'polling', why: '', retryAt: 0 });
    for (let waited = 0; waited < this.times.eventsRetryMs; waited += this.times.pollMs) {
      await pause(this.times.pollMs, signal);
      await this.load(signal);
    }
  }

  /** Reads the line soon; many answers at once make one read. */
  private wantLine(signal: AbortSignal): void {
    if (this.lineTimer !== undefined) return;
    const wait = Math.max(0, this.lineReadAt + this.times.lineMs - Date.now());
    this.lineTimer = setTimeout(() => {
      this.lineTimer = undefined;
      this.lineReadAt = Date.now();
      this.client.get('/api/v1/line', signal).then(
        (json) => this.set({ line: readLine(json), heardAt: Date.now() }),
        () => undefined, // the look at the status tells of a lost connection
      );
    }, wait);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stopped = () => {
      clearTimeout(timer);
      reject(new DOMException('stopped', 'AbortError'));
    };
    if (signal.aborted) return stopped();
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stopped);
      resolve();
    }, ms);
    signal.addEventListener('abort', stopped, { once: true });
  });
}
