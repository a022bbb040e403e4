/** Payload files on their way to the nodes: each file once a node, whoever asks first. */
import type { Fleet } from '../runners/model.ts';
import type { Placed } from './placing.ts';

/** Why a file is not on a node. */
export interface NotPut {
  readonly node: string;
  readonly code: string;
  readonly reason: string;
}

/** What has been put where; a failure is forgotten, so that the next attempt tries again. */
export class Delivery {
  readonly #fleet: Fleet;
  readonly #put = new Map<string, Map<string, Promise<NotPut | undefined>>>();

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  /** Resolves when the file is on all of the nodes that can have it. @returns the others */
  async put(nodes: readonly string[], sha256: string, file: string): Promise<readonly NotPut[]> {
    const known = this.#put.get(sha256) ?? new Map<string, Promise<NotPut | undefined>>();
    this.#put.set(sha256, known);
    const wanting = nodes.filter((node) => !known.has(node));
    if (wanting.length > 0) {
      const sent = this.#fleet.put(wanting, sha256, file);
      for (const node of wanting) {
        const one = sent.then((failed) => failed.find((failure) => failure.node === node));
        known.set(node, one);
      }
    }
    const failed: NotPut[] = [];
    for (const node of nodes) {
      const one = await known.get(node);
      if (one !== undefined) failed.push(one);
    }
    for (const { node } of failed) known.delete(node);
    return failed;
  }
}

/** Puts every file that steps need on their nodes. @returns what could not be put */
export async function deliver(placed: readonly Placed[], delivery: Delivery): Promise<NotPut[]> {
  const failed: NotPut[] = [];
  for (const { step, files } of placed) {
    if (step.on === 'controller') continue;
    for (const [sha256, file] of files)
      failed.push(...(await delivery.put(step.nodes, sha256, file)));
  }
  return failed;
}
