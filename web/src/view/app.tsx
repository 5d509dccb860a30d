// The frame: header, the view that the address names, footer.
import { useEffect, useRef } from 'preact/hooks';
import type { Client } from '../lib/client.ts';
import type { Live, LiveState } from '../lib/live.ts';
import { AnswerPage } from './answer_page.tsx';
import { CapabilitiesPage } from './capabilities_page.tsx';
import { CapabilityPage } from './capability_page.tsx';
import { ConnectionNotice, Header } from './header.tsx';
import { useHash, useLive } from './hooks.ts';
import { LinePage } from './line_page.tsx';

interface Props {
  client: Client;
  live: Live;
  onKey: (key: string) => void;
}

export type Route =
  | { page: 'line' }
  | { page: 'answer'; id: string }
  | { page: 'capabilities' }
  | { page: 'capability'; id: string }
  | { page: 'lost' };

export function routeOf(hash: string): Route {
  let parts: string[];
  try {
    parts = hash.replace(/^#\/?/, '').split('/').filter(Boolean).map(decodeURIComponent);
  } catch {
    return { page: 'lost' };
  }
  const [first, second, third] = parts;
  if (first === undefined || first === 'main') return { page: 'line' };
  if (first === 'answers' && second !== undefined && parts.length === 2) return { page: 'answer', id: second };
  if (first === 'capabilities' && parts.length === 1) return { page: 'capabilities' };
  if (first === 'capabilities' && second !== undefined && third !== undefined) return { page: 'capability', id: `${second}/${third}` };
  return { page: 'lost' };
}

const titles: Record<Route['page'], string> = {
  line: 'Wattline: from grid to token',
  answer: 'Answer · Wattline',
  capabilities: 'Capabilities · Wattline',
  capability: 'Capability · Wattline',
  lost: 'Not found · Wattline',
};

export function App({ client, live, onKey }: Props) {
  const state = useLive(live);
  const hash = useHash();
  const route = routeOf(hash);
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  const where = route.page === 'capability' || route.page === 'answer' ? `${route.page}/${route.id}` : route.page;
  useEffect(() => {
    document.title = route.page === 'capability' ? `${route.id} · Wattline` : titles[route.page];
    if (first.current) {
      first.current = false;
      return;
    }
    // A new page is read from its top, by eye and by screen reader.
    scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [where]);

  const skip = (event: Event) => {
    event.preventDefault();
    main.current?.focus();
  };
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>Skip to the content</a>
      <Header state={state} page={route.page} />
      <ConnectionNotice state={state} onRetry={() => live.start()} onKey={onKey} />
      <main id="main" ref={main} tabIndex={-1}>
        <View route={route} state={state} client={client} />
      </main>
      <footer>
        <p>
          Wattline {state.status?.version}. Every figure says how it is known. <a href="/metrics">Metrics</a> · <a href="/api/v1/answers">Answers as JSON</a> ·{' '}
          <a href="licences.txt">Licences</a>
        </p>
      </footer>
    </>
  );
}

function View({ route, state, client }: { route: Route; state: LiveState; client: Client }) {
  switch (route.page) {
    case 'line': return <LinePage state={state} client={client} />;
    case 'answer': return <AnswerPage key={route.id} id={route.id} client={client} />;
    case 'capabilities': return <CapabilitiesPage client={client} />;
    case 'capability': return <CapabilityPage key={route.id} id={route.id} client={client} />;
    case 'lost':
      return (
        <div class="card empty">
          <h1>There is no such page</h1>
          <p><a href="#/">Go to the line</a></p>
        </div>
      );
  }
}
