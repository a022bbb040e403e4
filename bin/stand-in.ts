/** `fleet.stand-in: true`: the provider's stand-in is started, and its address given to the runner. */

/**
 * Options of a runner with the address of its stand-in; as they are where the plan names an endpoint itself,
 * or the runner has no provider behind it.
 */
export async function withStandIn(runner: string, options: object): Promise<object> {
  if ('endpoint' in options && options.endpoint !== undefined) return options;
  // The one import of fixtures: made when a plan asks for it, never else.
  const { hasStandIn, standInUrl } = await import('../fixtures/clouds/start.ts');
  if (!hasStandIn(runner)) return options;
  return { ...options, endpoint: await standInUrl(runner) };
}
