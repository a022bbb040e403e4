/** Every suite, one line each: adding a suite is a folder and a line here. */
import type { Entry } from '../plan/model.ts';
import type { Suite } from './model.ts';

export const suites: readonly Entry<Suite>[] = [];
