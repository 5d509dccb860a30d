// What the program can do, as it declares it, and what a filled form becomes: a request body, and
// the command line that does the same.
import { asArray, asNumber, asObject, asText, asTexts, type Json } from './json.ts';

export type FieldKind =
  | 'quantity' | 'integer' | 'number' | 'flag' | 'enumeration' | 'text' | 'file' | 'reference' | 'list';

export interface Field {
  name: string;
  kind: FieldKind;
  unit: string;
  help: string;
  required: boolean;
  positional: boolean;
  rest: boolean;
  secret: boolean;
  fallback: Json; // the default
  choices: string[];
  catalog: string;
  group: string;
  minimum: number | null;
  maximum: number | null;
}

export interface Capability {
  id: string; // "ledger/green-algorithms"
  room: string;
  name: string;
  summary: string;
  description: string;
  verb: string;
  cost: string;
  /** Whether it answers over HTTP; what executes commands does not. */
  open: boolean;
  fields: Field[];
}

const kinds: readonly string[] = [
  'quantity', 'integer', 'number', 'flag', 'enumeration', 'text', 'file', 'reference', 'list',
];

export function readField(json: Json): Field {
  const o = asObject(json);
  const kind = asText(o.kind);
  return {
    name: asText(o.name),
    kind: kinds.includes(kind) ? (kind as FieldKind) : 'text',
    unit: asText(o.unit),
    help: asText(o.help),
    required: o.required === true,
    positional: o.positional === true,
    rest: o.rest === true,
    secret: o.secret === true,
    fallback: o.default ?? null,
    choices: asTexts(o.choices),
    catalog: asText(o.catalog),
    group: asText(o.group),
    minimum: asNumber(o.minimum),
    maximum: asNumber(o.maximum),
  };
}

export function readCapabilities(json: Json): Capability[] {
  return asArray(asObject(json).capabilities)
    .map((c): Capability => {
      const o = asObject(c);
      const room = asText(o.room);
      const name = asText(o.name);
      return {
        id: asText(o.id, `${room}/${name}`),
        room,
        name,
        summary: asText(o.summary),
        description: asText(o.description),
        verb: asText(o.verb),
        cost: asText(o.cost),
        open: !/command/.test(asText(o.doors)) && asText(o.cost) !== 'service',
        fields: asArray(o.fields).map(readField).filter((f) => f.name !== ''),
      };
    })
    .filter((c) => c.room !== '' && c.name !== '');
}

export interface Upload {
  name: string;
  content: string;
}
/** What a form control holds: text as typed, a tick, or a file that was read. */
export type FieldInput = string | boolean | Upload | null;
export type FormInput = Record<string, FieldInput>;

/** What stands in the form before anybody touched it. */
export function initialInput(field: Field): FieldInput {
  if (field.kind === 'flag') return field.fallback === true;
  if (field.kind === 'file') return null;
  if (field.kind === 'list') return asTexts(field.fallback).join('\n');
  if (field.kind === 'enumeration') return asText(field.fallback, field.required ? '' : (field.choices[0] ?? ''));
  return '';
}

/** The default as the hint in an empty control: "1.5", "12 h". */
export function placeholder(field: Field): string {
  const text = asText(field.fallback);
  if (text === '' || field.required || field.kind === 'file' || field.kind === 'flag') return '';
  // Defaults come as numbers of the field's unit or as text that already names one.
  return typeof field.fallback === 'number' && field.unit ? `${text} ${field.unit}` : text;
}

export interface FormProblem {
  field: string;
  message: string;
}

export interface FilledForm {
  body: Record<string, unknown>;
  problems: FormProblem[];
}

const plainNumber = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** What was left untouched is left out: the program's own defaults hold. */
export function fillForm(fields: readonly Field[], input: FormInput): FilledForm {
  const body: Record<string, unknown> = {};
  const problems: FormProblem[] = [];
  for (const field of fields) {
    const held = input[field.name] ?? initialInput(field);
    if (field.kind === 'flag') {
      if (held !== (field.fallback === true)) body[field.name] = held === true;
      continue;
    }
    if (field.kind === 'file') {
      if (held && typeof held === 'object') body[field.name] = held;
      else if (field.required) problems.push({ field: field.name, message: 'Choose a file.' });
      continue;
    }
    const text = typeof held === 'string' ? held.trim() : '';
    if (text === '') {
      if (field.required) problems.push({ field: field.name, message: 'This is needed.' });
      continue;
    }
    const problem = put(body, field, text);
    if (problem) problems.push({ field: field.name, message: problem });
  }
  return { body, problems };
}

/** Returns what is wrong; ranges of quantities are the server's to check, as it knows their units. */
function put(body: Record<string, unknown>, field: Field, text: string): string {
  switch (field.kind) {
    case 'integer':
    case 'number': {
      const value = Number(text);
      if (!plainNumber.test(text) || !Number.isFinite(value)) return `“${text}” is not a number.`;
      if (field.kind === 'integer' && !Number.isSafeInteger(value)) return `“${text}” is not a whole number.`;
      if (field.minimum !== null && value < field.minimum) return `It must be at least ${field.minimum}.`;
      if (field.maximum !== null && value > field.maximum) return `It must be at most ${field.maximum}.`;
      body[field.name] = value;
      return '';
    }
    case 'quantity':
      if (!/^[+-]?\.?\d/.test(text))
        return `“${text}” does not begin with a number. Write for example “12 ${field.unit}”.`.replace(' ”', '”');
      body[field.name] = plainNumber.test(text) ? Number(text) : text;
      return '';
    case 'list':
      body[field.name] = text.split('\n').map((s) => s.trim()).filter((s) => s !== '');
      return '';
    case 'enumeration':
      if (text !== asText(field.fallback)) body[field.name] = text;
      return '';
    default:
      body[field.name] = text;
      return '';
  }
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The words that give the same result at a terminal. */
export function commandLine(capability: Capability, body: Record<string, unknown>): string {
  const words = ['wattline', capability.room, capability.name];
  const positionals: string[] = [];
  const rest: string[] = [];
  for (const field of capability.fields) {
    const value = body[field.name];
    if (value === undefined) continue;
    const option = `--${field.name}`;
    if (field.secret) words.push(option, '…');
    else if (field.kind === 'flag') words.push(value === true ? option : `--no-${field.name}`);
    else if (field.kind === 'file') {
      const name = quoted(asText(asObject(value).name));
      if (field.positional) positionals.push(name);
      else words.push(option, name);
    } else {
      const values = (Array.isArray(value) ? value : [value]).map((v) => quoted(asText(v)));
      if (field.rest) rest.push(...values);
      else if (field.positional) positionals.push(...values);
      else for (const v of values) words.push(option, v);
    }
  }
  words.push(...positionals);
  if (rest.length > 0) words.push('--', ...rest);
  return words.join(' ');
}

export interface RoomGroup {
  room: string;
  capabilities: Capability[];
}

/** By room in the order given, those that hold every word of the search. */
export function grouped(capabilities: readonly Capability[], search: string): RoomGroup[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const groups = new Map<string, Capability[]>();
  for (const c of capabilities) {
    const text = `${c.room} ${c.name} ${c.summary} ${c.verb}`.toLowerCase();
    if (!words.every((w) => text.includes(w))) continue;
    const group = groups.get(c.room);
    if (group) group.push(c);
    else groups.set(c.room, [c]);
  }
  return [...groups].map(([room, list]) => ({ room, capabilities: list }));
}
