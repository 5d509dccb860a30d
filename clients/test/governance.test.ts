// Tenants with their keys, rates and budgets, as real clients meet them.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test, { after, before } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, generateText } from 'ai';
import OpenAI from 'openai';
import { serve, served, type Gateway } from './gateway.ts';
import { models, sentence, startOpenAiUpstream } from './openai_upstream.ts';
import type { Upstream } from './upstream.ts';

let upstream: Upstream;
let gateway: Gateway;
const question = [{ role: 'user' as const, content: 'Hello?' }];
const keyOf = (tenant: string): string => `wl_${createHash('sha256').update(`the key of ${tenant}`).digest('base64url')}`;
const tenant = (name: string, members: string): string =>
  `[[tenant]]\nname = "${name}"\n${members}\n[[key]]\nid = "${name}-key"\ntenant = "${name}"\nsha256 = "${createHash('sha256').update(keyOf(name)).digest('hex')}"\n`;
const openai = (name: string, maxRetries = 0): OpenAI => new OpenAI({ baseURL: gateway.v1, apiKey: keyOf(name), maxRetries });
const ask = (name: string, model = 'words') => openai(name).chat.completions.create({ model, messages: question });

before(async () => {
  upstream = await startOpenAiUpstream();
  gateway = await serve([
    `[[upstream]]\nname = "there"\nurl = "${upstream.url}/v1"\ndevice = "NVIDIA H100 SXM"\n${served(models)}`,
    tenant('narrow', 'models = ["words", "glow-*"]'),
    tenant('slow', 'requests_per_minute = 2'),
    tenant('poor', '[[tenant.budget]]\nenergy = "1 J"\nper = "month"'),
    tenant('warned', '[[tenant.budget]]\nenergy = "10 kJ"\nper = "day"\nsoft = 0.0001'),
    tenant('single', 'concurrent = 1'),
    tenant('all', 'sees = "all"'),
  ].join('\n'));
  gateway.key = keyOf('all');
});
after(async () => {
  await gateway?.stop();
  await upstream?.stop();
});

test('a tenant sees and uses the models that it may', async () => {
  const ids: string[] = [];
  for await (const model of openai('narrow').models.list()) ids.push(model.id);
  assert.deepEqual(ids.sort(), ['glow-m', 'glow-s', 'glow-xs', 'words']);
  assert.equal((await ask('narrow')).choices[0]!.message.content, sentence.join(''));
  await assert.rejects(ask('narrow', 'tools'), (e) => e instanceof OpenAI.NotFoundError && e.code === 'model_not_found');
  const claude = new Anthropic({ baseURL: gateway.url, apiKey: keyOf('narrow'), maxRetries: 0 });
  await assert.rejects(claude.messages.create({ model: 'tools', max_tokens: 9, messages: question }), Anthropic.NotFoundError);
});

test('a rate: what is left is told, then 429 that every client knows, and the upstream is not asked', async () => {
  const first = await openai('slow').chat.completions.create({ model: 'words', messages: question }).withResponse();
  assert.equal(first.response.headers.get('x-ratelimit-limit-requests'), '2');
  assert.equal(first.response.headers.get('x-ratelimit-remaining-requests'), '1');
  await ask('slow');
  const asked = upstream.seen.length;
  await assert.rejects(ask('slow'), (e) => e instanceof OpenAI.RateLimitError && e.code === 'rate_limit_exceeded' && Number(e.headers?.get('retry-after')) > 0 && e.headers?.get('x-ratelimit-remaining-requests') === '0');
  const claude = new Anthropic({ baseURL: gateway.url, apiKey: keyOf('slow'), maxRetries: 0 });
  await assert.rejects(claude.messages.create({ model: 'words', max_tokens: 9, messages: question }), (e) => e instanceof Anthropic.RateLimitError && (e.error as { error?: { type?: string } }).error?.type === 'rate_limit_error');
  const vercel = createOpenAICompatible({ name: 'w', baseURL: gateway.v1, apiKey: keyOf('slow') });
  await assert.rejects(generateText({ model: vercel('words'), prompt: 'x', maxRetries: 0 }), (e) => APICallError.isInstance(e) && e.statusCode === 429 && e.isRetryable);
  assert.equal(upstream.seen.length, asked);
});

test('a budget in joules that is used up: clients do not try again', async () => {
  await ask('poor').catch(() => undefined); // an answer costs more than the budget: at most this one is let in
  const asked = upstream.seen.length;
  await assert.rejects(openai('poor', 5).chat.completions.create({ model: 'words', messages: question }),
    (e) => e instanceof OpenAI.RateLimitError && e.code === 'insufficient_quota' && /energy budget .* used up/.test(e.message) && e.headers?.get('x-should-retry') === 'false');
  assert.equal(upstream.seen.length, asked);
});

test('a soft limit warns and answers', async () => {
  await ask('warned');
  const { response, data } = await openai('warned').chat.completions.create({ model: 'words', messages: question }).withResponse();
  assert.equal(data.choices[0]!.message.content, sentence.join(''));
  assert.match(response.headers.get('x-wattline-budget') ?? '', /^energy;per=day;used=[\d.]+;limit=1e\+04;unit=J/);
});

test('one at a time: the others wait, whatever API they speak', async () => {
  const claude = new Anthropic({ baseURL: gateway.url, apiKey: keyOf('single') });
  const all = await Promise.all([
    ask('single'), ask('single'), claude.messages.create({ model: 'words', max_tokens: 9, messages: question }),
    openai('single').responses.create({ model: 'words', input: 'Hello?' }).then((r) => r.output_text), ask('single', 'glow-xs'),
  ]);
  assert.equal(all.length, 5);
  const stream = await openai('single').chat.completions.create({ model: 'endless', messages: question, stream: true });
  const waiting = ask('single');
  for await (const _ of stream) break; // leaves, and with it its place
  assert.equal((await waiting).choices[0]!.message.content, sentence.join(''));
});

test('an answer belongs to whose key it was', async () => {
  const data = await ask('narrow');
  const id = (data.usage as unknown as { wattline: { answer_id: string } }).wattline.answer_id;
  assert.equal((await gateway.account(id)).id, id, 'who sees all sees it');
  for (const [name, status] of [['narrow', 200], ['warned', 404]] as const) {
    const reply = await fetch(`${gateway.url}/api/v1/answers/${id}`, { headers: { authorization: `Bearer ${keyOf(name)}` } });
    assert.equal(reply.status, status, name);
  }
});
