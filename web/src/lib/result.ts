// What a capability answers, read from JSON into blocks that can be drawn.
import { asArray, asNumber, asNumbers, asObject, asText, asTexts, type Json } from './json.ts';
import { readMeasure, type Measure } from './measure.ts';
import { formatNumber, prettyUnit, unitFor } from './units.ts';

export interface EstimateBlock {
  type: 'estimate';
  name: string;
  label: string;
  measure: Measure;
  note: string;
}

export interface Column {
  name: string;
  kind: 'text' | 'number' | 'integer' | 'time' | 'flag';
  unit: string;
  help: string;
}
export type Cell = string | number | boolean | null;
export interface TableBlock {
  type: 'table';
  schema: string;
  title: string;
  caption: string;
  columns: Column[];
  rows: Cell[][];
}

export interface Axis {
  label: string;
  unit: string;
  log: boolean;
  time: boolean;
}
export interface Point {
  x: number;
  y: number | null;
  low: number | null;
  high: number | null;
}
export interface Trace {
  name: string;
  points: Point[];
}
export interface FigureBlock {
  type: 'figure';
  kind: 'line' | 'bar' | 'scatter' | 'sankey' | 'heat';
  title: string;
  caption: string;
  x: Axis;
  y: Axis;
  traces: Trace[];
  categories: string[];
  rowLabels: string[];
  cells: (number | null)[][];
  links: { from: string; to: string; value: number }[];
  valueUnit: string;
}
export interface NoteBlock {
  type: 'note';
  text: string;
}
export type Block = EstimateBlock | TableBlock | FigureBlock | NoteBlock;

export interface FactorUse {
  id: string;
  description: string;
  value: string;
  source: string;
  valid: string;
  licence: string;
}
export interface Result {
  title: string;
  blocks: Block[];
  factors: FactorUse[];
  warnings: string[];
  verdict: { holds: boolean; why: string } | null;
}

const columnKinds: readonly string[] = ['text', 'number', 'integer', 'time', 'flag'];

function readTable(json: Json): TableBlock {
  const o = asObject(json);
  const columns = asArray(o.columns).map((c): Column => {
    const column = asObject(c);
    const kind = asText(column.kind);
    return {
      name: asText(column.name),
      kind: columnKinds.includes(kind) ? (kind as Column['kind']) : 'text',
      unit: asText(column.unit),
      help: asText(column.help),
    };
  });
  const rows = asArray(o.rows).map((row) =>
    columns.map((_, i): Cell => {
      const cell = asArray(row)[i];
      return typeof cell === 'string' || typeof cell === 'number' || typeof cell === 'boolean' ? cell : null;
    }),
  );
  return { type: 'table', schema: asText(o.schema), title: asText(o.title), caption: asText(o.caption), columns, rows };
}

function readAxis(json: Json): Axis {
  const o = asObject(json);
  return { label: asText(o.label), unit: asText(o.unit), log: o.log === true, time: o.time === true };
}

function readTrace(json: Json): Trace {
  const o = asObject(json);
  const [xs, ys, lows, highs] = [asNumbers(o.x), asNumbers(o.y), asNumbers(o.low), asNumbers(o.high)];
  const points = ys.flatMap((y, i): Point[] => {
    const x = xs.length > 0 ? xs[i] : i;
    return typeof x === 'number' ? [{ x, y, low: lows[i] ?? null, high: highs[i] ?? null }] : [];
  });
  return { name: asText(o.name), points };
}

const figureKinds: readonly string[] = ['line', 'bar', 'scatter', 'sankey', 'heat'];

function readFigure(json: Json): FigureBlock {
  const o = asObject(json);
  const kind = asText(o.kind);
  return {
    type: 'figure',
    kind: figureKinds.includes(kind) ? (kind as FigureBlock['kind']) : 'line',
    title: asText(o.title),
    caption: asText(o.caption),
    x: readAxis(o.x),
    y: readAxis(o.y),
    traces: asArray(o.traces).map(readTrace),
    categories: asTexts(o.categories),
    rowLabels: asTexts(o.row_labels),
    cells: asArray(o.cells).map(asNumbers),
    links: asArray(o.links).map((l) => {
      const link = asObject(l);
      return { from: asText(link.from), to: asText(link.to), value: asNumber(link.value) ?? 0 };
    }),
    valueUnit: asText(o.value_unit),
  };
}

/** Times come as ISO text, or as a number of seconds. */
function seconds(json: Json): number | null {
  if (typeof json === 'number') return Number.isFinite(json) ? json : null;
  const ms = Date.parse(asText(json));
  return Number.isNaN(ms) ? null : ms / 1000;
}

