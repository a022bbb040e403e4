/** XIDs in the kernel log: `NVRM: Xid (PCI:0000:9b:00): 119, pid=…, …`. */

export interface Xid {
  readonly code: number;
  /** "0000:9b:00", lower case, as the log has it. */
  readonly pci: string;
  /** The rest of the line, for people. */
  readonly detail: string;
}

/** @see https://docs.nvidia.com/deploy/xid-errors/index.html */
export function parseXids(log: string): readonly Xid[] {
  return log.split('\n').flatMap((line) => {
    const found = /NVRM: Xid \(PCI:([0-9a-f:.]+)\): (\d+),?\s*(.*)$/iu.exec(line);
    if (found === null) return [];
    const [, pci = '', code = '', detail = ''] = found;
    return [{ code: Number(code), pci: pci.toLowerCase(), detail: detail.slice(0, 300) }];
  });
}
