// The same model in several upstreams: real clients notice nothing when one of them fails before the first word, and
// are told when it fails after.
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import test, { after, before } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { serve, served, type Gateway } from './gateway.ts';
import { sendEvents, sendJson, Upstream, type Seen } from './upstream.ts';

type Mood = 'well' | 'failing' | 'silent-death' | 'half' | 'busy';
const moods: Record<string, Mood> = { left: 'well', right: 'well' };
const upstreams: Record<string, Upstream> = {};
let gateway: Gateway;
let client: OpenAI;
const question = [{ role: 'user' as const, content: 'Who are you?' }];

function script(name: string): (request: Seen, reply: ServerResponse) => void {
  return (request, reply) => {
    if (request.path === '/health') return sendJson(reply, {});
    const mood = moods[name], base = { id: 'x', created: 1, model: 'shared' }, usage = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 };
    if (mood === 'failing') return sendJson(reply, { error: { message: 'out of memory', type: 'server_error' } }, 503);
    if (mood === 'busy') return sendJson(reply, { error: { message: 'slow down', type: 'rate_limit_error' } }, 429, { 'retry-after': '30' });
    if (mood === 'silent-death') return void reply.destroy();
    const piece = (delta: object, finish_reason: string | null = null): object => ({ ...base, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] });
    if (mood === 'half') {
      sendEvents(reply, [piece({ role: 'assistant', content: 'I am' })], false);
      return void setImmediate(() => reply.destroy());
    }
    if (!request.body.stream) return sendJson(reply, { ...base, object: 'chat.completion', choices: [{ index: 0, message: { role: 'assistant', content: name }, finish_reason: 'stop' }], usage });
    sendEvents(reply, [piece({ role: 'assistant', content: name }), piece({}, 'stop'), { ...base, object: 'chat.completion.chunk', choices: [], usage }, '[DONE]']);
  };
}

before(async () => {
  for (const name of ['left', 'right']) upstreams[name] = await new Upstream(script(name)).start();
  gateway = await serve(['left', 'right'].map((name) => `
    [[upstream]]
    name = "${name}"
    url = "${upstreams[name]!.url}/v1"
    device = "NVIDIA H100 SXM"
    ${served(['shared'])}
  `).join(''));
  client = new OpenAI({ baseURL: gateway.v1, apiKey: 'any', maxRetries: 0 });
});
after(async () => {
  await gateway?.stop();
  for (const u of Object.values(upstreams)) await u.stop();
});

async function whole(): Promise<string | null> {
  return (await client.chat.completions.create({ model: 'shared', messages: question })).choices[0]!.message.content;
}
async function streamed(): Promise<string> {
  let text = '';
  for await (const chunk of await client.chat.completions.create({ model: 'shared', messages: question, stream: true })) text += chunk.choices[0]?.delta.content ?? '';
  return text;
}

test('it is one model, and both answer', async () => {
  const ids: string[] = [];
  for await (const model of client.models.list()) ids.push(model.id);
  assert.equal(ids.filter((id) => id === 'shared').length, 1);
  const by = new Set<string | null>();
  for (let i = 0; i < 20; ++i) by.add(await whole());
  assert.deepEqual(by, new Set(['left', 'right']));
});

for (const mood of ['failing', 'busy', 'silent-death'] as const)
  test(`one is ${mood}: whole or streamed, in either API, the other answers`, async () => {
    moods.left = mood;
    const claude = new Anthropic({ baseURL: gateway.url, apiKey: 'any', maxRetries: 0 });
    for (let i = 0; i < 6; ++i) {
      assert.equal(await whole(), 'right');
      assert.equal(await streamed(), 'right');
      const message = await claude.messages.create({ model: 'shared', max_tokens: 9, messages: question });
      assert.deepEqual(message.content.map((b) => b.type === 'text' && b.text), ['right']);
    }
    const account = await gateway.latest();
    assert.deepEqual([account!.upstream, account!.status], ['right', 'ok']);
    moods.left = 'well';
  });

test('both fail: the client is told what the last one said', async () => {
  moods.left = moods.right = 'failing';
  await assert.rejects(whole(), (e) => e instanceof OpenAI.APIError && e.status! >= 500);
  moods.left = moods.right = 'well';
});

test('a stream that has begun is never spliced', async () => {
  moods.left = moods.right = 'half';
  let text = '';
  await assert.rejects(async () => {
    for await (const chunk of await client.chat.completions.create({ model: 'shared', messages: question, stream: true })) text += chunk.choices[0]?.delta.content ?? '';
  }, OpenAI.APIError);
  // Breakers may have closed both doors by now; what was said was said once.
  assert.ok(text === 'I am' || text === '', text);
  moods.left = moods.right = 'well';
});
