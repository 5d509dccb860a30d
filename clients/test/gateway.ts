// The gateway under test: the real program with a configuration of the test, and its account of what it answered.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What /api/v1/answers/{id} tells; figures have a value, an interval and a method. */
export interface Account {
  id: string;
  model: string;
  upstream: string;
  status: 'ok' | 'error' | 'cancelled';
  http_status: number;
  streamed: boolean;
  tokens_in: number;
  tokens_out: number;
  tokens_estimated: boolean;
  finish_reason: string | null;
  energy: Figure;
  carbon: Figure;
  water: Figure;
}
export interface Figure {
  value: number;
  low: number;
  high: number;
  unit: string;
  method: 'measured' | 'modelled' | 'declared';
}
/** `usage.wattline` of an answer. */
export interface Cost {
  energy: Figure;
  carbon: Figure;
  water: Figure;
  answer_id: string;
}

const program = process.env.WATTLINE_BIN!;
const places: string[] = [];
process.on('exit', () => places.forEach((place) => rmSync(place, { recursive: true, force: true })));

/** A folder that is gone when the tests end. */
export function scratch(): string {
  const place = mkdtempSync(join(tmpdir(), 'wattline-clients-'));
  places.push(place);
  return place;
}

export class Gateway {
  readonly url: string;
  readonly stop: () => Promise<void>;
  key = '';
  constructor(url: string, stop: () => Promise<void>) {
    this.url = url;
    this.stop = stop;
  }
  get v1(): string {
    return `${this.url}/v1`;
  }
  get(path: string): Promise<Response> {
    return fetch(this.url + path, this.key ? { headers: { authorization: `Bearer ${this.key}` } } : {});
  }
  /** The account of one answer, as soon as it is there: a client that leaves does not wait for it. */
  async account(id: string | null | undefined): Promise<Account> {
    assert.ok(id, 'an answer tells its id');
    return this.eventually(async () => {
      const reply = await this.get(`/api/v1/answers/${id}`);
      return reply.ok ? ((await reply.json()) as Account) : undefined;
    }, `the account of ${id}`);
  }
  async latest(): Promise<Account | undefined> {
    const list = (await (await this.get('/api/v1/answers?limit=1')).json()) as { answers: Account[] };
    return list.answers[0];
  }
  /** The newest account that is not `before`. */
  newest(before: Account | undefined): Promise<Account> {
    return this.eventually(async () => {
      const now = await this.latest();
      return now && now.id !== before?.id ? now : undefined;
    }, 'the account of an answer');
  }
  private async eventually<T>(look: () => Promise<T | undefined>, what: string): Promise<T> {
    for (let tries = 0; tries < 1000; ++tries) {
      const found = await look();
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`${what} never came`);
  }
}

/** Models of an upstream whose energy is that of a model that the catalog knows. */
export const served = (ids: string[], more = ''): string =>
  ids.map((id) => `[[upstream.model]]\nid = "${id}"\ncatalog = "llama-3.1-8b"\n${more}\n`).join('');

/** Starts the gateway on a free port and waits until it says where it listens. */
export async function serve(toml: string, environment: Record<string, string> = {}): Promise<Gateway> {
  const home = scratch();
  const config = join(home, 'gateway.toml');
  writeFileSync(config, toml);
  const child = spawn(program, ['serve', '--config', config, '--listen', '127.0.0.1:0'], {
    env: { PATH: process.env.PATH, HOME: home, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const url = await new Promise<string>((resolve, reject) => {
    const look = (piece: Buffer): void => {
      text += piece.toString();
      const found = /http:\/\/[^\s]+/.exec(text);
      if (found) resolve(found[0].replace(/[/.,]+$/, ''));
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`the gateway ended with ${code ?? signal}: ${text}`)));
  });
  return new Gateway(url, async () => {
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    assert.equal(await ended, 0, text);
  });
}

/** What every answer's figures must hold. Of a process's CPU time, which is told in steps of 10 ms, a short answer's may be 0. */
export function assertFigures(of: { energy: Figure; carbon: Figure; water: Figure }, ofSharedTime = false): void {
  for (const [figure, unit] of [[of.energy, 'J'], [of.carbon, 'mgCO2e'], [of.water, 'mL']] as const) {
    assert.equal(figure.unit, unit);
    assert.ok((ofSharedTime ? figure.value >= 0 : figure.value > 0) && figure.low <= figure.value && figure.value <= figure.high, JSON.stringify(figure));
    assert.ok(['measured', 'modelled', 'declared'].includes(figure.method));
  }
}

/** That the account of an answer, as its client saw it, is that of the record. */
export async function assertAccounted(gateway: Gateway, cost: Cost | undefined, expected: Partial<Account>, ofSharedTime = false): Promise<Account> {
  assert.ok(cost, 'usage.wattline is there');
  assertFigures(cost, ofSharedTime);
  const account = await gateway.account(cost.answer_id);
  assertFigures(account, ofSharedTime);
  for (const [name, value] of Object.entries({ status: 'ok', http_status: 200, tokens_estimated: false, ...expected }))
    assert.equal(account[name as keyof Account], value, name);
  for (const figure of ['energy', 'carbon', 'water'] as const) assert.equal(account[figure].value, cost[figure].value, figure);
  return account;
}
