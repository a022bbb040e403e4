/** Where a run keeps what the vendors' diagnostics said of its rejected nodes. */

/** Key of a node's diagnostics in the evidence index, in place of an attempt's. */
export function diagnosticsOf(node: string): string {
  return `diagnostics@${node}#1/1`;
}
