/** Exit codes as DESIGN.md lists them; 2, 4 from errors, 70, 130 and 143 from bin/main.ts. */
import type { CampaignResult } from '../campaign/setup.ts';
import type { LotWord } from '../verdicts/model.ts';

/** accept 0, reject 1, else 3. */
export function lotExit(verdict: LotWord): 0 | 1 | 3 {
  switch (verdict) {
    case 'accept':
      return 0;
    case 'reject':
      return 1;
    case 'inconclusive':
    case 'not-tested':
      return 3;
  }
}

/** What a run ends with: 4 where nothing was judged or something could not be given back. */
export function runExit(result: CampaignResult): 0 | 1 | 3 | 4 {
  if (result.unreleased.length > 0 || !result.sealed || result.judgement === undefined) return 4;
  return lotExit(result.judgement.verdict.lot.verdict);
}
