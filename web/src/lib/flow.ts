// Flows to be drawn as a Sankey diagram: made sane (finite, positive, merged, without circles) and
// laid out by d3-sankey, from left to right or, where there is little width, from top to bottom.
import { sankey, sankeyJustify, type SankeyGraph } from 'd3-sankey';

export interface Flow {
  from: string;
  to: string;
  value: number;
}

/** Merges flows between the same two, drops what cannot be drawn, and drops what would close a circle. */
export function cleanFlows(flows: readonly Flow[]): Flow[] {
  const merged = new Map<string, Flow>();
  for (const f of flows) {
    if (!f.from || !f.to || f.from === f.to || !Number.isFinite(f.value) || f.value <= 0) continue;
    const key = JSON.stringify([f.from, f.to]);
    const held = merged.get(key);
    if (held) held.value += f.value;
    else merged.set(key, { ...f });
  }
  const next = new Map<string, string[]>();
  const reaches = (from: string, to: string): boolean => {
    const stack = [from];
    const seen = new Set<string>();
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      if (at === to) return true;
      if (seen.has(at)) continue;
      seen.add(at);
      stack.push(...(next.get(at) ?? []));
    }
    return false;
  };
  const kept: Flow[] = [];
  for (const f of merged.values()) {
    if (reaches(f.to, f.from)) continue;
    kept.push(f);
    next.set(f.from, [...(next.get(f.from) ?? []), f.to]);
  }
  return kept;
}

export interface NodeBox {
  id: string;
  value: number;
  layer: number;
  last: boolean; // nothing flows on from here
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface FlowBand {
  from: string;
  to: string;
  value: number;
  path: string; // the outline of the band
  x0: number;
  y0: number;
  x1: number;
  y1: number; // the middle of both ends
}

export interface FlowDrawing {
  nodes: NodeBox[];
  bands: FlowBand[];
  layers: number;
}

export interface Frame {
  width: number;
  height: number;
  vertical: boolean;
  nodeWidth: number;
  nodeGap: number;
  /** Room for labels at both ends, in the direction of the flow. */
  padStart: number;
  padEnd: number;
}

interface NodeData {
  id: string;
}
type LinkData = object;

const round = (v: number) => Math.round(v * 100) / 100;

export function layoutFlows(flows: readonly Flow[], frame: Frame): FlowDrawing {
  const links = cleanFlows(flows);
  if (links.length === 0) return { nodes: [], bands: [], layers: 0 };
  const ids = [...new Set(links.flatMap((l) => [l.from, l.to]))];
  const along = frame.vertical ? frame.height : frame.width;
  const across = frame.vertical ? frame.width : frame.height;
  const perLayerGap = Math.min(frame.nodeGap, (across * 0.5) / Math.max(1, ids.length - 1));
  const graph: SankeyGraph<NodeData, LinkData> = sankey<NodeData, LinkData>()
    .nodeId((n) => n.id)
    .nodeAlign(sankeyJustify)
    .nodeWidth(frame.nodeWidth)
    .nodePadding(perLayerGap)
    .extent([[frame.padStart, 0], [Math.max(frame.padStart + 1, along - frame.padEnd), across]])
    .iterations(24)({
      nodes: ids.map((id) => ({ id })),
      links: links.map((l) => ({ source: l.from, target: l.to, value: l.value })),
    });

  const nodes = graph.nodes.map((n): NodeBox => {
    const [a0, a1, c0, c1] = [n.x0 ?? 0, n.x1 ?? 0, n.y0 ?? 0, n.y1 ?? 0];
    const box = frame.vertical
      ? { x: c0, y: a0, width: c1 - c0, height: a1 - a0 }
      : { x: a0, y: c0, width: a1 - a0, height: c1 - c0 };
    return {
      id: n.id,
      value: n.value ?? 0,
      layer: n.depth ?? 0,
      last: (n.sourceLinks ?? []).length === 0,
      x: round(box.x), y: round(box.y), width: round(box.width), height: round(box.height),
    };
  });
  const bands = graph.links.map((l): FlowBand => {
    const source = l.source as { id: string; x1?: number };
    const target = l.target as { id: string; x0?: number };
    const half = (l.width ?? 0) / 2;
    const [a0, a1, c0, c1] = [source.x1 ?? 0, target.x0 ?? 0, l.y0 ?? 0, l.y1 ?? 0];
    const mid = (a0 + a1) / 2;
    const p = (a: number, c: number) => (frame.vertical ? `${round(c)},${round(a)}` : `${round(a)},${round(c)}`);
    return {
      from: source.id,
      to: target.id,
      value: l.value,
      path:
        `M${p(a0, c0 - half)}C${p(mid, c0 - half)} ${p(mid, c1 - half)} ${p(a1, c1 - half)}` +
        `L${p(a1, c1 + half)}C${p(mid, c1 + half)} ${p(mid, c0 + half)} ${p(a0, c0 + half)}Z`,
      ...(frame.vertical ? { x0: c0, y0: a0, x1: c1, y1: a1 } : { x0: a0, y0: c0, x1: a1, y1: c1 }),
    };
  });
  return { nodes, bands, layers: 1 + Math.max(...nodes.map((n) => n.layer)) };
}

/** Centres of labels of given lengths on a line of `length`, as near to `wanted` as they fit apart. */
export function spread(wanted: readonly number[], sizes: readonly number[], length: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]!);
  const at = [...wanted];
  let edge = 0;
  for (const i of order) {
    at[i] = Math.max(wanted[i]!, edge + sizes[i]! / 2);
    edge = at[i]! + sizes[i]! / 2;
  }
  edge = length;
  for (const i of order.reverse()) {
    at[i] = Math.min(at[i]!, edge - sizes[i]! / 2);
    edge = at[i]! - sizes[i]! / 2;
  }
  return at;
}
