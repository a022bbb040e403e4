/** Our marks as Azure's tags: keys know no case there, values do. */
import { expiryTag, readOwnership, requestToken, type Ownership } from '../cloud/ownership.ts';

export const RUN_TAG = 'assay-run';
const OWNER_TAG = 'assay-owner';
const EXPIRES_TAG = 'assay-expires';
/** "assay-call-3": the token of the third creating call stands on the scale set that it made or grew. */
const CALL_TAG = 'assay-call-';
/** Which of the plan's places a scale set is in. */
const PLACE_TAG = 'assay-place';

type Tags = Readonly<Record<string, string>>;

/** The tags of every creating call. */
export function tagsOf(marks: Ownership): Record<string, string> {
  return {
    [RUN_TAG]: marks.run,
    [OWNER_TAG]: marks.owner,
    [EXPIRES_TAG]: expiryTag(marks),
  };
}

/** Marks of a tag set; undefined: it is not ours. */
export function marksOf(tags: Tags | null | undefined): Ownership | undefined {
  const value = (name: string) =>
    Object.entries(tags ?? {}).find(([key]) => key.toLowerCase() === name)?.[1];
  return readOwnership(value(RUN_TAG), value(OWNER_TAG), value(EXPIRES_TAG));
}

/** Tags of one creating call at a place. */
export function callTags(place: string, ordinal: number, token: string): Record<string, string> {
  return { [PLACE_TAG]: placeMark(place), [`${CALL_TAG}${ordinal}`]: token };
}

/** Whether a scale set has taken this call already. */
export function hasTaken(tags: Tags | null | undefined, token: string): boolean {
  return Object.entries(tags ?? {}).some(
    ([key, value]) => key.toLowerCase().startsWith(CALL_TAG) && value === token,
  );
}

/** Whether a scale set is at this place. */
export function isAt(tags: Tags | null | undefined, place: string): boolean {
  return Object.entries(tags ?? {}).some(
    ([key, value]) => key.toLowerCase() === PLACE_TAG && value === placeMark(place),
  );
}

function placeMark(place: string): string {
  return requestToken(16, place);
}
