/** Coordinated omission: a server that stands still for 5 s, seen by our open loop and by a closed one. */
import { startReference } from '../../test/reference-llm.ts';
import type { Row } from '../bench.ts';
import { ending, measured, pinned, quantile, SERVER_CORE } from './sides.ts';

const STALL = { at: 6, for: 5 };
const SECONDS = 20;
const RATE = 50;

export async function stall(): Promise<Row[]> {
  const { loaded } = await measured(
    { rates: [`${RATE} req/s`], settle: '1 s', window: `${SECONDS} s` },
    { stall: STALL },
  );
  const open = loaded.value('ttft', 0.99);
  const closed = await closedLoop();
  return [
    {
      figure: `TTFT p99 with a stall of ${STALL.for} s, open loop, s`,
      measured: open === undefined ? ending(loaded) : open.toFixed(3),
      peer: `${closed.p99.toFixed(3)} (closed loop of 4, ${closed.of} requests)`,
      target: '> 4, and the closed loop < 1',
      met: (open ?? 0) > 4 && closed.p99 < 1,
    },
  ];
}

/** What a tool does that sends the next request when the last one is answered. */
async function closedLoop() {
  const server = await startReference({ stall: STALL }, pinned(SERVER_CORE));
  const times: number[] = [];
  const until = performance.now() + SECONDS * 1e3;
  const body = JSON.stringify({
    model: 'reference',
    max_tokens: 2,
    stream: true,
    messages: [{ role: 'user', content: 'one' }],
  });
  const worker = async () => {
    while (performance.now() < until) {
      const began = performance.now();
      const answer = await fetch(`${server.url}/v1/chat/completions`, { method: 'POST', body });
      let text = '';
      let first: number | undefined;
      for await (const bytes of answer.body ?? []) {
        text += Buffer.from(bytes as Uint8Array).toString('latin1');
        // The role comes first and is no token.
        if (text.includes(' w0')) first ??= (performance.now() - began) / 1e3;
      }
      if (first !== undefined) times.push(first);
    }
  };
  await Promise.all(Array.from({ length: 4 }, worker));
  await server.stop();
  return { p99: quantile(times, 0.99), of: times.length };
}
