/** The plan's block of the local runner. */
import { z } from 'zod';

export const localOptions = z.strictObject({});
