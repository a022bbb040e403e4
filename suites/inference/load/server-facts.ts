/** What the server says of itself, kept as facts: its version, and the model that it serves. */
import { request } from 'undici';
import type { LoadSettings } from './settings.ts';
import { apiBase, headersFor } from './target.ts';
import { timeLimit } from '../../../plan/limit.ts';

/** Seconds. */
const LIMIT = 5;
const MOST = 65_536;

/** Where servers tell their version: vLLM and TensorRT-LLM, SGLang (its newer and its older name), llama.cpp. */
const VERSIONS = [
  ['/version', /"version"\s*:\s*"([^"\\]{1,100})"/u],
  ['/server_info', /"version"\s*:\s*"([^"\\]{1,100})"/u],
  ['/get_server_info', /"version"\s*:\s*"([^"\\]{1,100})"/u],
  ['/props', /"build_info"\s*:\s*"([^"\\]{1,100})"/u],
] as const;

/** @returns facts, and the model's name: the plan's, or the first that the server lists */
export async function askServer(
  settings: LoadSettings,
  key: string | undefined,
): Promise<{
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly model: string;
}> {
  const { origin, base } = apiBase(settings.url);
  const ask = async (path: string) => {
    try {
      const answer = await request(`${origin}${base}${path}`, {
        headers: headersFor(key),
        signal: timeLimit(LIMIT),
      });
      const text = (await answer.body.text()).slice(0, MOST);
      return answer.statusCode === 200
        ? { text, server: String(answer.headers['server'] ?? '') }
        : undefined;
    } catch {
      // A server need not have it; one that is away fails its requests.
      return undefined;
    }
  };
  const models = await ask('/v1/models');
  const listed = /"id"\s*:\s*"([^"\\]{1,200})"/u.exec(models?.text ?? '')?.[1];
  const facts: (readonly [string, string])[] = [
    ['load.node', process.version],
    ['load.threads', String(settings.threads)],
  ];
  for (const [path, pattern] of VERSIONS) {
    const version = pattern.exec((await ask(path))?.text ?? '')?.[1];
    if (version === undefined) continue;
    facts.push(['server.version', version]);
    break;
  }
  if (models !== undefined && models.server !== '') facts.push(['server.name', models.server]);
  if (listed !== undefined) facts.push(['server.model', listed]);
  return { facts, model: settings.model === '' ? (listed ?? '') : settings.model };
}
