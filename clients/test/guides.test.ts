// The pages of docs/guides are true: every configuration can be served, every command and program that can run here
// runs. Upstreams are stood in for by a server that answers any model as OpenAI does.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import test, { after, before } from 'node:test';
import { scratch, serve } from './gateway.ts';
import { sendEvents, sendJson, Upstream } from './upstream.ts';

const program = process.env.WATTLINE_BIN!;
const pages = ['in-front-of-vllm', 'in-front-of-ollama', 'in-front-of-openai', 'clients', 'budgets'];
let upstream: Upstream;

before(async () => {
  upstream = await new Upstream((request, reply) => {
    const base = { id: 'x', created: 1, model: request.body?.model }, usage = { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 };
    if (!request.body?.stream) return sendJson(reply, { ...base, object: 'chat.completion', choices: [{ index: 0, message: { role: 'assistant', content: 'Hello!' }, finish_reason: 'stop' }], usage });
    const chunk = { ...base, object: 'chat.completion.chunk' };
    sendEvents(reply, [
      { ...chunk, choices: [{ index: 0, delta: { role: 'assistant', content: 'Hello!' }, finish_reason: null }] },
      { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }, { ...chunk, choices: [], usage }, '[DONE]',
    ]);
  }).start();
});
after(() => upstream?.stop());

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

interface Fence {
  language: string;
  text: string;
}
function fences(page: string): Fence[] {
  const text = readFileSync(new URL(`../../docs/guides/${page}.md`, import.meta.url), 'utf8');
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map((m) => ({ language: m[1]!, text: m[2]! }));
}

function run(name: string, words: string[], environment: Record<string, string | undefined>, cwd: string): Promise<string> {
  const child = spawn(name, words, { cwd, env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '', faults = '';
  child.stdout.on('data', (piece: Buffer) => (out += piece.toString()));
  child.stderr.on('data', (piece: Buffer) => (faults += piece.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve(out) : reject(new Error(`${words.join(' ')} ended with ${code}\n${out}\n${faults}`))));
  });
}

for (const page of pages)
  test(`docs/guides/${page}.md`, async () => {
    const home = scratch(), bin = join(home, 'bin');
    mkdirSync(bin);
    symlinkSync(program, join(bin, 'wattline'));
    const all = fences(page);
    const configurations = all.filter((f) => f.language === 'toml').map((f) => f.text);
    const keys = Object.fromEntries([...configurations.join('\n').matchAll(/api_key_env = "(\w+)"/g)].map((m) => [m[1]!, 'sk-test']));
    const environment: Record<string, string | undefined> = { ...keys, HOME: home, PATH: `${bin}:${dirname(process.execPath)}:${process.env.PATH}` };
    for (const toml of configurations) {
      writeFileSync(join(home, 'gateway.toml'), toml);
      assert.match(await run(program, ['serve', 'check', 'gateway.toml'], environment, home), /^yes: /m, toml);
    }
    // The first one is served, with the stand-in behind it.
    const adminPort = await freePort();
    const served = (configurations[0] ?? '').replace(/^url = .*$/gm, `url = "${upstream.url}/v1"`).replace(/127\.0\.0\.1:8081/g, `127.0.0.1:${adminPort}`)
      .replace(/^(keys_file|audit_log) = "/gm, `$1 = "${home}/`);
    writeFileSync(join(home, 'gateway.toml'), served);
    const gateway = await serve(served, { ...keys, WATTLINE_LEDGER: join(home, 'ledger') });
    try {
      const here = (text: string): string => text.replaceAll('http://127.0.0.1:8080', gateway.url).replaceAll('127.0.0.1:8081', `127.0.0.1:${adminPort}`);
      let ran = 0;
      for (const { language, text } of all) {
        if (language === 'js') {
          const file = new URL(`./.guide-${process.pid}-${ran}.mjs`, import.meta.url);
          writeFileSync(file, here(text));
          try {
            assert.match(await run(process.execPath, [file.pathname], environment, home), /\d J\n/);
          } finally {
            rmSync(file);
          }
          ++ran;
        }
        // Servers are started by the test itself.
        if (language !== 'sh' || /^(vllm|sudo|wattline serve --config)\b/m.test(text.replace(/^wattline serve check.*\n/gm, ''))) continue;
        const out = await run('bash', ['-euo', 'pipefail', '-c', here(text).replaceAll('curl -s', 'curl -fs')], { ...environment, WATTLINE_LEDGER: join(home, 'ledger') }, home);
        assert.ok(out.length > 0, text);
        environment.WATTLINE_KEY ??= /"key": ?"(wl_[\w-]+)"/.exec(out)?.[1];
        ++ran;
      }
      assert.ok(ran >= 2, 'something of the page is run');
    } finally {
      await gateway.stop();
    }
  });

test('the versions of the page are those of the lock', () => {
  const text = readFileSync(new URL('../../docs/guides/clients.md', import.meta.url), 'utf8');
  const wanted = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).devDependencies as Record<string, string>;
  for (const name of ['openai', '@anthropic-ai/sdk', 'ai', '@ai-sdk/openai-compatible', '@ai-sdk/openai', '@ai-sdk/anthropic'])
    assert.ok(text.includes(`\`${name}\``) && text.includes(wanted[name]!), `${name} ${wanted[name]}`);
});
