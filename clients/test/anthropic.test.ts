// Anthropic's own JavaScript client with the gateway as its base URL: before an upstream that speaks OpenAI's API,
// before one that speaks Anthropic's, and before the model inside.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod';
import { z } from 'zod';
import { claudes, claudeText, claudeUsage, signature, startAnthropicUpstream } from './anthropic_upstream.ts';
import { assertAccounted, serve, served, type Cost, type Gateway } from './gateway.ts';
import { models, sentence, startOpenAiUpstream } from './openai_upstream.ts';
import type { Upstream } from './upstream.ts';

let openai: Upstream;
let anthropic: Upstream;
let gateway: Gateway;
let client: Anthropic;
const sent = (): any => openai.last.body;
const sentOn = (): any => anthropic.last.body;
const costOf = (u: unknown): Cost | undefined => (u as { wattline?: Cost } | null | undefined)?.wattline;
const messages: Anthropic.MessageParam[] = [{ role: 'user', content: 'Say hello – 你好.' }];
const ask = (model: string): { model: string; max_tokens: number; messages: Anthropic.MessageParam[] } => ({ model, max_tokens: 64, messages });
const textOf = (m: Anthropic.Message): string => m.content.map((b) => (b.type === 'text' ? b.text : '')).join('');

before(async () => {
  openai = await startOpenAiUpstream();
  anthropic = await startAnthropicUpstream();
  gateway = await serve(`
    [[upstream]]
    name = "there"
    url = "${openai.url}/v1"
    device = "NVIDIA H100 SXM"
    ${served(models)}
    [[upstream]]
    name = "claude"
    dialect = "anthropic"
    url = "${anthropic.url}/v1"
    api_key_env = "CLAUDE_KEY"
    device = "NVIDIA H100 SXM"
    ${served(claudes)}
  `, { CLAUDE_KEY: 'sk-ant-of-the-upstream' });
  client = new Anthropic({ baseURL: gateway.url, apiKey: 'sk-ant-of-the-client', maxRetries: 0 });
});
after(async () => {
  await gateway?.stop();
  await openai?.stop();
  await anthropic?.stop();
});

test('an answer of an OpenAI upstream, with its account', async () => {
  const { data, response } = await client.messages.create({ ...ask('words'), system: 'Be brief.', stop_sequences: ['END'], metadata: { user_id: 'me' }, ...({ temperature: 0.5, top_p: 0.9 } as object) }).withResponse();
  assert.equal(data.type, 'message');
  assert.equal(data.role, 'assistant');
  assert.equal(textOf(data), sentence.join(''));
  assert.equal(data.stop_reason, 'end_turn');
  assert.equal(data.usage.output_tokens, 10);
  assert.equal(data.usage.input_tokens + (data.usage.cache_read_input_tokens ?? 0), 19);
  const account = await assertAccounted(gateway, costOf(data.usage), { model: 'words', upstream: 'there', tokens_in: 19, tokens_out: 10 });
  assert.equal(response.headers.get('x-wattline-answer-id'), account.id);
  assert.equal(openai.last.path, '/v1/chat/completions');
  assert.deepEqual(sent().messages.map((m: { role: string }) => m.role), ['system', 'user']);
  assert.deepEqual([sent().max_tokens ?? sent().max_completion_tokens, sent().temperature, sent().top_p, [sent().stop].flat()], [64, 0.5, 0.9, ['END']]);
  assert.ok(!JSON.stringify(openai.last.headers).includes('sk-ant-of-the-client'));
});

test('a stream of an OpenAI upstream, in the order the client knows', async () => {
  const order: string[] = [];
  const stream = client.messages.stream(ask('words'));
  let told: unknown; // the client's own sum keeps the members of usage that it knows
  stream.on('streamEvent', (e) => {
    order.push(e.type);
    if (e.type === 'message_delta') told = e.usage;
  });
  const texts: string[] = [];
  stream.on('text', (t) => texts.push(t));
  const final = await stream.finalMessage();
  assert.deepEqual(texts, sentence);
  assert.equal(final.stop_reason, 'end_turn');
  assert.deepEqual(order.filter((e) => e !== 'content_block_delta' && e !== ('ping' as string)), ['message_start', 'content_block_start', 'content_block_stop', 'message_delta', 'message_stop']);
  assert.equal(final.usage.output_tokens, 10);
  await assertAccounted(gateway, costOf(told), { model: 'words', streamed: true, tokens_in: 19, tokens_out: 10 });
});

const weather: Anthropic.Tool = { name: 'weather', description: 'of a city', input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } };

