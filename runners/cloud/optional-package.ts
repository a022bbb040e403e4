/** A provider's own package: optional, loaded when its runner is used, named when it is missing. */
import { HarnessError, systemCode } from '../../plan/errors.ts';

/**
 * Imports a package.
 *
 * @param load `() => import('…')`, so that its type is known
 * @throws {HarnessError} PROVIDER_PACKAGE_MISSING with the command that installs it
 */
export async function optionalPackage<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const code = systemCode(error);
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw error;
    throw new HarnessError('PROVIDER_PACKAGE_MISSING', `the package ${name} is not installed`, {
      hint: `Install it beside assay: npm install ${name}`,
      cause: error,
    });
  }
}
