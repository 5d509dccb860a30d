// Starts the page.
import { render } from 'preact';
import './app.css';
import { Client } from './lib/client.ts';
import { Live } from './lib/live.ts';
import { App } from './view/app.tsx';

const keyName = 'wattline-key'; // kept for this tab only

const client = new Client((input, init) => fetch(input, init));
client.setKey(sessionStorage.getItem(keyName) ?? '');
const live = new Live(client);

function useKey(key: string): void {
  sessionStorage.setItem(keyName, key);
  client.setKey(key);
  live.start();
}

render(<App client={client} live={live} onKey={useKey} />, document.getElementById('app')!);
live.start();
