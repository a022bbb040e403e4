/** Our marks as EC2's tags. */
import type { Tag } from '@aws-sdk/client-ec2';
import { expiryTag, readOwnership, type Ownership } from '../cloud/ownership.ts';

/** Tag keys: legal in instance metadata too (no space, no slash). */
export const RUN_TAG = 'assay:run';
const OWNER_TAG = 'assay:owner';
const EXPIRES_TAG = 'assay:expires';

/** The tags of a creating call. */
export function tagsOf(marks: Ownership): Tag[] {
  return [
    { Key: RUN_TAG, Value: marks.run },
    { Key: OWNER_TAG, Value: marks.owner },
    { Key: EXPIRES_TAG, Value: expiryTag(marks) },
    { Key: 'Name', Value: `assay-${marks.run}` },
  ];
}

/** Marks of a tag set; undefined: it is not ours. */
export function marksOf(tags: readonly Tag[] | undefined): Ownership | undefined {
  const value = (key: string) => tags?.find((tag) => tag.Key === key)?.Value;
  return readOwnership(value(RUN_TAG), value(OWNER_TAG), value(EXPIRES_TAG));
}
