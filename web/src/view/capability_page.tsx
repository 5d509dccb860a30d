// One capability: its form, how to do the same at a terminal, and the result.
import { useEffect, useRef, useState } from 'preact/hooks';
import { commandLine, fillForm, initialInput, type Capability, type FormInput, type FormProblem } from '../lib/capability.ts';
import type { Client } from '../lib/client.ts';
import { Failure, failureFromJson, failureOf, isAbort } from '../lib/failure.ts';
import { asObject, asText } from '../lib/json.ts';
import { readJob, readResult, type JobState, type Result } from '../lib/result.ts';
import { useCapabilities } from './capabilities_page.tsx';
import { FailureNote } from './failure_note.tsx';
import { FieldControl } from './field_control.tsx';
import { ResultView } from './result_view.tsx';

export function CapabilityPage({ id, client }: { id: string; client: Client }) {
  const { list, failure, retry } = useCapabilities(client);
  const capability = list?.find((c) => `${c.room}/${c.name}` === id);
  return (
    <section class="capability">
      <p class="back"><a href="#/capabilities">← Capabilities</a></p>
      {failure && (
        <div class="card">
          <FailureNote failure={failure} />
          <p><button type="button" onClick={retry}>Try again</button></p>
        </div>
      )}
      {!list && !failure && <p class="soft">Reading …</p>}
      {list && !capability && <div class="card empty"><h1>{id}</h1><p>This build has no such capability.</p></div>}
      {capability && <CapabilityForm capability={capability} all={list ?? []} client={client} />}
    </section>
  );
}

interface Run {
  state: 'idle' | 'running' | 'done' | 'failed' | 'cancelled';
  job: JobState | null;
  result: Result | null;
  failure: Failure | null;
  /** The form was changed after this came. */
  stale: boolean;
}

const idle: Run = { state: 'idle', job: null, result: null, failure: null, stale: false };
const pollMs = 400;

function CapabilityForm({ capability: c, all, client }: { capability: Capability; all: Capability[]; client: Client }) {
  const [input, setInput] = useState<FormInput>(() => Object.fromEntries(c.fields.map((f) => [f.name, initialInput(f)])));
  const [problems, setProblems] = useState<FormProblem[]>([]);
  const [run, setRun] = useState<Run>(idle);
  const running = useRef<AbortController | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const outcome = useRef<HTMLDivElement>(null);
  useEffect(() => () => running.current?.abort(), []);

  const filled = fillForm(c.fields, input);
  const complain = (list: FormProblem[]) => {
    setProblems(list);
    const first = list[0];
    if (first) (form.current?.elements.namedItem(first.field) as HTMLElement | null)?.focus();
  };

  const submit = async () => {
    if (run.state === 'running') return;
    if (filled.problems.length > 0) return complain(filled.problems);
    setProblems([]);
    const controller = new AbortController();
    running.current = controller;
    setRun({ ...idle, state: 'running' });
    try {
      const result = await perform(client, c, filled.body, controller.signal, (job) => setRun((r) => ({ ...r, job })));
      setRun({ ...idle, state: 'done', result });
    } catch (error) {
      if (isAbort(error)) setRun({ ...idle, state: 'cancelled' });
      else {
        const failure = failureOf(error);
        setRun({ ...idle, state: 'failed', failure });
        const field = c.fields.find((f) => f.name === failure.where.replace(/^--/, ''));
        if (field) complain([{ field: field.name, message: failure.message }]);
      }
    }
  };
  useEffect(() => {
    if (run.state === 'done') outcome.current?.focus({ preventScroll: false });
  }, [run.state]);

  const groups = [...new Set(c.fields.map((f) => f.group))];
  return (
    <>
      <div class="card">
        <h1><span class="soft">{c.room}</span> {c.name}</h1>
        <p class="lead">{c.summary}</p>
        {c.description && c.description !== c.summary && (
          <details class="description"><summary>Method and limits</summary><p>{c.description}</p></details>
        )}
        {c.open ? (
          <form
            ref={form}
            noValidate
            onSubmit={(e) => {
              e.preventDefault();
              void submit();
            }}
          >
            {groups.map((group) => (
              <fieldset key={group}>
                {group && <legend>{group}</legend>}
                <div class="fields">
                  {c.fields.filter((f) => f.group === group).map((f) => (
                    <FieldControl
                      key={f.name}
                      field={f}
                      value={input[f.name] ?? null}
                      problem={problems.find((p) => p.field === f.name)?.message ?? ''}
                      names={all.some((other) => other.open && other.room === 'catalog' && other.name === f.catalog) ? client : null}
                      onInput={(value) => {
                        setInput((held) => ({ ...held, [f.name]: value }));
                        setProblems((held) => held.filter((p) => p.field !== f.name));
                        setRun((r) => (r.result && !r.stale ? { ...r, stale: true } : r));
                      }}
                    />
                  ))}
                </div>
              </fieldset>
            ))}
            <div class="actions">
              {/* Keys: one element for both would submit the form by the click that cancels. */}
              {run.state === 'running'
                ? <button key="cancel" type="button" class="cancel" onClick={() => running.current?.abort()}>Cancel</button>
                : <button key="submit" type="submit" class="primary">Compute</button>}
              {problems.length > 0 && <span class="bad-text" role="alert">{problems.length === 1 ? 'One field needs a look.' : `${problems.length} fields need a look.`}</span>}
            </div>
          </form>
        ) : (
          <p>This reads the machine or runs commands, so it works at the command line only:</p>
        )}
        <Terminal line={c.open ? commandLine(c, filled.body) : `wattline ${c.room} ${c.name} --help`} />
      </div>
      <div ref={outcome} tabIndex={-1} class="outcome" aria-busy={run.state === 'running'}>
        {run.state === 'running' && <Progress job={run.job} />}
        {run.state === 'cancelled' && <p class="card soft" role="status">Cancelled.</p>}
        {run.failure && <div class="card"><FailureNote failure={run.failure} /></div>}
        {run.result && run.stale && <p class="stale" role="status">The form has changed since. Below stands the result of what was in it before.</p>}
        {run.result && <ResultView result={run.result} />}
      </div>
    </>
  );
}

