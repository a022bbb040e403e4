/** Programs of a node inside a container: flags for pyxis, words in front for Apptainer. */
import type { SlurmOptions } from './options.ts';

/** What a step's command line gets. */
export function containerWords(container: SlurmOptions['container']): {
  readonly flags: readonly string[];
  readonly prefix: readonly string[];
} {
  if (container === undefined) return { flags: [], prefix: [] };
  const { image, via, mounts } = container;
  switch (via) {
    case 'pyxis':
      return {
        flags: [
          `--container-image=${image}`,
          // Our folder on the node is in the home; ranks and relay see it there.
          '--container-mount-home',
          ...(mounts.length > 0 ? [`--container-mounts=${mounts.join(',')}`] : []),
        ],
        prefix: [],
      };
    case 'apptainer':
      return {
        flags: [],
        prefix: ['apptainer', 'exec', '--nv', ...mounts.flatMap((one) => ['--bind', one]), image],
      };
  }
}
