// curl, as a person at a terminal uses it.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import test, { after, before } from 'node:test';
import { assertAccounted, serve, served, type Gateway } from './gateway.ts';
import { models, sentence, startOpenAiUpstream } from './openai_upstream.ts';
import type { Upstream } from './upstream.ts';

let upstream: Upstream;
let gateway: Gateway;
const key = 'a-key-of-the-clients';

before(async () => {
  upstream = await startOpenAiUpstream();
  gateway = await serve(`
    [server]
    api_key_env = "GATEWAY_KEY"
    [[upstream]]
    name = "there"
    url = "${upstream.url}/v1"
    device = "NVIDIA H100 SXM"
    ${served(models)}
  `, { GATEWAY_KEY: key });
  gateway.key = key;
});
after(async () => {
  await gateway?.stop();
  await upstream?.stop();
});

/** Runs without blocking, since the upstream lives in this process. */
function curl(path: string, ...words: string[]): Promise<{ out: string; code: number | null }> {
  const child = spawn('curl', ['-sS', '--max-time', '60', ...words, gateway.url + path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (piece: Buffer) => (out += piece.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ out, code }));
  });
}
const withKey = ['-H', `Authorization: Bearer ${key}`];
const ask = (model: string, more: object = {}): string[] => [...withKey, '--json', JSON.stringify({ model, messages: [{ role: 'user', content: 'What is 17 + 25?' }], ...more })];

const has = spawnSync('curl', ['--version']).status === 0;
const when = { skip: has ? false : 'curl is not installed' };

test('an answer and its account in the headers', when, async () => {
  const { out } = await curl('/v1/chat/completions', '-i', ...ask('words'));
  const [head, body] = out.split('\r\n\r\n') as [string, string];
  assert.match(head, /^HTTP\/1.1 200/);
  const answer = JSON.parse(body);
  assert.equal(answer.choices[0].message.content, sentence.join(''));
  await assertAccounted(gateway, answer.usage.wattline, { model: 'words' });
  assert.ok(head.toLowerCase().includes(`x-wattline-answer-id: ${answer.usage.wattline.answer_id}`));
});

test('a stream, event by event', when, async () => {
  const { out } = await curl('/v1/chat/completions', '-N', ...ask('words', { stream: true, stream_options: { include_usage: true } }));
  assert.ok(out.endsWith('data: [DONE]\n\n'));
  const events = out.split('\n\n').filter(Boolean).slice(0, -1).map((e) => JSON.parse(e.slice('data: '.length)));
  assert.equal(events.map((e) => e.choices[0]?.delta.content ?? '').join(''), sentence.join(''));
  await assertAccounted(gateway, events.at(-1).usage.wattline, { model: 'words', streamed: true });
});

test('without the key nothing is told', when, async () => {
  const { out } = await curl('/v1/chat/completions', '-i', '--json', '{"model":"words","messages":[{"role":"user","content":"x"}]}');
  assert.match(out, /^HTTP\/1.1 401/);
  assert.match(out, /www-authenticate: Bearer/i);
  const wrong = await curl('/v1/models', '-o', '/dev/null', '-w', '%{http_code}', '-H', `Authorization: Bearer ${key}x`);
  assert.equal(wrong.out, '401');
  assert.equal((await curl('/healthz')).out, 'ok\n');
});

test('a big body that waits to be asked for (100-continue), and one in chunks', when, async () => {
  const { out } = await curl('/v1/chat/completions', '-H', 'Expect: 100-continue', ...ask('words', { metadata: { text: 'x'.repeat(100_000) } }));
  assert.equal(JSON.parse(out).choices[0].message.content, sentence.join(''));
  assert.equal(upstream.last.body.metadata.text.length, 100_000);
  const chunked = await curl('/v1/chat/completions', '-H', 'Transfer-Encoding: chunked', ...ask('words'));
  assert.equal(JSON.parse(chunked.out).choices[0].message.content, sentence.join(''));
});

test('HTTP/1.0, a request for compression, HEAD, a path that is not there', when, async () => {
  const { out } = await curl('/v1/chat/completions', '--http1.0', '-N', ...ask('glow-xs', { stream: true }));
  assert.match(out, /data: \[DONE\]\n\n$/);
  assert.equal(JSON.parse((await curl('/v1/chat/completions', '--compressed', ...ask('glow-xs'))).out).choices[0].message.content, '42');
  assert.match((await curl('/v1/models', '-I', ...withKey)).out, /^HTTP\/1.1 200/);
  assert.equal((await curl('/v1/nothing', '-o', '/dev/null', '-w', '%{http_code}', ...withKey)).out, '404');
});

test('curl --fail ends with an error when the upstream does', when, async () => {
  assert.equal((await curl('/v1/chat/completions', '--fail', '--no-show-error', ...ask('failing'))).code, 22);
});

test('Ctrl-C leaves the upstream', when, async () => {
  const before = await gateway.latest();
  const child = spawn('curl', ['-sSN', ...ask('endless', { stream: true }), `${gateway.url}/v1/chat/completions`], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  child.kill('SIGINT');
  assert.equal(await upstream.last.end, 'abandoned');
  assert.equal((await gateway.newest(before)).status, 'cancelled');
});
