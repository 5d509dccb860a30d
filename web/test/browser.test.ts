// The page as people use it: Debian's Chromium, the real program, the built-in model.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { chromium, type Browser, type Page } from 'playwright-core';

const home = mkdtempSync(join(tmpdir(), 'wattline-page-'));
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let server: ChildProcess;
let url = '';
let browser: Browser;

/** Starts the gateway and waits until it says where it listens. */
async function serve(listen: string): Promise<void> {
  server = spawn(process.env.WATTLINE_BIN!, ['serve', '--listen', listen, '--quiet'], {
    env: { PATH: process.env.PATH, HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  url = await new Promise((resolve, reject) => {
    let text = '';
    const look = (piece: Buffer) => {
      text += piece.toString();
      const found = /http:\/\/[^\s]+/.exec(text);
      if (found) resolve(found[0].replace(/[/.,]+$/, ''));
    };
    server.stdout!.on('data', look);
    server.stderr!.on('data', look);
    server.once('exit', (code) => reject(new Error(`the gateway ended with ${code}: ${text}`)));
  });
}

async function end(signal: NodeJS.Signals): Promise<number | null> {
  const ended = new Promise<number | null>((resolve) => server.once('exit', (code) => resolve(code)));
  server.kill(signal);
  return ended;
}

async function open(path = '/', size = { width: 1280, height: 900 }): Promise<Page> {
  const context = await browser.newContext({ viewport: size });
  const page = await context.newPage();
  page.on('pageerror', (e) => assert.fail(`the page threw ${e}`));
  await page.goto(url + path);
  return page;
}

async function askOn(page: Page, question: string): Promise<string> {
  await page.getByLabel('Question').fill(question);
  await page.getByLabel('Question').press('Enter');
  await page.getByTestId('cost').waitFor();
  return (await page.getByTestId('answer').innerText()).trim();
}

before(async () => {
  await serve('127.0.0.1:0');
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM!,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
});

after(async () => {
  await browser?.close();
  if (server && server.exitCode === null) await end('SIGKILL');
  rmSync(home, { recursive: true, force: true });
});

test('a question is answered, with what it cost, and the line is drawn', async () => {
  const page = await open();
  await page.getByText('Ask', { exact: true }).first().waitFor();
  const answer = await askOn(page, 'What is the capital of France?');
  assert.match(answer, /Paris/i);
  const cost = await page.getByTestId('cost').innerText();
  assert.match(cost, /J/);
  assert.match(cost, /CO₂e/);
  assert.match(cost, /L\b/);
  assert.match(cost, /modelled|measured/);
  await page.locator('svg path').first().waitFor();
  for (const node of ['prefill', 'decode']) await page.locator('svg', { hasText: node }).first().waitFor();
  assert.ok((await page.locator('table tbody tr').count()) >= 1);
  await page.context().close();
});

test('an answer of another client appears while the page is open', async () => {
  const page = await open();
  await page.locator('table').waitFor();
  const reply = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'glow-xs', messages: [{ role: 'user', content: 'What is 2 + 3?' }] }),
  });
  const id = reply.headers.get('x-wattline-answer-id');
  assert.ok(id);
  await page.locator(`a[href="#/answers/${id}"]`).first().waitFor({ state: 'attached', timeout: 10_000 });
  await page.goto(`${url}/#/answers/${id}`);
  await page.getByText(id).first().waitFor();
  await page.context().close();
});

test('a capability computes from its form, by keyboard', async () => {
  const page = await open('/#/capabilities/ledger/green-algorithms');
  const runtime = page.locator('[name=runtime]');
  await runtime.fill('12 h');
  await page.locator('[name=cores]').fill('12');
  await page.locator('[name=cores]').press('Enter');
  await page.getByText('kWh').first().waitFor();
  await runtime.fill('a while');
  await page.getByRole('button', { name: 'Compute' }).click();
  await page.getByText('does not begin with a number').waitFor();
  await page.context().close();
});

test('no page has a fault that hinders people', async () => {
  for (const path of ['/', '/#/capabilities', '/#/capabilities/ledger/green-algorithms', '/#/nowhere']) {
    const page = await open(path);
    await page.locator('main h1, main h2').first().waitFor();
    await page.evaluate(axeSource);
    const faults = await page.evaluate(async () => {
      const axe = (window as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }).axe;
      return (await axe.run()).violations.map((v) => `${v.id}: ${v.nodes[0]?.html.slice(0, 120)}`);
    });
    assert.deepEqual(faults, [], path);
    await page.context().close();
  }
});

test('it fits a phone', async () => {
  const page = await open('/', { width: 360, height: 740 });
  await askOn(page, 'What is 4 + 4?');
  const [wide, seen] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(wide! <= seen!, `${wide} px of content in ${seen} px`);
  await page.context().close();
});

test('a lost connection is said, and found again', async () => {
  const page = await open();
  await page.locator('table, .empty').first().waitFor();
  const listen = new URL(url).host;
  assert.equal(await end('SIGTERM'), 0);
  await page.getByRole('button', { name: /again|now|retry/i }).waitFor({ timeout: 20_000 });
  await serve(listen);
  await page.getByRole('button', { name: /again|now|retry/i }).click();
  await page.getByRole('button', { name: /again|now|retry/i }).waitFor({ state: 'hidden', timeout: 20_000 });
  await page.context().close();
});
