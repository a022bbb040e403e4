/** The judge as every command uses it: with the companion's rule for what held a slow part back. */
import type { CreateJudge } from '../campaign/units.ts';
import { attribute } from '../suites/companion/cause.ts';
import { createJudge as judge } from '../verdicts/judge.ts';

export const createJudge: CreateJudge = (setup) => judge({ ...setup, attribute });
