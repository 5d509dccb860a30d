// The dashboard names no metric and no label that /metrics does not have.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { parser } from '@prometheus-io/lezer-promql';
import { serve } from './gateway.ts';
import { sendEvents, Upstream } from './upstream.ts';

interface Panel {
  title: string;
  type: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { expr: string; legendFormat: string }[];
}
const dashboard = JSON.parse(readFileSync(new URL('../../packaging/grafana/wattline.json', import.meta.url), 'utf8')) as {
  panels: Panel[];
  templating: { list: { name: string; query: string | { query: string } }[] };
};

test('every metric and label of the dashboard is exposed', async () => {
  const engine = 'vllm:num_requests_waiting{model_name="a"} 3.0\nvllm:num_requests_running{model_name="a"} 2.0\nvllm:kv_cache_usage_perc{model_name="a"} 0.5\n';
  const upstream = await new Upstream((request, reply) => {
    if (request.path === '/metrics') return void reply.end(engine);
    const chunk = { id: 'x', object: 'chat.completion.chunk', created: 1, model: 'a' };
    sendEvents(reply, [{ ...chunk, choices: [{ index: 0, delta: { content: 'a' }, finish_reason: 'stop' }] }, '[DONE]']);
  }).start();
  const gateway = await serve(`
    ${['there', 'too'].map((name) => `
    [[upstream]]
    name = "${name}"
    url = "${upstream.url}/v1"
    models = ["a"]
    [upstream.metrics]
    path = "/metrics"
    `).join('')}
    [[tenant]]
    name = "team"
    [[tenant.budget]]
    energy = "1 kWh"
    [[tenant]]
    name = "watch"
    sees = "all"
    [[key]]
    tenant = "watch"
    sha256 = "${createHash('sha256').update('wl_watch').digest('hex')}"
    [[queue]]
    models = ["a"]
    concurrent = 2
  `);
  gateway.key = 'wl_watch';
  try {
    const body = JSON.stringify({ model: 'a', stream: true, messages: [{ role: 'user', content: 'x' }] });
    const headers = { authorization: 'Bearer wl_watch', 'content-type': 'application/json' };
    assert.match(await (await fetch(`${gateway.v1}/chat/completions`, { method: 'POST', headers, body })).text(), /\[DONE\]/);
    // The engines are read now and then.
    let text = '';
    for (let tries = 0; tries < 1000 && !text.includes('wattline_upstream_engine_waiting{'); ++tries) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      text = await (await gateway.get('/metrics')).text();
    }
    const labels = new Map<string, Set<string>>();
    for (const line of text.split('\n')) {
      const found = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? /.exec(line);
      if (!found) continue;
      const set = labels.get(found[1]!) ?? new Set(['job', 'instance']);
      for (const [, label] of (found[2] ?? '').matchAll(/(\w+)="/g)) set.add(label!);
      labels.set(found[1]!, set);
    }
    const queries = dashboard.panels.flatMap((p) => (p.targets ?? []).map((t) => ({ of: p.title, expr: t.expr, legend: t.legendFormat })));
    for (const v of dashboard.templating.list) if (typeof v.query === 'object') queries.push({ of: v.name, expr: v.query.query.replace(/label_values\((\w+), (\w+)\)/, '$1{$2=~""}'), legend: '' });
    assert.ok(queries.length > 20);
    for (const { of, expr, legend } of queries) {
      const metrics = [...expr.matchAll(/\b((?:wattline|process)_\w+)(?:\{([^}]*)\})?/g)];
      assert.ok(metrics.length > 0, `${of}: ${expr}`);
      const shown = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map((m) => m[1]!);
      const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap((m) => m[1]!.split(', '));
      for (const label of shown) assert.ok(grouped.includes(label), `${of}: the legend shows '${label}', which the query sums away`);
      for (const [, name, selector] of metrics) {
        const known = labels.get(name!);
        assert.ok(known, `${of}: /metrics has no ${name}`);
        const asked = [...(selector ?? '').matchAll(/(\w+)=/g)].map((m) => m[1]!);
        for (const label of [...asked, ...grouped]) assert.ok(known.has(label), `${of}: ${name} has no label '${label}'`);
      }
    }
  } finally {
    await gateway.stop();
    await upstream.stop();
  }
});

test('every expression is PromQL, by the grammar of Prometheus\' own editor', () => {
  const faults = (expr: string): number => {
    let n = 0;
    parser.parse(expr.replaceAll('$__rate_interval', '5m')).iterate({ enter: (node) => void (n += node.type.isError ? 1 : 0) });
    return n;
  };
  assert.ok(faults('sum(rate(a[5m]') > 0 && faults('sum by (x rate(a[5m])') > 0);
  for (const p of dashboard.panels) for (const t of p.targets ?? []) assert.equal(faults(t.expr), 0, t.expr);
});

test('panels do not overlap and have a title of their own', () => {
  const cells = new Set<string>(), titles = new Set<string>();
  for (const { title, gridPos: g } of dashboard.panels) {
    assert.ok(g.x + g.w <= 24, title);
    assert.ok(!titles.has(title), title);
    titles.add(title);
    for (let x = g.x; x < g.x + g.w; ++x)
      for (let y = g.y; y < g.y + g.h; ++y) {
        assert.ok(!cells.has(`${x},${y}`), `${title} lies over another panel`);
        cells.add(`${x},${y}`);
      }
  }
});
