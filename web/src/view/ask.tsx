// A box to ask a question: the answer as it comes, then what it cost.
import { useEffect, useRef, useState } from 'preact/hooks';
import { readAnswer, type Status } from '../lib/answer.ts';
import { ask, type Cost } from '../lib/chat.ts';
import type { Client } from '../lib/client.ts';
import { failureOf, isAbort, type Failure } from '../lib/failure.ts';
import { asArray, asObject, asText } from '../lib/json.ts';
import { showMeasure } from '../lib/measure.ts';
import { formatCount, quantityText } from '../lib/units.ts';
import { FailureNote } from './failure_note.tsx';
import { MethodTag, Value } from './measure_view.tsx';

interface Exchange {
  question: string;
  model: string;
  answer: string;
  state: 'waiting' | 'streaming' | 'done' | 'cancelled' | 'failed';
  finish: string;
  answerId: string;
  cost: Cost | null;
  ms: number;
  failure: Failure | null;
}

const suggestions = ['What is 12 + 7?', 'What is the capital of France?', 'Reverse the word lamp.'];
const maxTokens = 256;

export function Ask({ client, status, connected }: { client: Client; status: Status | null; connected: boolean }) {
  const [models, setModels] = useState<string[]>([]);
  const [chosen, setChosen] = useState('');
  const [text, setText] = useState('');
  const [exchange, setExchange] = useState<Exchange | null>(null);
  const running = useRef<AbortController | null>(null);
  const box = useRef<HTMLTextAreaElement>(null);
  const [listFailure, setListFailure] = useState('');

  useEffect(() => {
    if (!connected) return;
    const controller = new AbortController();
    client.get('/v1/models', controller.signal).then(
      (json) => {
        setModels(asArray(asObject(json).data).map((m) => asText(asObject(m).id)).filter(Boolean));
        setListFailure('');
      },
      (error: unknown) => {
        if (!controller.signal.aborted) setListFailure(failureOf(error).message);
      },
    );
    return () => controller.abort();
  }, [connected, status?.models.map((m) => m.id).join('\n')]);
  useEffect(() => () => running.current?.abort(), []);

  const builtin = new Set(status?.models.filter((m) => m.builtin).map((m) => m.id));
  const model = models.includes(chosen) ? chosen : (models[0] ?? '');
  const busy = exchange?.state === 'waiting' || exchange?.state === 'streaming';

  const send = async (question: string) => {
    if (busy || !question.trim()) {
      box.current?.focus();
      return;
    }
    const controller = new AbortController();
    running.current = controller;
    const begin = performance.now();
    let held: Exchange = {
      question: question.trim(), model, answer: '', state: 'waiting', finish: '', answerId: '', cost: null, ms: 0, failure: null,
    };
    let drawing = 0;
    const put = (change: Partial<Exchange>, now = true) => {
      held = { ...held, ...change };
      cancelAnimationFrame(drawing);
      // Tokens may come faster than the screen shows them.
      if (now) setExchange(held);
      else drawing = requestAnimationFrame(() => setExchange(held));
    };
    put({});
    try {
      for await (const piece of ask(client, { model, text: held.question, maxTokens }, controller.signal)) {
        if (piece.kind === 'begun') put({ answerId: piece.answerId });
        else if (piece.kind === 'text') put({ answer: held.answer + piece.text, state: 'streaming' }, false);
        else if (piece.kind === 'finish') put({ finish: piece.reason }, false);
        else put({ cost: piece.cost, answerId: piece.answerId || held.answerId }, false);
      }
      if (!held.cost && held.answerId) put({ cost: await lateCost(client, held.answerId) });
      put({ state: 'done', ms: performance.now() - begin });
    } catch (error) {
      const ms = performance.now() - begin;
      if (isAbort(error)) put({ state: 'cancelled', ms });
      else {
        const failure = failureOf(error);
        put({ state: 'failed', ms, failure, answerId: held.answerId || failure.answerId });
      }
    } finally {
      if (running.current === controller) running.current = null;
    }
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && busy) running.current?.abort();
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    void send(text);
  };

  return (
    <section class="card ask" aria-labelledby="ask-title">
      <h2 id="ask-title">Ask</h2>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          void send(text);
        }}
      >
        <div class="question">
          <label class="visually-hidden" for="question">Question</label>
          <textarea
            id="question"
            ref={box}
            rows={2}
            value={text}
            placeholder="Ask something; Enter sends"
            aria-describedby="ask-help"
            onInput={(e) => setText(e.currentTarget.value)}
            onKeyDown={onKeyDown}
          />
          <div class="controls">
            <label>
              <span class="visually-hidden">Model</span>
              <select value={model} disabled={models.length === 0} onChange={(e) => setChosen(e.currentTarget.value)}>
                {models.length === 0 && <option value="">no models</option>}
                {models.map((m) => <option key={m} value={m}>{builtin.has(m) ? `${m} (built in)` : m}</option>)}
              </select>
            </label>
            {/* Keys: one element for both would submit the form by the click that cancels. */}
            {busy
              ? <button key="cancel" type="button" class="cancel" onClick={() => running.current?.abort()}>Cancel</button>
              : <button key="submit" type="submit" class="primary" disabled={models.length === 0}>Ask</button>}
          </div>
        </div>
        <p id="ask-help" class="soft hint">
          {listFailure ? `The models cannot be listed: ${listFailure}` : builtin.has(model) ? (
            <>
              A tiny model built for a few tasks. Try{' '}
              {suggestions.map((s, i) => (
                <span key={s}>
                  {i > 0 && ' '}
                  <button type="button" class="chip" disabled={busy} onClick={() => { setText(s); void send(s); }}>{s}</button>
                </span>
              ))}
            </>
          ) : 'Each question stands alone. Shift+Enter begins a new line, Escape cancels.'}
        </p>
      </form>
      {exchange && <ExchangeView exchange={exchange} />}
      <div role="status" class="visually-hidden">{exchange && announcement(exchange)}</div>
    </section>
  );
}

