/** Host keys from the guest attributes: the guest agent writes them, and Google vouches for whose they are. */
import type { z } from 'zod';
import { HarnessError } from '../../plan/errors.ts';
import type { Machine } from '../cloud/model.ts';
import type { Gcp } from './client.ts';
import { guestAttributesShape, workersAttributesShape } from './shapes.ts';

const TYPE = /^(?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp(?:256|384|521))$/u;
const KEY = /^[A-Za-z0-9+/]{60,800}={0,3}$/u;

const QUERY = 'hostkeys/';

/** Empty: none are written yet, or the image has no guest agent. */
export async function guestKeys(
  gcp: Gcp,
  { id, where }: Machine,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const shared = { where, signal, patience: { total: 30 } };
  try {
    const worker = /^(?<node>projects\/.+)\/workers\/(?<at>\d+)$/u.exec(id)?.groups;
    if (worker === undefined) {
      const path = `projects/${gcp.project}/zones/${where}/instances/${id}/getGuestAttributes`;
      const { value } = await gcp.call({
        ...shared,
        operation: 'instances.getGuestAttributes',
        method: 'GET',
        path: `${path}?queryPath=${encodeURIComponent(QUERY)}`,
        shape: guestAttributesShape,
      });
      return keysIn(value);
    }
    // A host of the TPU API is asked for by its number in the node.
    const { value } = await gcp.call({
      ...shared,
      api: 'tpu',
      operation: 'nodes.getGuestAttributes',
      method: 'POST',
      path: `${worker['node'] ?? ''}:getGuestAttributes`,
      body: { queryPath: QUERY, workerIds: [worker['at'] ?? ''] },
      shape: workersAttributesShape,
    });
    return (value.guestAttributes ?? []).flatMap(keysIn);
  } catch (error) {
    // 404 until the first is written; no permission: the key is then accepted unseen, and that is said.
    if (error instanceof HarnessError) return [];
    throw error;
  }
}

function keysIn({ queryValue }: z.output<typeof guestAttributesShape>): readonly string[] {
  return (queryValue?.items ?? []).flatMap(({ key = '', value: text = '' }) =>
    TYPE.test(key) && KEY.test(text.trim()) ? [`${key} ${text.trim()}`] : [],
  );
}
