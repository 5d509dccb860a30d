// An upstream that speaks as Anthropic's API reference shows its replies. The model that is asked for says which.
import { sendEvents, sendJson, Upstream, type Seen } from './upstream.ts';
import type { ServerResponse } from 'node:http';

export const claudes = ['claude-words', 'claude-tools', 'claude-thinking', 'claude-endless', 'claude-refusing', 'claude-overloaded', 'claude-breaking'];
export const claudeText = ['Hi!', ' My name', ' is Claude – 你好 🙂', '.'];
export const claudeUsage = { input_tokens: 12, cache_creation_input_tokens: 0, cache_read_input_tokens: 8, output_tokens: 15, service_tier: 'standard' };
export const signature = 'EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds';

type Block =
  | { type: 'text'; text: string[] }
  | { type: 'thinking'; thinking: string[]; signature: string }
  | { type: 'tool_use'; id: string; name: string; json: string[] };

function whole(block: Block): object {
  if (block.type === 'text') return { type: 'text', text: block.text.join(''), citations: null };
  if (block.type === 'thinking') return { type: 'thinking', thinking: block.thinking.join(''), signature: block.signature };
  return { type: 'tool_use', id: block.id, name: block.name, input: JSON.parse(block.json.join('')) };
}

function events(block: Block, index: number): unknown[] {
  const delta = (d: object): unknown => ['content_block_delta', { type: 'content_block_delta', index, delta: d }];
  const start = block.type === 'text' ? { type: 'text', text: '' } : block.type === 'thinking' ? { type: 'thinking', thinking: '', signature: '' } : { type: 'tool_use', id: block.id, name: block.name, input: {} };
  return [
    ['content_block_start', { type: 'content_block_start', index, content_block: start }],
    ...(block.type === 'text' ? block.text.map((text) => delta({ type: 'text_delta', text })) : []),
    ...(block.type === 'thinking' ? [...block.thinking.map((thinking) => delta({ type: 'thinking_delta', thinking })), delta({ type: 'signature_delta', signature: block.signature })] : []),
    ...(block.type === 'tool_use' ? ['', ...block.json].map((partial_json) => delta({ type: 'input_json_delta', partial_json })) : []),
    ['content_block_stop', { type: 'content_block_stop', index }],
  ];
}

const id = 'msg_013Zva2CMHLNnjNjJKqJ2EF';
const start = (model: string): unknown => ['message_start', { type: 'message_start', message: {
  id, type: 'message', role: 'assistant', model, content: [], stop_reason: null, stop_sequence: null, usage: { ...claudeUsage, output_tokens: 1 } } }];

function answer(request: Seen, reply: ServerResponse, blocks: Block[], stop_reason: string): void {
  if (!request.body.stream) {
    return sendJson(reply, { id, type: 'message', role: 'assistant', model: request.body.model, content: blocks.map(whole), stop_reason, stop_sequence: null, usage: claudeUsage }, 200, { 'request-id': 'req_018EeWyXxfu5pfWkrYcMdjWG' });
  }
  sendEvents(reply, [
    start(request.body.model), ['ping', { type: 'ping' }], ...blocks.flatMap(events),
    ['message_delta', { type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: claudeUsage.output_tokens } }],
    ['message_stop', { type: 'message_stop' }],
  ]);
}

const refusal = (reply: ServerResponse, status: number, type: string, message: string): void =>
  sendJson(reply, { type: 'error', error: { type, message }, request_id: 'req_011CSHoEeqs5C35K2UUqR7Fy' }, status);

const scripts: Record<string, (request: Seen, reply: ServerResponse) => void> = {
  'claude-words': (request, reply) => answer(request, reply, [{ type: 'text', text: claudeText }], 'end_turn'),
  'claude-tools': (request, reply) => {
    const results = request.body.messages.flatMap((m: { content: { type: string; content: unknown }[] }) => (Array.isArray(m.content) ? m.content.filter((b) => b.type === 'tool_result') : []));
    const textOf = (content: unknown): string => (typeof content === 'string' ? content : (content as { text: string }[]).map((b) => b.text).join(''));
    if (results.length > 0) return answer(request, reply, [{ type: 'text', text: ['It is ', results.map((r: { content: unknown }) => textOf(r.content)).join(' '), ' there.'] }], 'end_turn');
    answer(request, reply, [
      { type: 'text', text: ['I will look.'] },
      { type: 'tool_use', id: 'toolu_01T1x', name: 'weather', json: ['{"city"', ': "Par', 'is"}'] },
      { type: 'tool_use', id: 'toolu_02T1x', name: 'weather', json: ['{"city": "São Paulo"}'] },
    ], 'tool_use');
  },
  'claude-thinking': (request, reply) => answer(request, reply, [{ type: 'thinking', thinking: ['Two and', ' two.'], signature }, { type: 'text', text: ['Four.'] }], 'end_turn'),
  'claude-endless': (request, reply) => sendEvents(reply, [start(request.body.model), ...events({ type: 'text', text: ['First'] }, 0).slice(0, 2)], false),
  'claude-breaking': (request, reply) => {
    sendEvents(reply, [start(request.body.model), ...events({ type: 'text', text: ['Half'] }, 0).slice(0, 2), ['error', { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }]]);
  },
  'claude-refusing': (_request, reply) => refusal(reply, 400, 'invalid_request_error', 'max_tokens: 999999 > 64000, which is the maximum allowed number of output tokens'),
  'claude-overloaded': (_request, reply) => refusal(reply, 529, 'overloaded_error', 'Overloaded'),
};

/** Listens on a free port of loopback. */
export function startAnthropicUpstream(): Promise<Upstream> {
  return new Upstream((request, reply) => {
    const script = scripts[request.body?.model];
    if (request.path !== '/v1/messages') return refusal(reply, 404, 'not_found_error', `nothing at ${request.path}`);
    if (!request.headers['x-api-key']) return refusal(reply, 401, 'authentication_error', 'x-api-key header is required');
    if (request.headers['anthropic-version'] !== '2023-06-01') return refusal(reply, 400, 'invalid_request_error', 'anthropic-version: header is required');
    if (!(request.body.max_tokens > 0)) return refusal(reply, 400, 'invalid_request_error', 'max_tokens: Field required');
    if (!script) return refusal(reply, 404, 'not_found_error', `model: ${request.body.model}`);
    script(request, reply);
  }).start();
}
