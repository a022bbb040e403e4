/** Fault reports of a provider: one a node, prepared always, sent only when that is asked. */
import { HarnessError } from '../../plan/errors.ts';
import type { Fault, FaultReport } from '../model.ts';
import { isGone } from './rest.ts';

/** Longest description that is sent. */
const MOST = 1000;

/** What came of sending. */
export type Said = Pick<FaultReport, 'sent' | 'problem'>;

/** The provider's call for one fault. */
interface Prepared {
  /** As the provider spells it. */
  readonly request: Readonly<Record<string, unknown>>;
  /** @returns its answer, or why it says nothing @throws {HarnessError} its refusal */
  readonly send?: () => Promise<string | Said>;
  /** Why it can't be sent by us. */
  readonly problem?: string;
}

/**
 * @param operation the provider's name of the call
 * @param prepare from the machine's id; undefined: that is no id of the provider's
 */
export async function reportEach(
  faults: readonly Fault[],
  operation: string,
  prepare: (id: string, fault: Fault) => Prepared | undefined,
  send: boolean,
): Promise<readonly FaultReport[]> {
  const reports: FaultReport[] = [];
  for (const fault of faults) {
    const { node } = fault;
    const id = fault.identity.find(({ kind }) => kind === 'provider-id')?.value;
    const prepared = id === undefined ? undefined : prepare(id, fault);
    if (prepared === undefined) {
      const problem = 'no id of a machine is known for it';
      reports.push({ node, operation, request: {}, problem });
      continue;
    }
    const { request, problem } = prepared;
    const report = { node, operation, request, ...(problem !== undefined && { problem }) };
    reports.push(
      send && prepared.send !== undefined
        ? { ...report, ...(await answer(prepared.send)) }
        : report,
    );
  }
  return reports;
}

/**
 * Sends where the machine is known: region after region.
 *
 * @throws {HarnessError} a refusal; the last region's where none knows it
 */
export async function whereKnown(
  regions: readonly string[],
  send: (region: string) => Promise<string | Said>,
): Promise<string | Said> {
  let refusal: unknown = new TypeError('the plan names no region');
  for (const region of regions) {
    try {
      return await send(region);
    } catch (error) {
      if (!isGone(error)) throw error;
      refusal = error;
    }
  }
  throw refusal;
}

/** What was found, for the provider's people. */
export function descriptionOf({ reasons }: Fault): string {
  return reasons.join('; ').slice(0, MOST);
}

async function answer(send: NonNullable<Prepared['send']>): Promise<Said> {
  try {
    const said = await send();
    return typeof said === 'string' ? { sent: said } : said;
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    return { problem: error.message };
  }
}
