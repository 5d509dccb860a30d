// A Sankey diagram. Bands that rest on a model are hatched, so that no drawing looks measured that is not.
import { useMemo, useState } from 'preact/hooks';
import { layoutFlows, spread, type Flow, type NodeBox } from '../lib/flow.ts';
import { formatNumber } from '../lib/units.ts';
import { useUid, useWidth } from './hooks.ts';

interface Props {
  flows: readonly Flow[];
  show: (value: number) => string;
  /** Known to rest on a model; undefined where nothing is told. */
  modelled?: boolean;
  label: string;
  height: number;
}

/** Colours by role where a name tells one, so that waste looks like waste; others take turns. */
const roles: readonly [RegExp, string][] = [
  [/^grid\b/i, 'grid'],
  [/overhead|cooling|pue/i, 'overhead'],
  [/waste|lost|loss|cancel|error|idle/i, 'waste'],
  [/prefill|prompt/i, 'prefill'],
  [/decode|generat/i, 'decode'],
  [/answered|useful|token/i, 'answered'],
];
function roleOf(id: string, index: number): string {
  return roles.find(([pattern]) => pattern.test(id))?.[1] ?? `other${index % 4}`;
}

const charWidth = 7.7; // of the label's font, on average, in px

function cut(text: string, px: number): string {
  const room = Math.max(4, Math.floor(px / charWidth));
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`;
}

export function FlowDiagram({ flows, show, modelled, label, height }: Props) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const [hover, setHover] = useState<string | null>(null);
  const uid = useUid('flow');
  const vertical = width > 0 && width < 640;
  const drawing = useMemo(() => {
    if (width === 0) return null;
    const frame = { width, vertical, nodeWidth: vertical ? 10 : 12, nodeGap: vertical ? 14 : 26 };
    if (!vertical) return layoutFlows(flows, { ...frame, height, padStart: 0, padEnd: 0 });
    const layers = layoutFlows(flows, { ...frame, height: 100, padStart: 0, padEnd: 0 }).layers;
    return layoutFlows(flows, { ...frame, height: Math.max(1, layers - 1) * 86 + 10, padStart: 0, padEnd: 0 });
  }, [flows, width, vertical, height]);

  const total = useMemo(() => {
    const targets = new Set(flows.map((f) => f.to));
    return drawing?.nodes.filter((n) => !targets.has(n.id)).reduce((sum, n) => sum + n.value, 0) ?? 0;
  }, [drawing, flows]);
  const role = new Map(drawing?.nodes.map((n, i) => [n.id, roleOf(n.id, i)]));
  const drawnHeight = vertical ? Math.max(1, (drawing?.layers ?? 1) - 1) * 86 + 10 : height;
  const share = (v: number) => (total > 0 ? `${formatNumber((100 * v) / total, { significant: 2 })} %` : '');

  return (
    <figure class="flows">
      <div ref={ref} class="flows-frame">
        {drawing && drawing.nodes.length > 0 && (
          <svg
            class={`sankey ${vertical ? 'vertical' : ''}`}
            viewBox={vertical ? `0 -34 ${width} ${drawnHeight + 34}` : `0 -6 ${width} ${drawnHeight + 12}`}
            width={width}
            height={vertical ? drawnHeight + 34 : drawnHeight + 12}
            role="img"
            aria-label={label}
            onMouseLeave={() => setHover(null)}
          >
            <defs>
              <pattern id={`${uid}-hatch`} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                <line class="hatch" x1="0" y1="0" x2="0" y2="6" />
              </pattern>
              {drawing.bands.map((b, i) => (
                <linearGradient key={`${b.from}>${b.to}`} id={`${uid}-${i}`} gradientUnits="userSpaceOnUse" x1={b.x0} y1={vertical ? b.y0 : 0} x2={vertical ? b.x0 : b.x1} y2={vertical ? b.y1 : 0}>
                  <stop offset="0" class={`stop ${role.get(b.from)}`} />
                  <stop offset="1" class={`stop ${role.get(b.to)}`} />
                </linearGradient>
              ))}
            </defs>
            {drawing.bands.map((b, i) => {
              const name = `${b.from} → ${b.to}`;
              const dim = hover !== null && hover !== b.from && hover !== b.to && hover !== name;
              return (
                <g key={name} class={`band ${dim ? 'dim' : ''}`} onMouseEnter={() => setHover(name)}>
                  <title>{`${name}: ${show(b.value)}, ${share(b.value)}${modelled ? ', modelled' : ''}`}</title>
                  <path d={b.path} fill={`url(#${uid}-${i})`} />
                  {modelled && <path d={b.path} fill={`url(#${uid}-hatch)`} />}
                </g>
              );
            })}
            {drawing.nodes.map((n) => (
              <g key={n.id} onMouseEnter={() => setHover(n.id)}>
                <title>{`${n.id}: ${show(n.value)}, ${share(n.value)}`}</title>
                <rect class={`node ${role.get(n.id)}`} x={n.x} y={n.y} width={Math.max(1, n.width)} height={Math.max(1, n.height)} rx="1.5" />
              </g>
            ))}
            {vertical ? <LabelsAbove nodes={drawing.nodes} width={width} show={show} /> : <LabelsBeside nodes={drawing.nodes} width={width} height={height} layers={drawing.layers} show={show} share={share} />}
          </svg>
        )}
      </div>
      <figcaption>
        {modelled !== undefined && (
          <span class="key">
            <svg width="26" height="12" aria-hidden="true">
              <rect width="26" height="12" rx="2" class="key-fill" />
              {modelled && <path d="M2 12 10 0M9 12 17 0M16 12 24 0" class="hatch" />}
            </svg>
            {modelled ? 'hatched: modelled, not measured' : 'plain: measured'}
          </span>
        )}
        <FlowTable flows={inOrder(flows, drawing?.nodes ?? [])} show={show} />
      </figcaption>
    </figure>
  );
}

