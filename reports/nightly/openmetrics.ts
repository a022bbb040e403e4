/**
 * assay.prom: a text file for node_exporter's textfile collector, in the OpenMetrics text format.
 *
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
import type { NightFile } from '../../campaign/nightly/model.ts';
import { scopeText } from './view.ts';

/** Series of one family, at most: labels cost memory at every scrape. */
const SERIES = 200;

/** The night as gauges; its last line is `# EOF`. */
export function nightMetrics(file: NightFile): string {
  const { delivery, open, nodes, rotation, missed, used, night, exit } = file;
  const of = { delivery };
  return [
    ...family('assay_night_timestamp_seconds', 'Day that the last night counts as.', [
      { labels: of, value: Date.parse(night) / 1000 },
    ]),
    ...family('assay_night_exit_code', 'Exit code of the last night.', [
      { labels: of, value: exit },
    ]),
    ...family('assay_alarms_open', 'Confirmed alarms that are open.', [
      { labels: of, value: open.length },
    ]),
    ...family(
      'assay_alarm_loss_ratio',
      'Relative loss of an open alarm, over its fresh runs.',
      open.slice(0, SERIES).map((alarm) => ({
        labels: { delivery, alarm: alarm.id, metric: alarm.metric, scope: scopeText(alarm) },
        value: alarm.loss ?? 1,
      })),
    ),
    ...family('assay_nodes_tested', 'Nodes tested in the last night.', [
      { labels: of, value: nodes.tested },
    ]),
    ...family('assay_nodes_busy', 'Nodes skipped, because they were in use.', [
      { labels: of, value: nodes.busy },
    ]),
    ...family('assay_nodes_overdue', 'Nodes not seen within the rotation.', [
      { labels: of, value: rotation.overdueNodes.length },
    ]),
    ...family('assay_nights_missed', 'Days without a night before the last one.', [
      { labels: of, value: missed.length },
    ]),
    ...family('assay_night_duration_seconds', 'Wall time of the last night.', [
      { labels: of, value: used.seconds },
    ]),
    '# EOF',
    '',
  ].join('\n');
}

interface Gauge {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

function family(name: string, help: string, series: readonly Gauge[]): readonly string[] {
  return [
    `# TYPE ${name} gauge`,
    `# HELP ${name} ${help}`,
    ...series.map(({ labels, value }) => {
      const list = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
      return `${name}{${list.join(',')}} ${value}`;
    }),
  ];
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
