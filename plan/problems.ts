/** Every mistake of a plan, collected, then told at once. */
import type { PlanDocument, Path, Place } from './document.ts';
import { HarnessError } from './errors.ts';
import type { Issue } from './model.ts';

/** Which of the three plan errors a mistake is. */
export type PlanCode = 'PLAN_INVALID' | 'PLAN_UNKNOWN_KEY' | 'CRITERION_INVALID';

interface Problem {
  readonly code: PlanCode;
  readonly at: Place;
  readonly path: Path;
  readonly message: string;
  readonly hint: string;
}

/** A collector of the mistakes of one plan file. */
export interface Problems {
  readonly count: number;
  /** Notes a mistake. */
  add(code: PlanCode, path: Path, message: string, hint: string): void;
  /** Notes a unit's or a schema's mistakes, whose paths begin at `root`. */
  addIssues(root: Path, issues: readonly Issue[]): void;
  /** @throws {HarnessError} with every mistake in the plan's order, when there is any */
  check(): void;
}

/**
 * @param file as the user named it, for the messages
 * @param document the plan's text with places
 */
export function collectProblems(file: string, document: PlanDocument): Problems {
  const problems: Problem[] = document.mistakes.map((mistake) => ({
    code: 'PLAN_INVALID',
    path: [],
    ...mistake,
  }));
  const add: Problems['add'] = (code, path, message, hint) => {
    const at = document.place(path, code === 'PLAN_UNKNOWN_KEY' ? 'key' : 'value');
    problems.push({ code, at, path, message, hint });
  };
  return {
    get count() {
      return problems.length;
    },
    add,
    addIssues(root, issues) {
      for (const { path, message, hint, unknownKey } of issues) {
        const code = unknownKey === true ? 'PLAN_UNKNOWN_KEY' : 'PLAN_INVALID';
        add(code, [...root, ...path], message, hint);
      }
    },
    check() {
      if (problems.length > 0) throw asError(file, problems);
    },
  };
}

function asError(file: string, problems: readonly Problem[]): HarnessError {
  const sorted = [...problems].sort((a, b) => a.at.line - b.at.line || a.at.column - b.at.column);
  const lines = sorted.map(({ at, path, message, hint }) => {
    const key = path.length === 0 ? '' : `${dotted(path)}: `;
    return `${file}:${at.line}:${at.column}: ${key}${message}. ${hint}`;
  });
  const codes = new Set(problems.map((problem) => problem.code));
  const [first] = codes;
  const code = codes.size === 1 && first !== undefined ? first : 'PLAN_INVALID';
  return new HarnessError(code, lines.join('\n'), {
    hint: 'Correct the plan; `assay schema` prints what it may say.',
    details: { file, mistakes: problems.length, line: sorted[0]?.at.line ?? 1 },
  });
}

/** `["criteria", 2, "at-least"]` → `criteria[2].at-least`. */
export function dotted(path: Path): string {
  return path.reduce<string>(
    (text, key) =>
      typeof key === 'number' ? `${text}[${key}]` : text === '' ? key : `${text}.${key}`,
    '',
  );
}
