/** Host keys from the guest attributes: the guest agent writes them, and Google vouches for whose they are. */
import { HarnessError } from '../../plan/errors.ts';
import type { Machine } from '../cloud/model.ts';
import type { Gcp } from './client.ts';
import { guestAttributesShape } from './shapes.ts';

const TYPE = /^(?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp(?:256|384|521))$/u;
const KEY = /^[A-Za-z0-9+/]{60,800}={0,3}$/u;

/** Empty: none are written yet, or the image has no guest agent. */
export async function guestKeys(
  gcp: Gcp,
  { id, where }: Machine,
  signal: AbortSignal,
): Promise<readonly string[]> {
  // Hosts of the TPU API have another call, by worker, and are accepted unseen.
  if (!/^\d+$/u.test(id)) return [];
  try {
    const { value } = await gcp.call({
      operation: 'instances.getGuestAttributes',
      method: 'GET',
      path: `projects/${gcp.project}/zones/${where}/instances/${id}/getGuestAttributes?queryPath=hostkeys%2F`,
      where,
      signal,
      shape: guestAttributesShape,
      patience: { total: 30 },
    });
    return (value.queryValue?.items ?? []).flatMap(({ key = '', value: text = '' }) =>
      TYPE.test(key) && KEY.test(text.trim()) ? [`${key} ${text.trim()}`] : [],
    );
  } catch (error) {
    // 404 until the first is written; no permission: the key is then accepted unseen, and that is said.
    if (error instanceof HarnessError) return [];
    throw error;
  }
}
