import assert from 'node:assert/strict';
import test from 'node:test';
import { cleanFlows, layoutFlows, spread } from '../src/lib/flow.ts';
import { extent, linearScale, logScale, thinned, timeScale } from '../src/lib/scale.ts';

const frame = { width: 800, height: 300, vertical: false, nodeWidth: 12, nodeGap: 20, padStart: 60, padEnd: 60 };
const line = [
  { from: 'grid', to: 'overhead', value: 1 }, { from: 'grid', to: 'cpu', value: 2 },
  { from: 'cpu', to: 'glow-xs', value: 2 }, { from: 'glow-xs', to: 'prefill', value: 0.5 },
  { from: 'glow-xs', to: 'decode', value: 1.5 },
];

test('flows that cannot be drawn are left out', () => {
  const flows = cleanFlows([
    ...line, { from: 'decode', to: 'grid', value: 1 }, { from: 'a', to: 'a', value: 1 },
    { from: 'a', to: 'b', value: NaN }, { from: 'a', to: 'b', value: -1 }, { from: '', to: 'b', value: 1 },
    { from: 'grid', to: 'cpu', value: 3 },
  ]);
  assert.equal(flows.length, line.length);
  assert.equal(flows.find((f) => f.to === 'cpu')?.value, 5);
});

test('the drawing stays in its frame, upright and across', () => {
  for (const vertical of [false, true]) {
    const drawing = layoutFlows(line, { ...frame, vertical });
    assert.equal(drawing.nodes.length, 6);
    for (const n of drawing.nodes) {
      assert.ok(n.x >= -0.01 && n.x + n.width <= 800.01, n.id);
      assert.ok(n.y >= -0.01 && n.y + n.height <= 300.01, n.id);
    }
    for (const b of drawing.bands) assert.doesNotMatch(b.path, /NaN/);
  }
  assert.deepEqual(layoutFlows([], frame), { nodes: [], bands: [], layers: 0 });
});

test('labels are moved apart', () => {
  const at = spread([10, 12, 14], [10, 10, 10], 100).sort((a, b) => a - b);
  for (let i = 1; i < at.length; ++i) assert.ok(at[i]! - at[i - 1]! >= 10 - 1e-9);
});

test('scales hold their values and never loop', () => {
  assert.deepEqual(extent([null, NaN, 3, -1]), [-1, 3]);
  assert.equal(extent([null]), null);
  for (const [low, high] of [[0, 0], [-5, 5], [1e-12, 2e-12], [0, 1e300], [3, 3.0000001]] as const) {
    const s = linearScale(low, high);
    assert.ok(s.ticks.length >= 2 && s.ticks.length <= 50, `${low} ${high}`);
    assert.ok(s.low <= low && s.high >= high);
  }
  assert.ok(Number.isNaN(logScale(1, 1000).place(0)));
  assert.ok(timeScale(1.7e9, 1.7e9 + 86400).ticks.length > 1);
});

test('thinning keeps the spike', () => {
  const points = Array.from({ length: 10_000 }, (_, i) => ({ y: i === 5123 ? 1000 : i % 7 }));
  const kept = thinned(points, 100);
  assert.ok(kept.length <= 300 && kept.some((p) => p.y === 1000));
});
