/** Quoting for a POSIX shell: the one place where arguments become a command line. */

/** One argument as a POSIX shell word that expands to exactly it. */
export function quote(argument: string): string {
  if (argument.includes('\0')) throw new TypeError('an argument can not hold a NUL byte');
  if (/^[A-Za-z0-9_/.:=,+-]+$/u.test(argument)) return argument;
  return `'${argument.replaceAll("'", String.raw`'\''`)}'`;
}

/** Arguments as one command line: what sshd hands to the user's login shell. */
export function commandLine(argv: readonly string[]): string {
  const [program = '', ...rest] = argv;
  // A first word with "=" would be an assignment, unless it is quoted.
  const first = program.includes('=')
    ? `'${program.replaceAll("'", String.raw`'\''`)}'`
    : quote(program);
  return [first, ...rest.map(quote)].join(' ');
}
