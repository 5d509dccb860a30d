// The control that suits a field, with its label, unit, hint and what is wrong with it.
import { useRef, useState } from 'preact/hooks';
import { placeholder, type Field, type FieldInput } from '../lib/capability.ts';
import type { Client } from '../lib/client.ts';
import { readResult } from '../lib/result.ts';
import { prettyUnit } from '../lib/units.ts';
import { useUid } from './hooks.ts';

interface Props {
  field: Field;
  value: FieldInput;
  problem: string;
  /** Where the names of a catalog can be read, or null. */
  names: Client | null;
  onInput: (value: FieldInput) => void;
}

const fileLimit = 64 * 1024 * 1024;

export function FieldControl({ field: f, value, problem, names, onInput }: Props) {
  const id = useUid('field');
  const describedBy = `${id}-help`;
  const common = {
    id,
    name: f.name,
    'aria-describedby': describedBy,
    'aria-invalid': problem !== '',
    'aria-required': f.required,
  };
  const label = f.name.replace(/-/g, ' ');
  if (f.kind === 'flag')
    return (
      <div class="field flag">
        <label for={id}>
          <input {...common} aria-required={undefined} type="checkbox" checked={value === true} onChange={(e) => onInput(e.currentTarget.checked)} />
          {label}
        </label>
        <Help id={describedBy} field={f} problem={problem} />
      </div>
    );
  return (
    <div class={`field ${f.kind} ${problem ? 'wrong' : ''}`}>
      <label for={id}>
        {label}
        {f.unit && f.kind === 'quantity' && <span class="unit" aria-hidden="true"> {prettyUnit(f.unit)}</span>}
        {f.required && <span class="required"> needed</span>}
      </label>
      <div class="control">
        <Control field={f} value={value} common={common} names={names} onInput={onInput} />
      </div>
      <Help id={describedBy} field={f} problem={problem} />
    </div>
  );
}

function Help({ id, field: f, problem }: { id: string; field: Field; problem: string }) {
  // A maximum that only guards the program against nonsense tells people nothing.
  const maximum = f.maximum !== null && f.maximum < 1e5 ? f.maximum : null;
  const range =
    f.kind !== 'integer' && f.kind !== 'number' ? ''
      : f.minimum !== null && maximum !== null ? `${f.minimum} to ${maximum}`
        : f.minimum !== null ? `at least ${f.minimum}` : maximum !== null ? `at most ${maximum}` : '';
  return (
    <p class="help soft" id={id}>
      {problem && <span class="bad-text">{problem} </span>}
      {f.help}
      {range && !f.help.includes(range) && `${f.help ? '; ' : ''}${range}`}
      {f.unit && f.kind === 'quantity' && <span class="visually-hidden"> in {f.unit}, or with a unit</span>}
      {f.kind === 'list' && (f.help ? '; one a line' : 'one a line')}
    </p>
  );
}

function Control({ field: f, value, common, names, onInput }: {
  field: Field; value: FieldInput; common: Record<string, unknown> & { id: string }; names: Client | null; onInput: (value: FieldInput) => void;
}) {
  const text = typeof value === 'string' ? value : '';
  const onText = (e: { currentTarget: { value: string } }) => onInput(e.currentTarget.value);
  switch (f.kind) {
    case 'enumeration':
      return (
        <select {...common} value={text} onChange={onText}>
          {text === '' && <option value="">choose …</option>}
          {f.choices.map((c) => <option key={c} value={c}>{c}</option>)}
        </select>
      );
    case 'file': return <FileControl value={value} common={common} onInput={onInput} />;
    case 'list': return <textarea {...common} rows={2} value={text} placeholder={placeholder(f)} onInput={onText} />;
    case 'reference': return <ReferenceControl field={f} text={text} common={common} names={names} onText={onText} />;
    case 'integer':
    case 'number':
    case 'quantity':
      return <input {...common} type="text" inputMode={f.kind === 'quantity' ? 'text' : 'decimal'} autocomplete="off" spellcheck={false} value={text} placeholder={placeholder(f)} onInput={onText} />;
    default:
      return f.secret
        ? <input {...common} type="password" autocomplete="off" value={text} onInput={onText} />
        : <input {...common} type="text" autocomplete="off" value={text} placeholder={placeholder(f)} onInput={onText} />;
  }
}

function FileControl({ value, common, onInput }: {
  value: FieldInput; common: Record<string, unknown>; onInput: (value: FieldInput) => void;
}) {
  const [problem, setProblem] = useState('');
  const choose = async (file: File | undefined) => {
    setProblem('');
    onInput(null);
    if (!file) return;
    if (file.size > fileLimit) return setProblem('The file is over 64 MB: use the command line for it.');
    try {
      onInput({ name: file.name, content: await file.text() });
    } catch {
      setProblem('The file cannot be read.');
    }
  };
  const held = value && typeof value === 'object' ? value : null;
  return (
    <>
      <input {...common} type="file" onChange={(e) => void choose(e.currentTarget.files?.[0])} />
      {held && <span class="soft">{held.content.length.toLocaleString('en')} characters</span>}
      {problem && <span class="bad-text" role="alert">{problem}</span>}
    </>
  );
}

/** Offers the names of the catalog once the control is used; any other text may be typed. */
function ReferenceControl({ field: f, text, common, names, onText }: {
  field: Field; text: string; common: Record<string, unknown> & { id: string }; names: Client | null;
  onText: (e: { currentTarget: { value: string } }) => void;
}) {
  const [choices, setChoices] = useState<{ value: string; label: string }[]>([]);
  const asked = useRef(false);
  const offer = async () => {
    if (!names || asked.current) return;
    asked.current = true;
    try {
      const { json } = await names.request(`/api/v1/catalog/${encodeURIComponent(f.catalog)}`, { body: {} });
      const table = readResult(json).blocks.find((b) => b.type === 'table');
      if (!table) return;
      setChoices(
        table.rows.slice(0, 500).map((row) => ({ value: String(row[0] ?? ''), label: typeof row[1] === 'string' ? row[1] : '' })).filter((c) => c.value),
      );
    } catch {
      asked.current = false; // the names are a help, not a need: asked again next time
    }
  };
  const listId = `${common.id}-names`;
  return (
    <>
      <input {...common} type="text" list={listId} autocomplete="off" spellcheck={false} value={text} placeholder={placeholder(f) || `from the catalog of ${f.catalog || 'names'}`} onFocus={() => void offer()} onInput={onText} />
      <datalist id={listId}>
        {choices.map((c) => <option key={c.value} value={c.value}>{c.label}</option>)}
      </datalist>
    </>
  );
}
