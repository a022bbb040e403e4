/** Node features wanted, as Slurm's --constraint writes them, without counts and brackets. */

/** Whether a node's features are what is wanted. */
export type Constraint = (features: readonly string[]) => boolean;

/**
 * Reads `h100&ib|h200`: & binds tighter than |, as in Slurm.
 *
 * @returns the test, or what is wrong with the text
 */
export function readConstraint(
  text: string,
): { readonly fits: Constraint } | { readonly problem: string } {
  const any = text.split('|').map((part) => part.split('&').map((one) => one.trim()));
  const wrong = any.flat().find((one) => !/^[A-Za-z0-9_.+=:-]+$/u.test(one));
  if (wrong !== undefined) {
    return {
      problem: `"${wrong.slice(0, 40)}" is no feature; features joined by & or | are taken`,
    };
  }
  return {
    fits: (features) => any.some((all) => all.every((feature) => features.includes(feature))),
  };
}
