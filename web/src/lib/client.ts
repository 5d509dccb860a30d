// The one place that talks to the server: same origin only, JSON both ways, failures in words.
import { Failure, failureFrom, failureOf, isAbort } from './failure.ts';

export type Fetch = (input: string, init?: RequestInit) => Promise<Response>;

export interface Answered {
  status: number;
  json: unknown;
}

export interface RequestOptions {
  method?: string;
  body?: unknown;
  signal?: AbortSignal;
  timeoutMs?: number;
}

export class Client {
  private readonly fetch: Fetch;
  private key = '';

  constructor(fetch: Fetch) {
    this.fetch = fetch;
  }

  /** The key that is needed off loopback; "" for none. */
  setKey(key: string): void {
    this.key = key;
  }

  /** The response of a success, its body still unread. Throws Failure, or AbortError when `signal` fired. */
  async open(path: string, options: RequestOptions = {}): Promise<Response> {
    const headers: Record<string, string> = {};
    if (options.body !== undefined) headers['content-type'] = 'application/json';
    if (this.key) headers.authorization = `Bearer ${this.key}`;
    const init: RequestInit = {
      method: options.method ?? (options.body === undefined ? 'GET' : 'POST'),
      headers,
      cache: 'no-store',
    };
    if (options.body !== undefined) init.body = JSON.stringify(options.body);
    const signals: AbortSignal[] = [];
    if (options.signal) signals.push(options.signal);
    if (options.timeoutMs !== undefined) signals.push(AbortSignal.timeout(options.timeoutMs));
    if (signals.length > 0) init.signal = signals.length > 1 ? anySignal(signals) : signals[0]!;
    let response: Response;
    try {
      response = await this.fetch(path, init);
    } catch (error) {
      throw isAbort(error) ? error : failureOf(error);
    }
    if (!response.ok) {
      const failure = failureFrom(response.status, await response.text().catch(() => ''));
      failure.answerId = response.headers.get('x-wattline-answer-id') ?? '';
      throw failure;
    }
    return response;
  }

  async request(path: string, options: RequestOptions = {}): Promise<Answered> {
    const response = await this.open(path, { timeoutMs: 30_000, ...options });
    try {
      return { status: response.status, json: await response.json() };
    } catch (error) {
      if (isAbort(error)) throw error;
      if (error instanceof SyntaxError) throw new Failure('The server sent something that is not JSON.', response.status);
      throw failureOf(error);
    }
  }

  async get(path: string, signal?: AbortSignal): Promise<unknown> {
    return (await this.request(path, { timeoutMs: 10_000, ...(signal ? { signal } : {}) })).json;
  }
}

/** AbortSignal.any, which Safari 16 and Firefox 115 lack. */
function anySignal(signals: readonly AbortSignal[]): AbortSignal {
  const controller = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) controller.abort(signal.reason);
    else signal.addEventListener('abort', () => controller.abort(signal.reason), { once: true, signal: controller.signal });
  }
  return controller.signal;
}
