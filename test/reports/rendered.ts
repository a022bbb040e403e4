/** Reports of sample runs as text. */
import type { RunReader } from '../../campaign/directory/model.ts';
import type { ReportOptions } from '../../reports/model.ts';
import { reports } from '../../reports/registry.ts';

/** Renders one format. @returns text by file name */
export async function rendered(
  id: string,
  run: RunReader,
  options: ReportOptions = {},
): Promise<ReadonlyMap<string, string>> {
  const entry = reports.find((one) => one.id === id);
  if (entry === undefined) throw new Error(`no report ${id}`);
  const files = new Map<string, string>();
  const report = await entry.use();
  await report.render(run, options, async (name, parts) => {
    let text = '';
    for await (const part of parts) text += part;
    files.set(name, text);
  });
  return files;
}
