/** Where requests go and what they carry: one OpenAI-compatible server. */
import { prompt } from './prompt.ts';
import type { Scheduled } from './schedule.ts';
import type { LoadSettings } from './settings.ts';

/** What a thread needs of the settings; the key comes apart, from the environment. */
export type TargetSettings = Pick<
  LoadSettings,
  'url' | 'api' | 'model' | 'body' | 'seed' | 'timeout'
> & { readonly key?: string };

/** Base of the API's paths: the URL may end in /v1 or not. */
export function apiBase(url: string): { readonly origin: string; readonly base: string } {
  const { origin, pathname } = new URL(url);
  return { origin, base: pathname.replace(/\/+$/u, '').replace(/\/v1$/u, '') };
}

/** Headers of a request; the key is in them and nowhere else. */
export function headersFor(key: string | undefined): Readonly<Record<string, string>> {
  return {
    'content-type': 'application/json',
    accept: 'text/event-stream',
    ...(key !== undefined && { authorization: `Bearer ${key}` }),
  };
}

/** A request's id for the server's log: of UUID 4's shape, which some servers insist on. */
export function requestId(window: number, index: number): string {
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
  return `${hex(window, 8)}-0000-4000-8000-${hex(index, 12)}`;
}

/** Path, headers and bodies of the requests. */
export function target(settings: TargetSettings) {
  const { api, model, body: more, seed } = settings;
  const { origin, base } = apiBase(settings.url);
  const fields = {
    model,
    stream: true,
    stream_options: { include_usage: true },
    ...more,
  };
  // The prompt is plain words: it needs no escaping, and the rest is spelled once.
  const rest = JSON.stringify(fields).slice(1);
  return {
    origin,
    path: `${base}/v1/${api === 'chat' ? 'chat/completions' : 'completions'}`,
    headers: headersFor(settings.key),
    body({ index, input, output }: Scheduled, window: number): string {
      const text = prompt(input, seed, window, index);
      const asked =
        api === 'chat' ? `"messages":[{"role":"user","content":"${text}"}]` : `"prompt":"${text}"`;
      return `{${asked},"max_tokens":${output},${rest}`;
    },
  };
}