/** At once, or as a job that is watched until it has ended; a cancelled watch cancels the job. */
async function perform(
  client: Client, c: Capability, body: Record<string, unknown>, signal: AbortSignal, onJob: (job: JobState) => void,
): Promise<Result> {
  const path = `/api/v1/${encodeURIComponent(c.room)}/${encodeURIComponent(c.name)}`;
  const { status, json } = await client.request(path, { body, signal, timeoutMs: 120_000 });
  const job = asText(asObject(json).job);
  if (status !== 202 || !job) return readResult(json);
  const jobPath = `/api/v1/jobs/${encodeURIComponent(job)}`;
  try {
    for (;;) {
      const state = readJob(await client.get(jobPath, signal));
      onJob(state);
      if (state.state === 'done') return readResult(state.result);
      if (state.state === 'failed') throw failureFromJson(state.error ? { error: state.error } : {}, 0, 'The job failed.');
      if (state.state === 'cancelled') throw new DOMException('cancelled', 'AbortError');
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(resolve, pollMs);
        signal.addEventListener('abort', () => { clearTimeout(timer); reject(new DOMException('cancelled', 'AbortError')); }, { once: true });
      });
    }
  } catch (error) {
    if (signal.aborted) void client.request(jobPath, { method: 'DELETE' }).catch(() => undefined); // it may have ended meanwhile
    throw error;
  }
}

function Progress({ job }: { job: JobState | null }) {
  const percent = Math.round((job?.progress ?? 0) * 100);
  return (
    <div class="card progress" role="status">
      <p>{job?.what || (job?.state === 'queued' ? 'Waiting for its turn …' : 'Computing …')}</p>
      {job && <progress max={100} value={percent} aria-label="Progress">{percent} %</progress>}
    </div>
  );
}

function Terminal({ line }: { line: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () => {
    navigator.clipboard?.writeText(line).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 1500);
    }, () => undefined); // a browser may refuse; the text can still be selected
  };
  return (
    <div class="terminal">
      <code>{line}</code>
      {'clipboard' in navigator && <button type="button" class="quiet" onClick={copy}>{copied ? 'Copied' : 'Copy'}</button>}
    </div>
  );
}
