// The page as people use it: Debian's Chromium, the real program, its built-in model and upstreams
// that answer well, badly, or not at all.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';
import { hostile, longWords, models, startUpstream } from './upstream.ts';

const home = mkdtempSync(join(tmpdir(), 'wattline-page-'));
const config = join(home, 'gateway.toml');
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let gateway: ChildProcess;
let fallen: Promise<never>; // rejects when the gateway ends unasked
let asked = false; // to end
let url = '';
let upstream: Server;
let browser: Browser;

/** Starts the gateway and waits until it says where it listens. */
async function serve(listen: string): Promise<void> {
  asked = false;
  const own = spawn(process.env.WATTLINE_BIN!, ['serve', '--config', config, '--listen', listen], {
    env: { PATH: process.env.PATH, HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  gateway = own;
  let text = '';
  fallen = new Promise((_, reject) => {
    own.once('error', reject);
    own.once('exit', (code, signal) => {
      if (!asked) reject(new Error(`the gateway ended with ${code ?? signal}: ${text}`));
    });
  });
  fallen.catch(() => undefined); // told by the scenario that waits on it
  const listening = new Promise<string>((resolve) => {
    const look = (piece: Buffer) => {
      text += piece.toString();
      const found = /http:\/\/[^\s]+/.exec(text);
      if (found) resolve(found[0].replace(/[/.,]+$/, ''));
    };
    own.stdout!.on('data', look);
    own.stderr!.on('data', look);
  });
  url = await Promise.race([listening, fallen]);
}

async function end(signal: NodeJS.Signals): Promise<number | null> {
  asked = true;
  const ended = new Promise<number | null>((resolve) => gateway.once('exit', (code) => resolve(code)));
  gateway.kill(signal);
  return ended;
}

type Open = (path?: string, options?: BrowserContextOptions) => Promise<Page>;

/** A test with pages of its own; it fails when the gateway falls, a page throws or breaks its own rules. */
function scenario(name: string, act: (open: Open) => Promise<void>): void {
  test(name, { timeout: 90_000 }, async () => {
    const contexts: BrowserContext[] = [];
    const faults: string[] = [];
    const open: Open = async (path = '/', options = {}) => {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
      contexts.push(context);
      context.setDefaultTimeout(20_000);
      const page = await context.newPage();
      page.on('pageerror', (e) => faults.push(`the page threw ${e}`));
      page.on('console', (m) => {
        if (m.type() === 'error' && m.text().includes('Content Security Policy')) faults.push(m.text());
      });
      await page.goto(url + path);
      return page;
    };
    try {
      await Promise.race([act(open), fallen]);
    } finally {
      for (const context of contexts) await context.close();
    }
    assert.deepEqual(faults, []);
  });
}

async function send(page: Page, question: string, model = 'glow-xs'): Promise<void> {
  await page.getByLabel('Model').selectOption(model);
  await page.getByLabel('Question').fill(question);
  await page.getByLabel('Question').press('Enter');
}

async function askOn(page: Page, question: string, model?: string): Promise<string> {
  await send(page, question, model);
  await page.getByTestId('cost').waitFor();
  return (await page.getByTestId('answer').innerText()).trim();
}

/** By another client than the page; returns the answer's id. */
async function askElsewhere(question: string): Promise<string> {
  const reply = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'glow-xs', messages: [{ role: 'user', content: question }] }),
  });
  assert.equal(reply.status, 200);
  await reply.arrayBuffer();
  return reply.headers.get('x-wattline-answer-id') ?? '';
}

before(async () => {
  const started = await startUpstream();
  upstream = started.server;
  const list = (names: string[]) => names.map((name) => `"${name}"`).join(', ');
  writeFileSync(config, [
    '[[upstream]]', 'name = "there"', `url = "http://127.0.0.1:${started.port}/v1"`, `models = [${list(models)}]`,
    // Nothing listens on port 1 of loopback.
    '[[upstream]]', 'name = "gone"', 'url = "http://127.0.0.1:1/v1"', 'models = ["dead"]', '',
  ].join('\n'));
  await serve('127.0.0.1:0');
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM!,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
});

after(async () => {
  await browser?.close();
  if (gateway && gateway.exitCode === null && gateway.signalCode === null) await end('SIGKILL');
  upstream?.closeAllConnections();
  upstream?.close();
  rmSync(home, { recursive: true, force: true });
});

