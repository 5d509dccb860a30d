// Server-sent events (WHATWG HTML, section 9.2.6) from text that arrives in arbitrary pieces.
// Read by hand and not by EventSource, because only fetch can send a key or a request body.

export interface SseEvent {
  event: string;
  data: string;
}

/** A server that never ends an event must not fill the memory. */
const maxPending = 4 * 1024 * 1024;

export class SseParser {
  private pending = '';
  private event = '';
  private data: string[] = [];
  private size = 0;
  private started = false;

  /** Takes the next piece and returns the events that it completes. */
  push(piece: string): SseEvent[] {
    let text = this.pending + piece;
    if (!this.started && text.length > 0) {
      this.started = true;
      if (text.charCodeAt(0) === 0xfeff) text = text.slice(1);
    }
    const events: SseEvent[] = [];
    let begin = 0;
    for (;;) {
      const end = this.lineEnd(text, begin);
      if (end < 0) break;
      const line = text.slice(begin, end);
      begin = end + (text.charAt(end) === '\r' && text.charAt(end + 1) === '\n' ? 2 : 1);
      const done = this.line(line);
      if (done) events.push(done);
    }
    this.pending = text.slice(begin);
    if (this.pending.length + this.size > maxPending) throw new Error('the server sent an event of over 4 MB');
    return events;
  }

  /** At the end of the stream a last line without its line end still counts; a last event without its empty line does too. */
  end(): SseEvent[] {
    return this.push('\n\n');
  }

  /** A trailing CR waits for the next piece: an LF there belongs to the same line end. */
  private lineEnd(text: string, begin: number): number {
    const match = /[\r\n]/g;
    match.lastIndex = begin;
    const at = match.exec(text)?.index ?? -1;
    return at >= 0 && text.charAt(at) === '\r' && at + 1 === text.length ? -1 : at;
  }

  private line(line: string): SseEvent | undefined {
    if (line === '') {
      const event = this.data.length ? { event: this.event || 'message', data: this.data.join('\n') } : undefined;
      this.event = '';
      this.data = [];
      this.size = 0;
      return event;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return undefined; // a comment keeps the connection alive
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? '' : line.slice(colon + 1);
    if (value.startsWith(' ')) value = value.slice(1);
    if (field === 'event') this.event = value;
    if (field === 'data') {
      this.data.push(value);
      this.size += value.length;
    }
    return undefined;
  }
}

/** The events of a response body, as they come. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<SseEvent> {
  const parser = new SseParser();
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
    yield* parser.push(decoder.decode());
    yield* parser.end();
  } finally {
    reader.cancel().catch(() => undefined); // already failed or ended: nothing is left to stop
  }
}
