// An upstream for the tests, in OpenAI's shape: what it answers depends on the model that is asked.
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const hostile = '<img src=x onerror="window.hit=1"><script>window.hit=1</script><b>bold</b> & [x](javascript:alert(1))';
export const longWords = 4000;

const chunk = (model: string, delta: object, reason: string | null = null) =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model, choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`;

function end(reply: ServerResponse, model: string, reason: string, tokens: number): void {
  reply.write(chunk(model, {}, reason));
  reply.write(`data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model, choices: [], usage: { prompt_tokens: 5, completion_tokens: tokens, total_tokens: 5 + tokens } })}\n\n`);
  reply.end('data: [DONE]\n\n');
}

function answer(reply: ServerResponse, model: string): void {
  if (model === 'refusing') {
    reply.writeHead(400, { 'content-type': 'application/json' });
    reply.end(JSON.stringify({ error: { message: hostile, type: 'invalid_request_error' } }));
    return;
  }
  reply.writeHead(200, { 'content-type': 'text/event-stream' });
  reply.write(chunk(model, { role: 'assistant', content: 'First' }));
  if (model === 'endless') return; // says no more until the other side leaves
  if (model === 'hostile') {
    reply.write(chunk(model, { content: ` ${hostile}` }));
    return end(reply, model, 'stop', 9);
  }
  for (let i = 1; i < longWords; i += 20) reply.write(chunk(model, { content: ` and${' on'.repeat(Math.min(20, longWords - i) - 1)}` }));
  end(reply, model, 'length', longWords);
}

export const models = ['endless', 'hostile', 'long', 'refusing'];

/** Listens on a free port of loopback. */
export async function startUpstream(): Promise<{ server: Server; port: number }> {
  const server = createServer((request, reply) => {
    let body = '';
    request.on('data', (piece: Buffer) => (body += piece.toString()));
    request.on('end', () => answer(reply, (JSON.parse(body) as { model: string }).model));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}