scenario('a question is answered, with what it cost, and the line is drawn', async (open) => {
  const page = await open();
  assert.match(await askOn(page, 'What is the capital of France?'), /Paris/);
  const cost = await page.getByTestId('cost').innerText();
  assert.match(cost, /\d\s[mµn]?J/);
  assert.match(cost, /\d\s[mµn]?g CO₂e/);
  assert.match(cost, /\d\s[mµn]?L\b/);
  assert.match(cost, /modelled|measured/);
  for (const node of ['grid', 'glow-xs', 'prefill', 'decode', 'answered'])
    await page.locator('.sankey text', { hasText: node }).first().waitFor();
  await page.locator('tr.answer').first().waitFor();
  await page.getByRole('button', { name: 'Carbon' }).click();
  await page.locator('.sankey .node-value', { hasText: 'CO₂e' }).first().waitFor();
});

scenario('an answer of another client appears while the page is open', async (open) => {
  const page = await open();
  await page.getByText('live', { exact: true }).waitFor(); // events, not polling
  const id = await askElsewhere('What is 2 + 3?');
  assert.match(id, /^wl-/);
  const row = page.locator('tr.answer.fresh');
  await row.getByRole('button').click();
  await page.locator(`a[href="#/answers/${id}"]`).click();
  await page.getByRole('heading', { name: 'One answer' }).waitFor();
  await page.getByText(id).waitFor();
  await page.locator('.sources li').first().waitFor(); // what the figures rest on lies open there
});

scenario('a capability computes from its form, by keyboard', async (open) => {
  const page = await open('/#/capabilities/ledger/green-algorithms');
  const [runtime, cores] = [page.locator('[name=runtime]'), page.locator('[name=cores]')];
  await runtime.fill('12 h');
  await cores.fill('12');
  assert.equal(await page.locator('.terminal code').innerText(), "wattline ledger green-algorithms --runtime '12 h' --cores 12");
  await cores.press('Enter');
  await page.locator('.result .figure', { hasText: '1.73' }).waitFor(); // 12 h of 12 cores of 12 W, in kWh
  await page.locator('.result svg.chart').first().waitFor();
  await cores.fill('13');
  await page.getByText('The form has changed since.').waitFor();
  await runtime.fill('a while');
  await page.getByRole('button', { name: 'Compute' }).click();
  await page.getByText('does not begin with a number').waitFor();
  assert.equal(await runtime.evaluate((e) => e === document.activeElement), true);
});

scenario('what the program says is wrong stands at its field', async (open) => {
  const page = await open('/#/capabilities/ledger/green-algorithms');
  await page.locator('[name=runtime]').fill('12 h');
  await page.locator('[name=place]').fill('Frnace');
  await page.getByRole('button', { name: 'Compute' }).click();
  await page.locator('.failure', { hasText: 'France' }).waitFor();
});

scenario('a file is compared and a figure drawn', async (open) => {
  const page = await open('/#/capabilities/study/compare');
  const rows = Array.from({ length: 20 }, (_, i) => `${i % 2 ? 'base' : 'new'},${10 + (i % 2) * 5 + (i % 5) / 10}`);
  await page.locator('input[type=file]').setInputFiles({ name: 'runs.csv', mimeType: 'text/csv', buffer: Buffer.from(`group,energy\n${rows.join('\n')}\n`) });
  await page.locator('[name=value]').fill('energy');
  await page.locator('[name=group]').fill('group');
  await page.getByRole('button', { name: 'Compute' }).click();
  await page.locator('.result svg.chart rect.fill').first().waitFor();
  assert.match(await page.locator('.result').innerText(), /higher|lower/);
});

scenario('a job is cancelled', async (open) => {
  const page = await open('/#/capabilities/lm/evaluate');
  await page.locator('[name=questions]').fill('20000');
  await page.getByRole('button', { name: 'Compute' }).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByText('Cancelled.').waitFor();
  await page.getByRole('button', { name: 'Compute' }).waitFor();
});

scenario('a cancelled question is told and accounted', async (open) => {
  const page = await open();
  await send(page, 'Never end.', 'endless');
  await page.getByTestId('answer').filter({ hasText: 'First' }).waitFor();
  await page.getByLabel('Question').press('Escape');
  await page.getByText('What was spent until then is on the account.').waitFor();
  const cancelled = page.locator('tr.answer', { hasText: 'endless' }).locator('.status.cancelled');
  await cancelled.waitFor();
  await send(page, 'Never end either.', 'endless');
  await page.getByTestId('answer').filter({ hasText: 'First' }).waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByText('What was spent until then is on the account.').waitFor();
  await cancelled.nth(1).waitFor();
  assert.match(await askOn(page, 'What is 4 + 4?'), /8/); // and the box works on
});

scenario('a dead upstream is told in words', async (open) => {
  const page = await open();
  await send(page, 'Is anybody there?', 'dead');
  await page.locator('.exchange .failure', { hasText: 'gone' }).waitFor();
  await page.locator('.exchange').getByRole('link', { name: 'Details' }).click();
  await page.locator('.answer-details .failure', { hasText: 'gone' }).waitFor();
});

