/** Where each value of the plan came from: written, or a default; keys as the plan spells them. */

type Fields = Readonly<Record<string, unknown>>;

/** Notes for every value of a block whether the plan wrote it or it is a default. */
export function noteOrigins(
  origins: Record<string, string>,
  prefix: string,
  written: unknown,
  resolved: Fields,
): void {
  const given = isFields(written) ? written : {};
  for (const [key, value] of Object.entries(resolved)) {
    if (value === undefined) continue;
    const name = `${prefix}.${key}`;
    const source = given[key] ?? given[kebab(key)];
    if (source === undefined) origins[name] = 'default';
    else if (isFields(value) && isFields(source)) noteOrigins(origins, name, source, value);
    else origins[name] = 'plan';
  }
}

function kebab(key: string): string {
  return key.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
