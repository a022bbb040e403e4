/** junit.xml of a night: a failing case an open alarm, an error where rotation was not kept. */
import type { NightFile, OpenAlarm } from '../../campaign/nightly/model.ts';
import { junitText } from '../junit.ts';
import { ORIGIN, parametersText } from '../words.ts';
import { scopeText } from './view.ts';

/** The night as JUnit has it; a build server shows an open alarm red until it is closed. */
export function nightJunit(file: NightFile): string {
  const { open, delivery, night, run, origin, rotation, nodes } = file;
  const byMetric = new Map<string, OpenAlarm[]>();
  for (const alarm of open) {
    byMetric.set(alarm.metric, [...(byMetric.get(alarm.metric) ?? []), alarm]);
  }
  const suites = [...byMetric].map(([metric, alarms]) => ({
    name: metric,
    passed: '',
    cases: alarms.map((alarm) => ({
      name: `${scopeText(alarm)} ${parametersText(alarm.parameters)}`,
      element: 'failure' as const,
      type: 'alarm',
      message: alarm.reason,
    })),
    tests: alarms.length,
    failures: alarms.length,
    errors: 0,
    skipped: 0,
  }));
  const late = rotation.overdueNodes.length + rotation.overdueClasses.length;
  return junitText({
    name: `assay nightly ${delivery} ${night}`,
    run,
    origin: ORIGIN[origin].label,
    tests: open.length + 1,
    failures: open.length,
    errors: late > 0 ? 1 : 0,
    skipped: 0,
    lot: {
      claim: `each node and pair class is seen within ${rotation.every} nights`,
      element: late > 0 ? 'error' : '',
      type: 'rotation',
      message: `${rotation.overdueNodes.length} nodes and ${rotation.overdueClasses.length} pair classes are overdue; ${nodes.tested} nodes were tested`,
      failures: 0,
      errors: late > 0 ? 1 : 0,
    },
    suites,
  });
}