/** Left to right: labels stand beside their node, kept apart within a layer. */
function LabelsBeside({ nodes, width, height, layers, show, share }: {
  nodes: NodeBox[]; width: number; height: number; layers: number; show: (v: number) => string; share: (v: number) => string;
}) {
  const room = width / Math.max(1, layers - 1) - 26;
  const columns = new Map<number, NodeBox[]>();
  for (const n of nodes) columns.set(n.x, [...(columns.get(n.x) ?? []), n]);
  return (
    <>
      {[...columns.values()].flatMap((column) => {
        const at = spread(column.map((n) => n.y + n.height / 2), column.map(() => 34), height);
        return column.map((n, i) => {
          const end = n.x + n.width > width - 30;
          const x = end ? n.x - 7 : n.x + n.width + 7;
          return (
            <text key={n.id} class="node-label" x={x} y={at[i]! - 2} text-anchor={end ? 'end' : 'start'}>
              {cut(n.id, room)}
              <tspan class="node-value" x={x} dy="15">{`${show(n.value)} · ${share(n.value)}`}</tspan>
            </text>
          );
        });
      })}
    </>
  );
}

/** Top to bottom: labels stand above their node, side by side. */
function LabelsAbove({ nodes, width, show }: { nodes: NodeBox[]; width: number; show: (v: number) => string }) {
  const rows = new Map<number, NodeBox[]>();
  for (const n of nodes) rows.set(n.y, [...(rows.get(n.y) ?? []), n]);
  return (
    <>
      {[...rows.values()].flatMap((row) => {
        const room = width / row.length - 8;
        const names = row.map((n) => cut(n.id, room));
        const sizes = row.map((n, i) => Math.max(names[i]!.length, show(n.value).length) * charWidth + 8);
        const at = spread(row.map((n) => n.x + n.width / 2), sizes, width);
        return row.map((n, i) => (
          <text key={n.id} class="node-label" x={at[i]} y={n.y - 20} text-anchor="middle">
            {names[i]}
            <tspan class="node-value" x={at[i]} dy="14">{show(n.value)}</tspan>
          </text>
        ));
      })}
    </>
  );
}

/** Down the line, the larger first. */
function inOrder(flows: readonly Flow[], nodes: readonly NodeBox[]): Flow[] {
  const layer = new Map(nodes.map((n) => [n.id, n.layer]));
  return [...flows].sort((a, b) => (layer.get(a.from) ?? 0) - (layer.get(b.from) ?? 0) || b.value - a.value);
}

function FlowTable({ flows, show }: { flows: readonly Flow[]; show: (v: number) => string }) {
  return (
    <details class="as-table">
      <summary>As a table</summary>
      <div class="scroll" tabIndex={0} role="region" aria-label="Flows as a table">
        <table>
          <thead><tr><th scope="col">From</th><th scope="col">To</th><th scope="col" class="n">Amount</th></tr></thead>
          <tbody>
            {flows.map((f, i) => (
              <tr key={i}><td>{f.from}</td><td>{f.to}</td><td class="n">{show(f.value)}</td></tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
