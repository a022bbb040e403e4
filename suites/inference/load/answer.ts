/** One streamed answer of an OpenAI-compatible server: which chunks carry text, how it ended, what it used. */
import type { RequestEnd } from '../window/row.ts';

interface Choice {
  readonly text?: unknown;
  readonly finish_reason?: unknown;
  readonly delta?: {
    readonly content?: unknown;
    readonly reasoning_content?: unknown;
    readonly reasoning?: unknown;
  } | null;
}

/** Follows one answer event by event; every event's JSON is parsed. */
export class Answer {
  /** Absent as long as nothing is wrong. */
  wrong: RequestEnd | undefined;
  /** `[DONE]` came, or a reason why it ended. */
  finished = false;
  usage: number | undefined;
  prompt: number | undefined;

  /** @returns whether the event carries text */
  event(data: string): boolean {
    if (data === '[DONE]') {
      this.finished = true;
      return false;
    }
    let value: {
      readonly choices?: readonly Choice[] | null;
      readonly usage?: { completion_tokens?: unknown; prompt_tokens?: unknown } | null;
      readonly error?: unknown;
    };
    try {
      value = JSON.parse(data) as typeof value;
    } catch {
      this.wrong ??= 'unreadable';
      return false;
    }
    if (typeof value !== 'object' || value === null) {
      this.wrong ??= 'unreadable';
      return false;
    }
    if (value.error !== undefined && value.error !== null) this.wrong ??= 'error-body';
    const { usage } = value;
    if (typeof usage === 'object' && usage !== null) {
      this.usage = whole(usage.completion_tokens) ?? this.usage;
      this.prompt = whole(usage.prompt_tokens) ?? this.prompt;
    }
    const choice = Array.isArray(value.choices)
      ? (value.choices as readonly (Choice | null | undefined)[])[0]
      : undefined;
    if (choice === undefined || choice === null) return false;
    if (typeof choice.finish_reason === 'string') this.finished = true;
    return hasText(choice);
  }
}

/** Text of the completions API, or content or reasoning of the chat API; a role alone is none. */
function hasText({ text, delta }: Choice): boolean {
  if (isText(text)) return true;
  if (typeof delta !== 'object' || delta === null) return false;
  return isText(delta.content) || isText(delta.reasoning_content) || isText(delta.reasoning);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function whole(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
