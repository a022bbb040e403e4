/** What the companion would print: one look an accelerator and one for the node, so that big fleets stay cheap. */
import type { PlacedStep, SimulatedNode } from '../../runners/model.ts';

/**
 * Values asked of the node, a metric `companion.<field>` each: sm-clock (Hz), power (W), temperature
 * (Cel), throttle (mask), cpu-steal (share), link-down (count). What it does not give is left out.
 */
export function* simulateCompanion(step: PlacedStep, node: SimulatedNode): Iterable<string> {
  const { accelerators } = node.node;
  const [gpu] = accelerators;
  const say = (record: object): string => `${JSON.stringify({ assay: 1, ...record })}\n`;
  const ask = (metric: string, of?: (typeof accelerators)[number]) =>
    node.value(metric, step.parameters, of);
  let text = '';
  if (gpu?.kind === 'gpu') {
    text += say({ kind: 'fact', name: 'kernel-log', value: 'readable' });
    for (const one of accelerators) {
      // Spelled by hand: a line an accelerator and trial. What the node does not give is left out.
      const given =
        field('sm-clock', ask('companion.sm-clock', one)) +
        field('power', ask('companion.power', one)) +
        field('temperature', ask('companion.temperature', one)) +
        field('throttle', ask('companion.throttle', one));
      const xid = node.faulty('xid', one) ? ',"xid":79' : '';
      text +=
        `{"assay":1,"kind":"watch","accelerator":${one.index},"at":0,"fields":{${given}` +
        `"ecc-uncorrected":0,"remap-uncorrectable":0,"nvlink-recovery":0${xid}}}\n`;
      if (node.faulty('row-remap', one)) {
        text += say({
          kind: 'watch',
          accelerator: one.index,
          at: 1,
          fields: { 'remap-uncorrectable': 1 },
        });
      }
    }
  }
  const down = ask('companion.link-down') ?? 0;
  const own = { 'cpu-steal': ask('companion.cpu-steal'), 'nic-link-downed': 0 };
  text += say({ kind: 'watch', at: 0, fields: own });
  if (down > 0) text += say({ kind: 'watch', at: 1, fields: { 'nic-link-downed': down } });
  yield `${text}${say({ kind: 'done', ok: true })}`;
}

function field(name: string, value: number | undefined): string {
  return value === undefined ? '' : `"${name}":${value},`;
}
