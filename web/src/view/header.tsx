// Who is served from where, how it is known, and whether the page is still connected.
import { useState } from 'preact/hooks';
import { sentence } from '../lib/failure.ts';
import type { Connection, LiveState } from '../lib/live.ts';
import { readMethod } from '../lib/measure.ts';
import { formatNumber } from '../lib/units.ts';
import { useClock } from './hooks.ts';
import { MethodTag } from './measure_view.tsx';

const connectionWords: Record<Connection, string> = {
  connecting: 'connecting',
  live: 'live',
  polling: 'live, by asking',
  lost: 'lost',
  locked: 'key needed',
};

export function Header({ state, page }: { state: LiveState; page: string }) {
  const place = state.line?.place.name ? state.line.place : state.status?.place;
  const current = (name: string) => (page.startsWith(name) ? { 'aria-current': 'page' as const } : {});
  return (
    <header class="top">
      <a class="brand" href="#/" aria-label="Wattline: the line">
        <svg viewBox="0 0 44 24" width="44" height="24" aria-hidden="true">
          <path d="M2 14h9l5-11 7 19 5-13 3 5h6" />
          <circle cx="40" cy="14" r="2.6" />
        </svg>
        <span>Wattline</span>
      </a>
      <nav aria-label="Pages">
        <a href="#/" {...current(page === 'answer' ? 'answer' : 'line')}>The line</a>
        <a href="#/capabilities" {...current('capabilit')}>Capabilities</a>
      </nav>
      <dl class="facts">
        {place?.name && (
          <div>
            <dt>Place</dt>
            <dd title={place.code}>
              {place.name}
              {place.intensity !== null && <span class="soft"> {formatNumber(place.intensity, { significant: 3 })} g CO₂e/kWh</span>}
            </dd>
          </div>
        )}
        <div>
          <dt>Connection</dt>
          <dd class={`connection ${state.connection}`}>{connectionWords[state.connection]}</dd>
        </div>
      </dl>
      {state.status?.explanation && (
        <details class="how">
          <summary>
            How energy is known here <MethodTag method={readMethod(state.status.method)} />
            {state.status.warnings.length > 0 && <span class="warn-text"> {state.status.warnings.join('; ')}</span>}
          </summary>
          <p>{sentence(state.status.explanation)}</p>
          <ul>
            <li><MethodTag method="measured" /> read from a counter of this machine</li>
            <li><MethodTag method="declared" /> stated by somebody, taken over unchecked</li>
            <li><MethodTag method="modelled" /> computed from other figures; shown with ≈</li>
          </ul>
          <p>The range beside a figure holds the true value with 95 % confidence.</p>
        </details>
      )}
    </header>
  );
}

interface NoticeProps {
  state: LiveState;
  onRetry: () => void;
  onKey: (key: string) => void;
}

export function ConnectionNotice({ state, onRetry, onKey }: NoticeProps) {
  const now = useClock(1000, state.connection === 'lost');
  const [key, setKey] = useState('');
  const [tried, setTried] = useState(false);
  const seconds = Math.max(0, Math.ceil((state.retryAt - now) / 1000));
  return (
    <>
      <div role="status" class="visually-hidden">
        {state.connection === 'lost' ? 'Connection lost.' : state.connection === 'locked' ? 'A key is needed.' : ''}
      </div>
      {state.connection === 'lost' && (
        <div class="notice bad">
          <p>
            <strong>Connection lost.</strong> {state.why}{' '}
            {state.heardAt > 0 && <>What you see is from {new Date(state.heardAt).toLocaleTimeString()}. </>}
            {seconds > 0 ? `Trying again in ${seconds} s.` : 'Trying again …'}
          </p>
          <button type="button" onClick={onRetry}>Try now</button>
        </div>
      )}
      {state.connection === 'locked' && (
        <form
          class="notice"
          onSubmit={(e) => {
            e.preventDefault();
            if (!key.trim()) return;
            setTried(true);
            onKey(key.trim());
          }}
        >
          <label for="key">{tried ? state.why : 'This Wattline answers only those who have its key.'}</label>
          <input id="key" type="password" autocomplete="off" value={key} onInput={(e) => setKey(e.currentTarget.value)} />
          <button type="submit">Use this key</button>
        </form>
      )}
    </>
  );
}
