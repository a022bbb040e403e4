/** Our marks as free-form tags: keys without dots, case matters, ten a resource at most. */
import { expiryTag, readOwnership, requestToken, type Ownership } from '../cloud/ownership.ts';

const RUN_TAG = 'assay-run';
const OWNER_TAG = 'assay-owner';
const EXPIRES_TAG = 'assay-expires';
/** Which of the plan's places it is in: members find their cluster by it. */
const PLACE_TAG = 'assay-place';

type Tags = Readonly<Record<string, string>> | null | undefined;

/** Free-form tags of every creating call. */
export function tagsOf(marks: Ownership, place?: string): Record<string, string> {
  return {
    [RUN_TAG]: marks.run,
    [OWNER_TAG]: marks.owner,
    [EXPIRES_TAG]: expiryTag(marks),
    ...(place !== undefined && { [PLACE_TAG]: placeMark(place) }),
  };
}

/** Marks of a thing; undefined: it is not ours. */
export function marksOf(tags: Tags): Ownership | undefined {
  return readOwnership(tags?.[RUN_TAG], tags?.[OWNER_TAG], tags?.[EXPIRES_TAG]);
}

/** Mark of the place; undefined: it has none. */
export function placeOf(tags: Tags): string | undefined {
  return tags?.[PLACE_TAG];
}

/** A place of a plan as tags carry it. */
export function placeMark(place: string): string {
  return requestToken(16, place);
}