for (const model of ['tools', 'claude-tools'])
  test(`tools: calls in parallel, results back, whole and streamed: ${model}`, async () => {
    const asked = { ...ask(model), tools: [weather], tool_choice: { type: 'auto' as const } };
    const first = await client.messages.create(asked);
    assert.equal(first.stop_reason, 'tool_use');
    const calls = first.content.filter((b) => b.type === 'tool_use');
    assert.deepEqual(calls.map((c) => c.input), [{ city: 'Paris' }, { city: 'São Paulo' }]);
    await assertAccounted(gateway, costOf(first.usage), { model });
    const streamed = await client.messages.stream(asked).finalMessage();
    assert.deepEqual(streamed.content.filter((b) => b.type === 'tool_use').map((c) => [c.id, c.name, c.input]), calls.map((c) => [c.id, c.name, c.input]));
    assert.equal(streamed.stop_reason, 'tool_use');
    const results: Anthropic.ToolResultBlockParam[] = calls.map((c, i) => ({ type: 'tool_result', tool_use_id: c.id, content: i ? [{ type: 'text', text: '21 °C' }] : '20 °C' }));
    const second = await client.messages.create({ ...asked, messages: [...messages, { role: 'assistant', content: first.content }, { role: 'user', content: results }] });
    assert.equal(textOf(second).replace(/ +/g, ' '), 'It is 20 °C 21 °C there.');
    assert.equal(second.stop_reason, 'end_turn');
  });

test('how tools are told to an OpenAI upstream', async () => {
  await client.messages.create({ ...ask('tools'), tools: [weather], tool_choice: { type: 'any', disable_parallel_tool_use: true } });
  assert.deepEqual(sent().tools, [{ type: 'function', function: { name: 'weather', description: 'of a city', parameters: weather.input_schema } }]);
  assert.equal(sent().tool_choice, 'required');
  assert.equal(sent().parallel_tool_calls, false);
});

test('the client runs tools by itself', async () => {
  const asked: string[] = [];
  const run = betaZodTool({ name: 'weather', description: 'of a city', inputSchema: z.object({ city: z.string() }), run: ({ city }) => { asked.push(city); return `fine in ${city}`; } });
  for (const model of ['tools', 'claude-tools']) {
    const final = await client.beta.messages.toolRunner({ ...ask(model), tools: [run], messages: [{ role: 'user', content: 'Weather?' }] });
    assert.equal(final.content.map((b) => (b.type === 'text' ? b.text : '')).join('').replace(/ +/g, ' '), 'It is fine in Paris fine in São Paulo there.');
  }
  assert.deepEqual(asked, ['Paris', 'São Paulo', 'Paris', 'São Paulo']);
});

test('images', async () => {
  const data = Buffer.alloc(100_000, 0x5a).toString('base64');
  const answer = await client.messages.create({ ...ask('pictures'), messages: [{ role: 'user', content: [{ type: 'text', text: 'What is it?' }, { type: 'image', source: { type: 'base64', media_type: 'image/png', data } }] }] });
  assert.equal(textOf(answer), 'A boardwalk.');
  const parts = sent().messages[0].content;
  assert.equal(parts.find((p: { type: string }) => p.type === 'image_url').image_url.url, `data:image/png;base64,${data}`);
});

test('an Anthropic upstream: version, key, thinking with its signature, usage', async () => {
  const data = await client.messages.create({ ...ask('claude-thinking'), thinking: { type: 'enabled', budget_tokens: 1024 }, max_tokens: 2048 });
  assert.deepEqual(data.content.map((b) => b.type), ['thinking', 'text']);
  assert.deepEqual(data.content[0], { type: 'thinking', thinking: 'Two and two.', signature });
  assert.deepEqual([data.usage.input_tokens, data.usage.cache_read_input_tokens, data.usage.output_tokens], [claudeUsage.input_tokens, claudeUsage.cache_read_input_tokens, claudeUsage.output_tokens]);
  await assertAccounted(gateway, costOf(data.usage), { model: 'claude-thinking', upstream: 'claude', tokens_out: claudeUsage.output_tokens });
  assert.equal(anthropic.last.headers['x-api-key'], 'sk-ant-of-the-upstream');
  assert.ok(!JSON.stringify(anthropic.last.headers).includes('sk-ant-of-the-client'));
  assert.equal(sentOn().max_tokens, 2048);
  assert.deepEqual(sentOn().thinking, { type: 'enabled', budget_tokens: 1024 });
  const streamed = await client.messages.stream({ ...ask('claude-thinking'), max_tokens: 2048 }).finalMessage();
  assert.deepEqual(streamed.content.map((b) => ({ citations: null, ...b })), data.content.map((b) => ({ citations: null, ...b })));
  // What the model thought goes back to it as it came.
  await client.messages.create({ ...ask('claude-words'), messages: [...messages, { role: 'assistant', content: data.content }, { role: 'user', content: 'Go on.' }] });
  assert.deepEqual(sentOn().messages[1].content[0], { type: 'thinking', thinking: 'Two and two.', signature });
});

