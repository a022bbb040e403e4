/** Coverage: planned against measured, a row a criterion, with every gap's reason. */
import type { Delivery, Subject } from '../../plan/model.ts';
import { subjectNodes } from '../../plan/subject.ts';
import type { Track } from '../criteria/track.ts';
import type { Coverage, Finding } from '../model.ts';

/**
 * @param findings every finding of the track
 * @param left whether a node was left out of a sample on purpose
 */
export function coverageOf(
  track: Track,
  findings: readonly Finding[],
  delivery: Delivery,
  found: ReadonlyMap<string, number>,
  left: (node: string) => boolean,
  sampled: Coverage['sampled'] | undefined,
): Coverage {
  const { criterion } = track;
  const narrow = criterion.per === 'accelerator';
  const gaps = new Map<string, Subject[]>();
  let planned = 0;
  let measured = 0;
  for (const finding of findings) {
    const { subject, verdict } = finding;
    const nodes = subjectNodes(subject);
    if (nodes.length > 0 && nodes.every(left)) continue;
    // A node that shows no accelerators owes as many as were bought.
    const weight = narrow && subject.kind === 'node' ? delivery.acceleratorsPerNode : 1;
    planned += weight;
    if (verdict !== 'not-tested') {
      measured += weight;
      continue;
    }
    const own = gaps.get(finding.reason) ?? [];
    gaps.set(finding.reason, own);
    own.push(subject);
  }
  if (narrow) {
    for (const [node, n] of found) {
      const lacking = delivery.acceleratorsPerNode - n;
      if (n === 0 || lacking <= 0 || left(node)) continue;
      planned += lacking;
      const why = `${lacking} of ${delivery.acceleratorsPerNode} accelerators bought are not there`;
      const own = gaps.get(why) ?? [];
      gaps.set(why, own);
      own.push({ kind: 'node', node });
    }
  }
  return {
    criterion: criterion.id,
    planned,
    measured,
    ...(sampled === undefined ? {} : { sampled }),
    gaps: [...gaps].map(([why, subjects]) => ({ subjects, why })),
  };
}
