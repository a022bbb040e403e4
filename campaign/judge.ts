/** The verdict again from evidence on disk, with the run's criteria or amended ones; beside the run. */
import { join, resolve } from 'node:path';
import type { Plan } from '../plan/model.ts';
import type { Judgement } from '../verdicts/model.ts';
import { readJson, writeJson } from './directory/json.ts';
import { writeLater } from './directory/later.ts';
import { planShape, privateShape } from './directory/shapes.ts';
import { isThere } from './directory/writer.ts';
import { writeResults } from './results.ts';
import type { CreateJudge, Units } from './units.ts';

/**
 * Judges a sealed run again and writes plan.json, verdict.json, findings and the rest under `later/<n>/`.
 *
 * @param setup.amended the plan to judge by; absent: the run's own
 * @returns where it is written, and the judgement
 * @throws {HarnessError} RUN_UNREADABLE, EVIDENCE_MISSING, EVIDENCE_HASH_MISMATCH, DISK_FULL
 */
export async function judgeRun(
  path: string,
  setup: {
    readonly amended?: Plan;
    readonly units: Units;
    readonly createJudge: CreateJudge;
    readonly version: string;
    readonly at: Date;
  },
): Promise<{ readonly folder: string; readonly judgement: Judgement }> {
  const root = resolve(path);
  const own = await readJson(join(root, 'plan.json'), 'plan', 1, planShape);
  const plan = setup.amended ?? own;
  const file = join(root, 'private.json');
  const names = (await isThere(file))
    ? await readJson(file, 'private', 1, privateShape)
    : undefined;
  const { units, createJudge, version, at } = setup;
  const amended = setup.amended !== undefined;
  const judgements: Judgement[] = [];
  const folder = await writeLater(root, { kind: 'judge', version, at }, async (into) => {
    await writeJson(join(into, 'plan.json'), plan);
    const given = { path: root, plan, amended, ...(names && { names }), units, createJudge };
    judgements.push((await writeResults(given, into)).judgement);
  });
  const [judgement] = judgements;
  if (judgement === undefined) throw new Error('nothing was judged');
  return { folder, judgement };
}
