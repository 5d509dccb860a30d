// A scripted server for the gateway to stand before. It keeps what it gets, byte for byte.
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Seen {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  text: string;
  body: any;
  /** Whether the answer went out whole or the other side left before. */
  end: Promise<'answered' | 'abandoned'>;
}
export type Script = (request: Seen, reply: ServerResponse) => void;

export class Upstream {
  readonly seen: Seen[] = [];
  readonly server: Server;
  private arrived: (() => void) | undefined;

  constructor(script: Script) {
    this.server = createServer((request, reply) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        const text = Buffer.concat(pieces).toString();
        const seen: Seen = {
          method: request.method ?? '', path: request.url ?? '', headers: request.headers, text,
          body: text === '' ? undefined : JSON.parse(text),
          end: new Promise((resolve) => reply.once('close', () => resolve(reply.writableFinished ? 'answered' : 'abandoned'))),
        };
        this.seen.push(seen);
        this.arrived?.();
        script(seen, reply);
      });
    });
  }
  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this;
  }
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }
  get last(): Seen {
    return this.seen.at(-1)!;
  }
  /** When the next request has come. */
  next(): Promise<Seen> {
    return new Promise((resolve) => (this.arrived = () => resolve(this.last)));
  }
  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

export function sendJson(reply: ServerResponse, body: unknown, status = 200, headers: Record<string, string> = {}): void {
  reply.writeHead(status, { 'content-type': 'application/json', ...headers });
  reply.end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** Server-sent events; what is a pair has a name. */
export function sendEvents(reply: ServerResponse, events: Iterable<unknown>, end = true): void {
  if (!reply.headersSent) reply.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const event of events) {
    const [name, data] = Array.isArray(event) ? event : [undefined, event];
    reply.write(`${name ? `event: ${name}\n` : ''}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
  }
  if (end) reply.end();
}