/** A series is drawn as the line figure that it is. */
function readSeries(json: Json): FigureBlock {
  const o = asObject(json);
  const values = asNumbers(o.values);
  const points = asArray(o.times).flatMap((t, i): Point[] => {
    const x = seconds(t);
    return x === null ? [] : [{ x, y: values[i] ?? null, low: null, high: null }];
  });
  return {
    ...readFigure({}),
    title: asText(o.name),
    x: { label: 'time (UTC)', unit: '', log: false, time: true },
    y: { label: '', unit: asText(o.unit), log: false, time: false },
    traces: [{ name: asText(o.name), points }],
  };
}

function readBlock(json: Json): Block | null {
  const o = asObject(json);
  switch (o.type) {
    case 'estimate': {
      const measure = readMeasure(o);
      return measure && { type: 'estimate', name: asText(o.name), label: asText(o.label, asText(o.name)), measure, note: asText(o.note) };
    }
    case 'table': return readTable(o.table ?? o);
    case 'series': return readSeries(o.series ?? o);
    case 'figure': return readFigure(o.figure ?? o);
    case 'note': return { type: 'note', text: asText(o.text) };
    default: return null;
  }
}

export function readResult(json: Json): Result {
  const o = asObject(json);
  const verdict = asObject(o.verdict);
  return {
    title: asText(o.title),
    blocks: asArray(o.blocks).map(readBlock).filter((b) => b !== null),
    factors: asArray(o.factors).map((f) => {
      const factor = asObject(f);
      return {
        id: asText(factor.id),
        description: asText(factor.description),
        value: asText(factor.value),
        source: asText(factor.source),
        valid: asText(factor.valid),
        licence: asText(factor.licence),
      };
    }),
    warnings: asTexts(o.warnings),
    verdict: typeof verdict.holds === 'boolean' ? { holds: verdict.holds, why: asText(verdict.why) } : null,
  };
}

export interface ColumnUnit {
  unit: string;
  scale: number;
}

/**
 * The units in which columns are shown: the table's own, or, where its figures would be unreadable,
 * one that suits them. Columns of one unit share it, so that a value stands beside its interval.
 */
export function columnUnits(table: TableBlock): ColumnUnit[] {
  const largest = new Map<string, number>();
  table.columns.forEach((c, i) => {
    if (c.kind !== 'number' || !c.unit) return;
    for (const row of table.rows) {
      const cell = row[i];
      if (typeof cell === 'number') largest.set(c.unit, Math.max(largest.get(c.unit) ?? 0, Math.abs(cell)));
    }
  });
  return table.columns.map((c) => {
    const size = largest.get(c.unit) ?? 0;
    if (c.kind !== 'number' || size === 0 || (size >= 0.01 && size < 1e5)) return { unit: prettyUnit(c.unit), scale: 1 };
    return unitFor(size, c.unit);
  });
}

/** To four digits, as people read them; the CSV holds all. */
export function cellText(cell: Cell, kind: Column['kind'], scale = 1): string {
  if (cell === null || cell === '') return '–';
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no';
  if (kind === 'flag' && typeof cell === 'number') return cell ? 'yes' : 'no';
  if (typeof cell === 'number') return kind === 'integer' ? String(cell) : formatNumber(cell * scale, { significant: 4 });
  return kind === 'time' ? cell.replace('T', ' ').replace(/(\.\d+)?Z$/, '') : cell;
}

/** RFC 4180, raw numbers. A cell that a spreadsheet would run as a formula is defused. */
export function tableCsv(table: TableBlock): string {
  const cell = (value: Cell): string => {
    let text = value === null ? '' : String(value);
    if (typeof value === 'string' && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const head = table.columns.map((c) => cell(c.unit ? `${c.name} [${c.unit}]` : c.name));
  return [head, ...table.rows.map((row) => row.map(cell))].map((row) => row.join(',') + '\r\n').join('');
}

export interface JobState {
  state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
  progress: number; // 0..1
  what: string;
  result: Json;
  error: Json;
}

export function readJob(json: Json): JobState {
  const o = asObject(json);
  const states: readonly string[] = ['queued', 'running', 'done', 'failed', 'cancelled'];
  const state = asText(o.state);
  return {
    state: states.includes(state) ? (state as JobState['state']) : 'running',
    progress: Math.min(1, Math.max(0, asNumber(o.progress) ?? 0)),
    what: asText(o.what),
    result: o.result ?? null,
    error: o.error ?? null,
  };
}
