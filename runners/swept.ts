/** What earlier runs left with a provider, and who asks for it. */

/** Something that an earlier run left with the provider. */
export interface Leftover {
  /** The provider's id. */
  readonly id: string;
  /** The provider's word: "instance", "volume". */
  readonly kind: string;
  /** Region, zone, cluster: where it was found. */
  readonly where: string;
  /** Run that made it. */
  readonly run: string;
  /** RFC 3339; absent: it can't be read. */
  readonly expires?: string;
  readonly state: 'found' | 'deleted' | 'left';
  /** Why it is left. */
  readonly reason?: string;
}

/** What a sweep found; `blind`: where it could not look, which is not "nothing there". */
export interface Swept {
  readonly leftovers: readonly Leftover[];
  readonly blind: readonly { readonly where: string; readonly reason: string }[];
}

/** What a sweep is after; nothing that does not carry our marks is ever meant. */
export interface SweepRequest {
  /** Delete it; otherwise only look. */
  readonly apply: boolean;
  /** What these runs left, whatever its expiry. */
  readonly runs: readonly string[];
  /** Also what is past its expiry by `now`, whoever made it. */
  readonly expired: boolean;
  readonly now: Date;
  /** The plan says that something stands in for the provider. */
  readonly standIn: boolean;
}
