import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { filesIn } from '../../reports/challenge/diagnostics.ts';

const test = suite('diagnostics of a rejected node');

const said = (rest: object) => JSON.stringify({ assay: 1, ...rest });

test('parts are put together, a binary file is bytes again, what is missing is named', () => {
  const report = Buffer.from([0x1f, 0x8b, 0, 255]);
  const coded = report.toString('base64');
  const text = [
    said({ kind: 'output', file: 'kernel.log', encoding: 'utf-8', text: 'one\n' }),
    'a line of the shell',
    said({ kind: 'output', file: 'kernel.log', encoding: 'utf-8', text: 'two\n' }),
    said({ kind: 'output', file: 'report.log.gz', encoding: 'base64', text: coded.slice(0, 3) }),
    said({ kind: 'output', file: 'report.log.gz', encoding: 'base64', text: coded.slice(3) }),
    said({ kind: 'lost', fact: 'mlxlink', why: 'not installed' }),
    '{"assay":1,"kind":"output","fi',
  ].join('\n');
  assert.equal(filesIn(text), [
    { name: 'kernel.log', bytes: Buffer.from('one\ntwo\n') },
    { name: 'report.log.gz', bytes: report },
    { name: 'not-collected.txt', bytes: Buffer.from('mlxlink: not installed\n') },
  ]);
});

test('a name that leads elsewhere stays in its folder', () => {
  const text = said({ kind: 'output', file: '../../etc/passwd', encoding: 'utf-8', text: '' });
  assert.equal(
    filesIn(text).map(({ name }) => name),
    ['__.._etc_passwd'],
  );
});

test.run();
