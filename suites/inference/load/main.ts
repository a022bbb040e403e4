/** The load generator: its own process on the controller. Rows and windows go to stdout as protocol lines. */
import { readFile } from 'node:fs/promises';
import type { Probe, SearchPlan } from '../window/search.ts';
import { searchState } from '../window/search.ts';
import { filled } from '../serving-options.ts';
import { Crew } from './crew.ts';
import { Failure, loadWindow, say, type Load } from './load-window.ts';
import { askServer } from './server-facts.ts';
import { readSettings } from './settings.ts';
import { readTrace } from './trace.ts';

/** Name of the environment variable with the server's key; it is never printed. */
const KEY = 'ASSAY_LOAD_KEY';

const [, , text = '', template = '', address = '', port = '', traceFile] = process.argv;
const settings = readSettings(text, filled(template, address, port));
const key = process.env[KEY];
const trace = traceFile === undefined ? [] : readTrace(await readFile(traceFile, 'utf8'));

try {
  const facts = await askServer(settings, key);
  for (const [name, value] of facts.facts) say({ kind: 'fact', name, value });
  const { url, api, body, seed, timeout, threads } = settings;
  const to = {
    url,
    api,
    body,
    seed,
    timeout,
    model: facts.model,
    ...(key !== undefined && { key }),
  };
  const crew = new Crew(to, threads);
  await crew.ready();
  const load: Load = { crew, settings, trace };
  if (settings.work.kind === 'search') await search(load, settings.work);
  else await loadWindow(load, 0, settings.work);
  await crew.close();
  say({ kind: 'done', ok: true });
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  const { owner, code, message } = error;
  say({ kind: 'done', ok: false, owner, code, message });
}
// Sockets that a server keeps open are not waited for.
process.exit();

async function search(
  load: Load,
  plan: SearchPlan & { readonly settling: number; readonly requests: number },
): Promise<void> {
  const probes: Probe[] = [];
  for (;;) {
    const state = searchState(plan, probes);
    if (!('next' in state)) return;
    const { settling, requests } = plan;
    const rate = state.next;
    const figures = await loadWindow(load, probes.length, { rate, settling, requests });
    const { of, good, backlog } = figures;
    probes.push({ rate, over: of - good, of, saturated: backlog.saturated });
  }
}
