import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { REDACTED, Redactor, Secrets } from '../../campaign/redactor.ts';

const test = suite('redactor');

/** The text in pieces of every size from 1 to 40 bytes: the result must be the same each time. */
function redact(text: string, secrets = new Secrets()): { out: string; count: number } {
  const bytes = Buffer.from(text);
  let first: { out: string; count: number } | undefined;
  for (let size = 1; size <= 40; size += 1) {
    const redactor = new Redactor(secrets);
    const parts: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      parts.push(redactor.push(bytes.subarray(at, at + size)));
    }
    parts.push(redactor.flush());
    const one = { out: Buffer.concat(parts).toString(), count: redactor.count };
    first ??= one;
    assert.equal(one, first, `pieces of ${size} bytes`);
  }
  return first as { out: string; count: number };
}

test('a known secret goes wherever it stands, also in JSON and URL spelling', () => {
  const secrets = new Secrets();
  secrets.add('p@ss"word/1');
  const text = 'a p@ss"word/1 b\n{"x":"p@ss\\"word/1"}\nhttp://h/p%40ss%22word%2F1\nclean\n';
  const { out, count } = redact(text, secrets);
  assert.is(out, `a ${REDACTED} b\n{"x":"${REDACTED}"}\nhttp://h/${REDACTED}\nclean\n`);
  assert.is(count, 3);
});

test('an environment dump of nccl-tests keeps names and loses values, the harmless ones apart', () => {
  const text = [
    '{ "version": "2.19.6", "env": [',
    '  "HOME=/home/someone",',
    '  "NCCL_DEBUG=INFO",',
    '  "MY_THING=s3cr\\"et, [x]"',
    '], "nccl_version": "2.30", "note": "A=B" }',
    '',
  ].join('\n');
  const { out, count } = redact(text);
  assert.is(
    out,
    [
      '{ "version": "2.19.6", "env": [',
      `  "HOME=${REDACTED}",`,
      '  "NCCL_DEBUG=INFO",',
      `  "MY_THING=${REDACTED}"`,
      '], "nccl_version": "2.30", "note": "A=B" }',
      '',
    ].join('\n'),
  );
  assert.is(count, 2);
  assert.is(
    redact('x "env":["A=b","FI_PROVIDER=efa"] "y=z"\n').out,
    `x "env":["A=${REDACTED}","FI_PROVIDER=efa"] "y=z"\n`,
  );
});

test('tokens, keys and headers go by their shape', () => {
  const key = 'AKIAIOSFODNN7EXAMPLE';
  for (const [text, clean] of [
    ['AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG', `AWS_SECRET_ACCESS_KEY=${REDACTED}`],
    ['export HF_TOKEN="hf_abcdefgh"', `export HF_TOKEN="${REDACTED}"`],
    ['Authorization: Bearer abc.def-123', `Authorization: Bearer ${REDACTED}`],
    [`id ${key} end`, `id ${REDACTED} end`],
    ['ghp_0123456789abcdefghij ok', `${REDACTED} ok`],
  ] as const) {
    assert.is(redact(`${text}\n`).out, `${clean}\n`);
  }
});

test('a private key is taken out line by line, so that line numbers stay', () => {
  const text =
    'before\n-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz\nAAAA\n-----END OPENSSH PRIVATE KEY-----\nafter\n';
  const { out, count } = redact(text);
  assert.is(out, `before\n${REDACTED}\n${REDACTED}\n${REDACTED}\n${REDACTED}\nafter\n`);
  assert.is(count, 1);
});

test('bytes that are no text come out as they went in', () => {
  const bytes = Uint8Array.from({ length: 5000 }, (_, at) => (at * 7919) & 255);
  const redactor = new Redactor(new Secrets());
  const out = Buffer.concat([redactor.push(bytes), redactor.flush()]);
  assert.ok(out.equals(bytes));
});

test('a secret in the middle of a line of a megabyte is found wherever the pieces end', () => {
  const secrets = new Secrets();
  secrets.add('correct-horse-battery');
  const bytes = Buffer.from(`${'x'.repeat(500_000)}correct-horse-battery${'y'.repeat(500_000)}\n`);
  for (const size of [65_536, 33_333, 499_990]) {
    const redactor = new Redactor(secrets);
    let out = '';
    for (let at = 0; at < bytes.length; at += size) {
      out += Buffer.from(redactor.push(bytes.subarray(at, at + size))).toString();
    }
    out += Buffer.from(redactor.flush()).toString();
    assert.is(out, `${'x'.repeat(500_000)}${REDACTED}${'y'.repeat(500_000)}\n`);
    assert.is(redactor.count, 1);
  }
});

test('a hostile line does not make it slow', () => {
  const redactor = new Redactor(new Secrets());
  const line = `${'AWS_SECRET_KEY_TOKEN_'.repeat(20_000)}\n`;
  const started = performance.now();
  redactor.push(Buffer.from(line));
  assert.ok(performance.now() - started < 2000);
});

test.run();
