/** What telemetry of one attempt says of a slow subject in it. */
import type { Subject } from '../../plan/model.ts';
import { subjectNodes } from '../../plan/subject.ts';
import type { Reading } from '../../suites/model.ts';
import type { Attribute, Cause } from '../model.ts';

export type Telemetry = Extract<Reading, { kind: 'telemetry' }>;

/** A function that looks at the telemetry of the subject's nodes; undefined where there is none. */
export function causes(attribute: Attribute, telemetry: readonly Telemetry[]) {
  return (subject: Subject): Cause | undefined => {
    const nodes = subjectNodes(subject);
    const own = telemetry.filter((one) => nodes.includes(one.node));
    if (own.length === 0) return undefined;
    return attribute(own, subject.kind === 'accelerator' ? subject.accelerator : undefined);
  };
}
