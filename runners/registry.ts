/** Every runner, one line each: adding a provider is a folder and a line here. */
import type { Entry } from '../plan/model.ts';
import type { Runner } from './model.ts';

export const runners: readonly Entry<Runner>[] = [];
