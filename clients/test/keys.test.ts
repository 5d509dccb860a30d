// Keys as each client sends its own: the gateway takes them all, tells none, and hands none on.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, generateText } from 'ai';
import OpenAI from 'openai';
import { serve, served, type Gateway } from './gateway.ts';
import { models, sentence, startOpenAiUpstream } from './openai_upstream.ts';
import type { Upstream } from './upstream.ts';

const key = 'wl-key-of-the-clients-0123456789';
let upstream: Upstream;
let gateway: Gateway;
const question = [{ role: 'user' as const, content: 'Hello?' }];

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

test('the right key, each in its own header', async () => {
  const openai = new OpenAI({ baseURL: gateway.v1, apiKey: key });
  assert.equal((await openai.chat.completions.create({ model: 'words', messages: question })).choices[0]!.message.content, sentence.join(''));
  for (const options of [{ apiKey: key }, { apiKey: null, authToken: key }]) {
    const anthropic = new Anthropic({ baseURL: gateway.url, ...options });
    const message = await anthropic.messages.create({ model: 'words', max_tokens: 9, messages: question });
    assert.deepEqual(message.content.map((b) => b.type === 'text' && b.text), [sentence.join('')]);
  }
  for (const model of [createAnthropic({ baseURL: gateway.v1, apiKey: key })('words'), createOpenAICompatible({ name: 'w', baseURL: gateway.v1, apiKey: key })('words')])
    assert.equal((await generateText({ model, prompt: 'Hello?', maxOutputTokens: 9 })).text, sentence.join(''));
  for (const seen of upstream.seen) assert.ok(!JSON.stringify(seen.headers).includes(key), 'the key went on to the upstream');
});

test('a wrong key, in the words of each API, and never repeated', async () => {
  const asked = upstream.seen.length;
  const refused = (e: unknown): boolean => !String((e as Error).message).includes('wl-key-of-nobody');
  await assert.rejects(new OpenAI({ baseURL: gateway.v1, apiKey: 'wl-key-of-nobody', maxRetries: 0 }).chat.completions.create({ model: 'words', messages: question }),
    (e) => e instanceof OpenAI.AuthenticationError && refused(e));
  await assert.rejects(new Anthropic({ baseURL: gateway.url, apiKey: 'wl-key-of-nobody', maxRetries: 0 }).messages.create({ model: 'words', max_tokens: 9, messages: question }),
    (e) => e instanceof Anthropic.AuthenticationError && (e.error as { error?: { type?: string } }).error?.type === 'authentication_error' && refused(e));
  await assert.rejects(generateText({ model: createOpenAICompatible({ name: 'w', baseURL: gateway.v1 })('words'), prompt: 'Hello?', maxRetries: 0 }),
    (e) => APICallError.isInstance(e) && e.statusCode === 401 && !e.isRetryable);
  assert.equal(upstream.seen.length, asked, 'nothing reached the upstream');
});
