/** Python that behaves otherwise on one host alone: by a usercustomize in the HOME that its programs start with. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../runners/process.ts';

/** The Python that torch of the tests belongs to. */
const PYTHON = '/usr/bin/python3';

/** Ways in which torch can be broken, as Python that runs when torch has been imported. */
export const breakages = {
  /** One element of every product is off, as silent corruption is. */
  'wrong product': `
def broken(torch):
    real = torch.mm
    def mm(a, b, **given):
        made = real(a, b, **given)
        made[0, made.shape[1] // 2] += 0.5
        return made
    torch.mm = mm
`,
  /** The process dies in its first product, as on a bad instruction or memory. */
  crash: `
def broken(torch):
    import os, signal
    torch.mm = lambda *a, **k: os.kill(os.getpid(), signal.SIGSEGV)
`,
  /** Every product takes 0.1 s longer: the node stands in for a slow one. */
  slow: `
def broken(torch):
    import time
    real = torch.mm
    def mm(a, b, **given):
        time.sleep(0.1)
        return real(a, b, **given)
    torch.mm = mm
`,
} as const;

const HOOK = `
import importlib.machinery, sys

class AfterTorch:
    """Lets Python find torch as ever, and breaks it when it has been imported."""
    @staticmethod
    def find_spec(name, path, target=None):
        if name != "torch":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None:
            load = spec.loader.exec_module
            def exec_module(module):
                load(module)
                broken(module)
            spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, AfterTorch)
`;

/** Python for `customize` that breaks torch. */
export function brokenTorch(how: keyof typeof breakages): string {
  return `${HOOK}${breakages[how]}`;
}

/** Runs first in every Python that is started with this HOME, and in no other. */
export async function customize(home: string, python: string): Promise<void> {
  const asked = await run([PYTHON, '-c', 'import site; print(site.getusersitepackages())'], {
    environment: { HOME: home },
    limit: 30,
  });
  const site = asked.stdout.toString('utf8').trim();
  await mkdir(site, { recursive: true });
  await writeFile(join(site, 'usercustomize.py'), python);
}