scenario('a model that is no longer served is told in words', async (open) => {
  const page = await open('/#/nowhere');
  await page.route('**/v1/models', (route) => route.fulfill({ json: { data: [{ id: 'withdrawn' }] } }));
  await page.getByRole('link', { name: 'Go to the line' }).click();
  await send(page, 'Hello', 'withdrawn');
  await page.locator('.exchange .failure', { hasText: 'withdrawn' }).waitFor();
});

scenario('what models and people write is never run', async (open) => {
  const page = await open();
  assert.equal(await askOn(page, hostile, 'hostile'), `First ${hostile}`);
  assert.equal(await page.locator('.asked').evaluate((e) => e.lastChild?.textContent), hostile);
  await send(page, hostile, 'refusing');
  await page.locator('.exchange .failure', { hasText: '<img' }).waitFor();
  await page.locator('tr.answer', { hasText: 'refusing' }).first().getByRole('button').click();
  await page.locator('.answer-details .failure', { hasText: '<img' }).waitFor();
  assert.equal(await page.locator('main img, main script, main b').count(), 0);
  assert.equal(await page.evaluate(() => (window as unknown as { hit?: number }).hit), undefined);
});

scenario('a long answer stays in its box and says that it was cut', async (open) => {
  const page = await open();
  const answer = await askOn(page, 'Go on.', 'long');
  assert.equal(answer.split(' ').length, longWords);
  await page.getByText('Cut off at').waitFor();
  const [shown, whole] = await page.getByTestId('answer').evaluate((e) => [e.clientHeight, e.scrollHeight]);
  assert.ok(shown! < 600 && whole! > shown!, `${whole} px of text in ${shown} px`);
});

/** What axe finds; `rules` for only some of its rules. */
async function faultsOf(page: Page, rules: string[] = []): Promise<string[]> {
  await page.evaluate(axeSource);
  return page.evaluate(async (only) => {
    interface Axe { run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> }
    const { violations } = await (window as unknown as { axe: Axe }).axe.run(only.length > 0 ? { runOnly: only } : {});
    return violations.map((v) => `${v.id}: ${v.nodes[0]?.html.slice(0, 160)}`);
  }, rules);
}

// The two differ in colours alone.
for (const [colorScheme, rules] of [['light', []], ['dark', ['color-contrast']]] as const)
  scenario(`no page has a fault that hinders people, ${colorScheme}`, async (open) => {
    await askElsewhere('What is 1 + 1?');
    const page = await open('/', { colorScheme, reducedMotion: 'reduce' });
    await page.locator('tr.answer').first().getByRole('button').click();
    await askOn(page, 'What is 1 + 2?');
    await page.locator('.how summary').click();
    assert.deepEqual(await faultsOf(page, [...rules]), [], 'the line');
    for (const [path, there] of [['/#/capabilities', '.tile'], ['/#/answers/none', '.failure'], ['/#/nowhere', 'h1']] as const) {
      await page.goto(url + path);
      await page.locator(`main ${there}`).first().waitFor();
      assert.deepEqual(await faultsOf(page, [...rules]), [], path);
    }
    await page.goto(`${url}/#/capabilities/ledger/green-algorithms`);
    await page.locator('[name=runtime]').fill('12 h');
    await page.locator('[name=runtime]').press('Enter');
    await page.locator('.result').waitFor();
    await page.locator('[name=runtime]').fill('13 h');
    assert.deepEqual(await faultsOf(page, [...rules]), [], 'a result');
  });

scenario('the keyboard reaches the content past the navigation', async (open) => {
  const page = await open();
  await page.getByRole('heading', { name: 'Ask' }).waitFor();
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Skip to the content');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'main');
});

scenario('it fits a phone', async (open) => {
  const page = await open('/', { viewport: { width: 360, height: 740 } });
  await askOn(page, 'What is 4 + 4?');
  const sizes = () => page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth] as const);
  for (const path of ['', '#/capabilities', '#/capabilities/ledger/green-algorithms']) {
    await page.goto(`${url}/${path}`);
    await page.locator(path.includes('green') ? 'form' : path ? '.tile' : 'tr.answer').first().waitFor();
    const [wide, seen] = await sizes();
    assert.ok(wide <= seen, `${path}: ${wide} px of content in ${seen} px`);
  }
});

scenario('a lost connection is said, and found again', async (open) => {
  const page = await open();
  await page.getByText('live', { exact: true }).waitFor();
  const listen = new URL(url).host;
  assert.equal(await end('SIGTERM'), 0);
  const again = page.getByRole('button', { name: 'Try now' });
  await again.waitFor();
  assert.match(await page.locator('.notice').innerText(), /Connection lost\..*What you see is from/s);
  await serve(listen);
  await page.getByText('live', { exact: true }).waitFor(); // it tries by itself
  await again.waitFor({ state: 'hidden' });
});
