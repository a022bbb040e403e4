/** Who may ask for what: method, host, size, token; before a path is looked at. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Characters of a request's target. */
const TARGET = 2048;

const COOKIE = 'assay-token';

export interface Guard {
  /** Host names (with port) that a request may name; undefined: any, the token stands for it. */
  readonly hosts?: readonly string[];
  readonly token?: string;
}

/** Why a request is refused, or how it goes on. */
export type Admission =
  | { readonly refused: number; readonly why: string }
  | { readonly path: string; readonly search: URLSearchParams; readonly cookie?: string };

/** Decides on the head of a request alone; a body is never read. */
export function admit(request: IncomingMessage, guard: Guard): Admission {
  const { method = '', headers, url = '' } = request;
  if (method !== 'GET' && method !== 'HEAD')
    return { refused: 405, why: 'only reading is offered' };
  if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) {
    return { refused: 413, why: 'a request has no body here' };
  }
  if (url.length > TARGET) return { refused: 414, why: 'the address is too long' };
  const host = headers.host ?? '';
  if (guard.hosts !== undefined && !guard.hosts.includes(host.toLowerCase())) {
    return { refused: 421, why: 'another host was asked for' };
  }
  const [path = '', query = ''] = url.split('?', 2);
  const search = new URLSearchParams(query);
  return { path, search, ...authenticate(request, search, guard.token) };
}

/** A token in the address is swapped for a cookie, so that it stays out of later addresses. */
function authenticate(
  request: IncomingMessage,
  search: URLSearchParams,
  token: string | undefined,
): { refused: number; why: string } | { cookie?: string } {
  if (token === undefined) return {};
  const given = search.get('token');
  if (given !== null && same(given, token)) {
    return { cookie: `${COOKIE}=${digest(token)}; HttpOnly; SameSite=Strict; Path=/` };
  }
  const cookies = (request.headers.cookie ?? '').split(';').map((one) => one.trim());
  const kept = cookies.find((one) => one.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1) ?? '';
  if (same(kept, digest(token))) return {};
  return { refused: 401, why: 'open the address that assay serve printed: it carries the token' };
}

/** What the browser keeps: not the token itself. */
function digest(token: string): string {
  return createHash('sha256').update(`assay cookie ${token}`).digest('base64url');
}

/** Compares in constant time, whatever the lengths. */
function same(one: string, other: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(one), hash(other));
}
