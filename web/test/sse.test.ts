import assert from 'node:assert/strict';
import test from 'node:test';
import { readEvents, SseParser } from '../src/lib/sse.ts';

const stream = ': hello\n\ndata: {"a":1}\n\nevent: answer\r\ndata: one\r\ndata: two\r\n\r\ndata:[DONE]\n\n';
const expected = [
  { event: 'message', data: '{"a":1}' },
  { event: 'answer', data: 'one\ntwo' },
  { event: 'message', data: '[DONE]' },
];

test('events are the same however the bytes are cut', () => {
  for (let size = 1; size <= stream.length; ++size) {
    const parser = new SseParser();
    const events = [];
    for (let at = 0; at < stream.length; at += size) events.push(...parser.push(stream.slice(at, at + size)));
    events.push(...parser.end());
    assert.deepEqual(events, expected, `pieces of ${size}`);
  }
});

test('characters cut in two arrive whole', async () => {
  const bytes = new TextEncoder().encode('data: grün ⚡\n\n');
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  const events = [];
  for await (const e of readEvents(body)) events.push(e);
  assert.deepEqual(events, [{ event: 'message', data: 'grün ⚡' }]);
});

test('an event without end does not fill the memory', () => {
  const parser = new SseParser();
  assert.throws(() => {
    for (let i = 0; i < 100; ++i) parser.push('x'.repeat(100_000));
  }, /4 MB/);
});