/** Where the stream told no cost, the account may still hold it. */
async function lateCost(client: Client, id: string): Promise<Cost | null> {
  try {
    const a = readAnswer(await client.get(`/api/v1/answers/${encodeURIComponent(id)}`));
    return a && { energy: a.energy, carbon: a.carbon, water: a.water, tokensIn: a.tokensIn, tokensOut: a.tokensOut };
  } catch {
    return null; // said on the page as "no cost"
  }
}

function announcement(e: Exchange): string {
  if (e.state === 'waiting') return 'Waiting for the answer.';
  if (e.state === 'cancelled') return 'Cancelled.';
  if (e.state === 'done') return `Answer: ${e.answer} Cost: ${showMeasure(e.cost?.energy ?? null)?.text ?? 'not known'}.`;
  return '';
}

function ExchangeView({ exchange: e }: { exchange: Exchange }) {
  const busy = e.state === 'waiting' || e.state === 'streaming';
  return (
    <div class={`exchange ${e.state}`} aria-busy={busy}>
      <p class="asked"><span class="visually-hidden">You asked: </span>{e.question}</p>
      {(busy || e.state === 'done' || e.answer !== '') && (
        <p class="answered" data-testid="answer">
          {e.answer}
          {busy && <span class="caret" aria-hidden="true" />}
          {e.state === 'done' && e.answer === '' && <span class="soft">(an empty answer)</span>}
        </p>
      )}
      {e.failure && <FailureNote failure={e.failure} />}
      {e.state === 'cancelled' && <p class="soft">Cancelled.{e.answerId && ' What was spent until then is on the account.'}</p>}
      {(e.state === 'cancelled' || e.state === 'failed') && e.answerId && <p><a href={`#/answers/${encodeURIComponent(e.answerId)}`}>Details</a></p>}
      {e.state === 'done' && e.finish === 'length' && <p class="soft">Cut off at {maxTokens} tokens.</p>}
      {e.cost ? <Receipt cost={e.cost} exchange={e} /> : e.state === 'done' && <p class="soft">The server told no cost of this answer.</p>}
    </div>
  );
}

function Receipt({ cost, exchange }: { cost: Cost; exchange: Exchange }) {
  const method = cost.energy?.method;
  return (
    <dl class="receipt" data-testid="cost">
      <div><dt>Energy</dt><dd><Value measure={cost.energy} interval /></dd></div>
      <div><dt>Carbon</dt><dd><Value measure={cost.carbon} /></dd></div>
      <div><dt>Water</dt><dd><Value measure={cost.water} /></dd></div>
      <div><dt>Tokens</dt><dd>{formatCount(cost.tokensIn)} in, {formatCount(cost.tokensOut)} out</dd></div>
      {exchange.ms > 0 && <div><dt>Round trip</dt><dd>{quantityText(exchange.ms, 'ms', { significant: 3 })}</dd></div>}
      {method && <div><dt class="visually-hidden">Method</dt><dd><MethodTag method={method} /></dd></div>}
      {exchange.answerId && <div><dt class="visually-hidden">More</dt><dd><a href={`#/answers/${encodeURIComponent(exchange.answerId)}`}>Details</a></dd></div>}
    </dl>
  );
}
