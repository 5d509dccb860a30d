// The answers as they come, newest first; each opens to its details.
import { Fragment } from 'preact';
import { useState } from 'preact/hooks';
import type { Answer } from '../lib/answer.ts';
import type { Connection } from '../lib/live.ts';
import { formatCount, quantityText } from '../lib/units.ts';
import { AnswerDetails } from './answer_details.tsx';
import { MethodTag, Value } from './measure_view.tsx';

interface Props {
  answers: Answer[];
  fresh: ReadonlySet<string>;
  total: number | null;
  connection: Connection;
}

const firstShown = 25;

export function AnswersTable({ answers, fresh, total, connection }: Props) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [limit, setLimit] = useState(firstShown);
  const toggle = (id: string) =>
    setOpen((held) => {
      const next = new Set(held);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  return (
    <section class="card answers" aria-labelledby="answers-title">
      <div class="head">
        <h2 id="answers-title">Answers</h2>
        <p class="soft">{answers.length > 0 && (total !== null && total > answers.length ? `the last ${formatCount(answers.length)} of ${formatCount(total)}, newest first` : 'newest first')}</p>
      </div>
      {answers.length === 0 ? (
        <p class="empty soft">{connection === 'connecting' ? 'Reading …' : total === null ? 'Nothing has been read yet.' : 'None yet.'}</p>
      ) : (
        <div class="scroll" tabIndex={0} role="region" aria-label="Table of answers">
          <table class="answers-table">
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">Model</th>
                <th scope="col">Status</th>
                <th scope="col" class="n wide">Tokens in</th>
                <th scope="col" class="n wide">out</th>
                <th scope="col" class="n wide">Latency</th>
                <th scope="col" class="n">Energy</th>
                <th scope="col" class="n wide">Carbon</th>
                <th scope="col" class="n wide">Water</th>
                <th scope="col" class="wide">Method</th>
              </tr>
            </thead>
            <tbody>
              {answers.slice(0, limit).map((a) => (
                <Row key={a.id} answer={a} open={open.has(a.id)} fresh={fresh.has(a.id)} onToggle={() => toggle(a.id)} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {answers.length > limit && (
        <p class="more"><button type="button" class="quiet" onClick={() => setLimit(limit + 75)}>Show more</button></p>
      )}
    </section>
  );
}

export function timeOf(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? '–' : date.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
}

function Row({ answer: a, open, fresh, onToggle }: { answer: Answer; open: boolean; fresh: boolean; onToggle: () => void }) {
  const detailsId = `details-${a.id}`;
  const onRowClick = (event: MouseEvent) => {
    const target = event.target as Element;
    // Its own button tells the keyboard and screen readers; text that is being selected is no click.
    if (target.closest('button, a') || String(getSelection())) return;
    onToggle();
  };
  return (
    <Fragment>
      <tr class={`answer ${fresh ? 'fresh' : ''} ${open ? 'open' : ''}`} onClick={onRowClick}>
        <td>
          <button type="button" class="row-open" aria-expanded={open} aria-controls={open ? detailsId : undefined} onClick={onToggle} title={a.time}>
            <svg viewBox="0 0 8 8" width="8" height="8" aria-hidden="true"><path d="M2 1l4 3-4 3z" /></svg>
            <time dateTime={a.time}>{timeOf(a.time)}</time>
          </button>
        </td>
        <td class="model" title={a.model}>{a.model || '–'}</td>
        <td><span class={`status ${a.status}`} title={a.error || undefined}>{a.status}</span></td>
        <td class="n wide">{formatCount(a.tokensIn)}</td>
        <td class="n wide">{formatCount(a.tokensOut)}</td>
        <td class="n wide">{a.latencyMs === null ? '–' : quantityText(a.latencyMs, 'ms', { significant: 3 })}</td>
        <td class="n"><Value measure={a.energy} interval /></td>
        <td class="n wide"><Value measure={a.carbon} /></td>
        <td class="n wide"><Value measure={a.water} /></td>
        <td class="wide">{a.energy ? <MethodTag method={a.energy.method} /> : '–'}</td>
      </tr>
      {open && (
        <tr class="details" id={detailsId}>
          <td colSpan={10}><AnswerDetails answer={a} link /></td>
        </tr>
      )}
    </Fragment>
  );
}
