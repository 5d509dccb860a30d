// Everything the program can do, by room.
import { useEffect, useState } from 'preact/hooks';
import { grouped, readCapabilities, type Capability } from '../lib/capability.ts';
import type { Client } from '../lib/client.ts';
import { failureOf, type Failure } from '../lib/failure.ts';
import { FailureNote } from './failure_note.tsx';

/** The list, read once per page. */
export function useCapabilities(client: Client): { list: Capability[] | null; failure: Failure | null; retry: () => void } {
  const [list, setList] = useState<Capability[] | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    setFailure(null);
    client.get('/api/v1/capabilities', controller.signal).then(
      (json) => setList(readCapabilities(json)),
      (error: unknown) => {
        if (!controller.signal.aborted) setFailure(failureOf(error));
      },
    );
    return () => controller.abort();
  }, [attempt]);
  return { list, failure, retry: () => setAttempt((n) => n + 1) };
}

/** What the rooms are about, for who meets them first. */
const rooms: Record<string, string> = {
  catalog: 'devices, models, places and factors that are known',
  physics: 'models of power and of work',
  study: 'whether a difference is one',
  meter: 'what machines draw',
  ledger: 'the account of what was spent',
  device: 'work on real devices, predicted',
  lm: 'the built-in language models',
  learn: 'training',
  serve: 'the gateway',
  program: 'Wattline itself',
};

export function CapabilitiesPage({ client }: { client: Client }) {
  const { list, failure, retry } = useCapabilities(client);
  const [search, setSearch] = useState('');
  const groups = grouped(list ?? [], search);
  const found = groups.reduce((n, g) => n + g.capabilities.length, 0);
  return (
    <section class="capabilities">
      <div class="head">
        <div>
          <h1>Capabilities</h1>
          <p class="soft">Everything that can be asked here. The command line has the same, and also runs and measures programs.</p>
        </div>
        {list && list.length > 0 && (
          <label class="search">
            <span class="visually-hidden">Search the capabilities</span>
            <input type="search" placeholder="Search" value={search} onInput={(e) => setSearch(e.currentTarget.value)} />
          </label>
        )}
      </div>
      <div role="status" class="visually-hidden">{search && `${found} found`}</div>
      {failure && (
        <div class="card">
          <FailureNote failure={failure} />
          <p><button type="button" onClick={retry}>Try again</button></p>
        </div>
      )}
      {!list && !failure && <p class="soft">Reading …</p>}
      {list && found === 0 && <p class="card empty">{list.length === 0 ? 'This build has none.' : `Nothing matches “${search}”.`}</p>}
      {groups.map((g) => (
        <section key={g.room} class="room" aria-labelledby={`room-${g.room}`}>
          <h2 id={`room-${g.room}`}>{g.room}{rooms[g.room] && <span class="soft"> {rooms[g.room]}</span>}</h2>
          <ul class="tiles">
            {g.capabilities.map((c) => (
              <li key={c.id}>
                <a class="tile" href={`#/capabilities/${encodeURIComponent(c.room)}/${encodeURIComponent(c.name)}`}>
                  <span class="tile-name">{c.name}</span>
                  <span class="tile-summary">{c.summary}</span>
                  <span class="tile-marks">
                    {c.verb && <span class="mark">{c.verb}</span>}
                    {c.cost === 'job' && <span class="mark">takes a while</span>}
                    {!c.open && <span class="mark">command line only</span>}
                  </span>
                </a>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </section>
  );
}
