/** `nvidia-smi nvlink --status`. */

/** Links of one GPU; bytes a second and direction, 0 = the link is inactive. */
export interface NvlinkStatus {
  readonly index: number;
  readonly model: string;
  readonly uuid: string;
  readonly links: readonly number[];
}

/** @returns one entry a GPU; empty where the text has none */
export function parseNvlinkStatus(text: string): readonly NvlinkStatus[] {
  const gpus: { index: number; model: string; uuid: string; links: number[] }[] = [];
  for (const line of text.split('\n')) {
    const gpu = /^GPU (\d+): (.+) \(UUID: (GPU-[0-9a-f-]+)\)/u.exec(line);
    if (gpu !== null) {
      const [, index, model = '', uuid = ''] = gpu;
      gpus.push({ index: Number(index), model, uuid, links: [] });
      continue;
    }
    const link = /^\s+Link (\d+): (?:([\d.]+) GB\/s|<?(inactive)>?)/iu.exec(line);
    if (link !== null) gpus.at(-1)?.links.push(link[2] === undefined ? 0 : Number(link[2]) * 1e9);
  }
  return gpus;
}
