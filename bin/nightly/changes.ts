/** Detection, as campaign/nightly takes it. */
import type { Changes } from '../../campaign/nightly/model.ts';
import { judgeFresh } from '../../verdicts/changes/confirm.ts';
import { detectNight } from '../../verdicts/changes/detect-night.ts';
import {
  addSubjects,
  loadPanel,
  startPanel,
  storePanel,
  type StoredPanel,
} from '../../verdicts/changes/panel.ts';
import { closeAlarm, rankSuspects, settleAlarm } from '../../verdicts/changes/settle.ts';
import { trendChanges } from '../../verdicts/changes/trend.ts';
import type { PanelState } from '../../verdicts/changes/state.ts';

export const changes: Changes<PanelState> = {
  start: startPanel,
  add: addSubjects,
  night: detectNight,
  fresh: judgeFresh,
  settle: settleAlarm,
  close: closeAlarm,
  suspects: rankSuspects,
  store: storePanel,
  trend: trendChanges,
  load: (stored) => loadPanel(stored as StoredPanel),
};