test('abort in the middle of a stream, with either upstream', async () => {
  for (const [model, upstream] of [['endless', openai], ['claude-endless', anthropic]] as const) {
    const before = await gateway.latest();
    const stream = client.messages.stream(ask(model));
    stream.on('text', () => stream.abort());
    await assert.rejects(stream.finalMessage(), Anthropic.APIUserAbortError);
    assert.equal(await upstream.last.end, 'abandoned');
    const account = await gateway.newest(before);
    assert.deepEqual([account.model, account.status, account.streamed], [model, 'cancelled', true]);
  }
});

test('errors in the envelope that the client knows', async () => {
  const typeOf = (e: unknown): string | undefined => (e as { error?: { error?: { type?: string } } }).error?.error?.type;
  await assert.rejects(client.messages.create(ask('refusing')), (e) => e instanceof Anthropic.BadRequestError && typeOf(e) === 'invalid_request_error' && e.message.includes('decimal above maximum'));
  await assert.rejects(client.messages.create(ask('claude-refusing')), (e) => e instanceof Anthropic.BadRequestError && e.message.includes('64000'));
  await assert.rejects(client.messages.create(ask('failing')), (e) => e instanceof Anthropic.InternalServerError && typeOf(e) === 'api_error');
  await assert.rejects(client.messages.create(ask('nobody')), (e) => e instanceof Anthropic.NotFoundError && typeOf(e) === 'not_found_error');
  await assert.rejects(client.messages.create(ask('claude-overloaded')), (e) => e instanceof Anthropic.APIError && (e.status === 529 || e.status === 503));
  await assert.rejects(client.messages.create({ ...ask('words'), messages: [] }), (e) => e instanceof Anthropic.BadRequestError && typeOf(e) === 'invalid_request_error');
  for (const model of ['breaking', 'claude-breaking']) {
    let text = '';
    const stream = client.messages.stream(ask(model));
    stream.on('text', (t) => (text += t));
    await assert.rejects(stream.finalMessage(), Anthropic.APIError, model);
    assert.equal(text, 'Half');
  }
});

test('the client tries again when it is told to', async () => {
  const patient = new Anthropic({ baseURL: gateway.url, apiKey: 'any', maxRetries: 1 });
  assert.equal(textOf(await patient.messages.create(ask('busy'))), sentence.join(''));
});

test('models are listed as the client expects them', async () => {
  const ids: string[] = [];
  for await (const model of client.models.list()) {
    assert.equal(model.type, 'model');
    ids.push(model.id);
  }
  assert.deepEqual(new Set(ids), new Set([...models, ...claudes, 'glow-xs', 'glow-s', 'glow-m', 'auto']));
  assert.equal((await client.models.retrieve('glow-xs')).id, 'glow-xs');
});

test('tokens are counted before they are asked for', async () => {
  const { input_tokens } = await client.messages.countTokens({ model: 'glow-xs', messages: [{ role: 'user', content: 'What is 17 + 25?' }] });
  assert.equal(input_tokens, 18, 'exactly, of the model inside: its bytes and two marks');
  const guess = await client.messages.countTokens({ model: 'words', system: 'Be brief.', messages, tools: [weather] });
  assert.ok(guess.input_tokens > 10 && guess.input_tokens < 200, `${guess.input_tokens}`);
});

test('the model inside', async () => {
  const question: Anthropic.MessageParam[] = [{ role: 'user', content: 'What is 17 + 25?' }];
  const whole = await client.messages.create({ ...ask('glow-xs'), messages: question });
  assert.equal(textOf(whole), '42');
  await assertAccounted(gateway, costOf(whole.usage), { model: 'glow-xs', upstream: 'builtin' });
  assert.equal(textOf(await client.messages.stream({ ...ask('glow-xs'), messages: question }).finalMessage()), '42');
});

test('the plain words of an Anthropic upstream', async () => {
  assert.equal(textOf(await client.messages.create(ask('claude-words'))), claudeText.join(''));
  const texts: string[] = [];
  const stream = client.messages.stream(ask('claude-words'));
  stream.on('text', (t) => texts.push(t));
  await stream.finalMessage();
  assert.deepEqual(texts, claudeText);
});
