/** Every runner, one line each: adding a provider is a folder and a line here. */
import { entry } from '../plan/options.ts';
import type { Entry } from '../plan/model.ts';
import { localOptions } from './local/options.ts';
import { awsOptions } from './aws/options.ts';
import { azureOptions } from './azure/options.ts';
import { gcpOptions } from './gcp/options.ts';
import { ociOptions } from './oci/options.ts';
import type { Runner } from './model.ts';
import { simOptions } from './sim/options.ts';
import { slurmOptions } from './slurm/options.ts';
import { sshOptions } from './ssh/options.ts';

export const runners: readonly Entry<Runner>[] = [
  entry('local', localOptions, async () => (await import('./local/runner.ts')).local),
  entry('ssh', sshOptions, async (options) => (await import('./ssh/runner.ts')).sshRunner(options)),
  entry('slurm', slurmOptions, async (options) =>
    (await import('./slurm/runner.ts')).slurmRunner(options),
  ),
  entry('aws', awsOptions, async (options) => (await import('./aws/runner.ts')).awsRunner(options)),
  entry('azure', azureOptions, async (options) =>
    (await import('./azure/runner.ts')).azureRunner(options),
  ),
  entry('gcp', gcpOptions, async (options) => (await import('./gcp/runner.ts')).gcpRunner(options)),
  entry('oci', ociOptions, async (options) => (await import('./oci/runner.ts')).ociRunner(options)),
  entry('sim', simOptions, async (options) => (await import('./sim/runner.ts')).sim(options)),
];
