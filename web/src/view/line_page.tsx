// The first page: where the energy went, what it came to, a box to ask, and the answers.
import { useState } from 'preact/hooks';
import type { Client } from '../lib/client.ts';
import { addMeasures, perToken } from '../lib/measure.ts';
import { formatCount, quantityText } from '../lib/units.ts';
import type { LiveState } from '../lib/live.ts';
import { AnswersTable } from './answers_table.tsx';
import { Ask } from './ask.tsx';
import { FlowDiagram } from './flow_diagram.tsx';
import { Totals } from './totals.tsx';

type Shown = 'energy' | 'carbon';

export function LinePage({ state, client }: { state: LiveState; client: Client }) {
  return (
    <>
      <TheLine state={state} />
      <Totals {...totalsOf(state)} />
      <Ask client={client} status={state.status} connected={state.connection !== 'lost' && state.connection !== 'locked'} />
      <AnswersTable answers={state.answers} fresh={state.fresh} total={state.line?.answers ?? null} connection={state.connection} />
    </>
  );
}

/** Energy per token over all answers where the server counts the tokens, else over those listed. */
function totalsOf(state: LiveState) {
  const { line, answers } = state;
  if (line && line.tokensOut !== null) {
    return { line, each: perToken(line.energy, line.tokensOut), eachOf: 'of the answers’ tokens' };
  }
  const counted = answers.filter((a) => a.tokensOut !== null && a.tokensOut > 0 && a.energy?.value != null);
  const tokens = counted.reduce((sum, a) => sum + (a.tokensOut ?? 0), 0);
  return {
    line,
    each: perToken(addMeasures(counted.map((a) => a.energy)), tokens),
    eachOf: line && counted.length < line.answers ? `of the last ${formatCount(counted.length)} answers’ tokens` : 'of the answers’ tokens',
  };
}

function TheLine({ state }: { state: LiveState }) {
  const [shown, setShown] = useState<Shown>('energy');
  const { line } = state;
  const unit = shown === 'energy' ? 'J' : 'gCO2e';
  const flows = (line?.links ?? []).map((l) => ({ from: l.from, to: l.to, value: shown === 'energy' ? l.energyJ : l.carbonG }));
  const total = shown === 'energy' ? line?.energy : line?.carbon;
  const since = line?.since && !Number.isNaN(Date.parse(line.since)) ? new Date(line.since) : null;
  const empty = !flows.some((f) => f.value > 0);
  return (
    <section class="card line" aria-labelledby="line-title">
      <div class="head">
        <div>
          <h1 id="line-title">The line, from grid to token</h1>
          <p class="soft">
            {line && line.answers > 0
              ? `Where the ${shown} of ${line.answers === 1 ? 'one answer' : `${formatCount(line.answers)} answers`} went${since ? `, since ${since.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })}` : ''}`
              : 'Where the energy of each answer goes'}
          </p>
        </div>
        <div class="toggle" role="group" aria-label="Show the line in">
          {(['energy', 'carbon'] as const).map((s) => (
            <button type="button" key={s} aria-pressed={shown === s} onClick={() => setShown(s)}>
              {s === 'energy' ? 'Energy' : 'Carbon'}
            </button>
          ))}
        </div>
      </div>
      {empty ? (
        <div class="empty">
          {state.connection === 'connecting'
            ? <p class="soft">Reading …</p>
            : !line ? <p class="soft">Nothing has been read yet.</p>
            : line.answers > 0
              ? <p>The answers so far hold no {shown} that could be drawn.</p>
              : <p>No answers yet. Ask something below, or point any OpenAI client at <code>{location.origin}/v1</code>.</p>}
        </div>
      ) : (
        <FlowDiagram
          flows={flows}
          show={(v) => quantityText(v, unit, { significant: 3, keepZeros: true })}
          modelled={total?.method !== 'measured'}
          label={`Sankey diagram of ${shown} from the grid to the answers`}
          height={260}
        />
      )}
    </section>
  );
}
