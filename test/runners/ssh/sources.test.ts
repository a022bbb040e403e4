import { Readable } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HarnessError } from '../../../plan/errors.ts';
import { parseText, readHosts } from '../../../runners/ssh/sources.ts';
import { rejects } from '../../rejects.ts';

const test = suite('host sources');

const refuses = (text: string, words: RegExp) =>
  assert.throws(
    () => parseText(text, 'hosts'),
    (error: unknown) =>
      error instanceof HarnessError && error.code === 'PLAN_INVALID' && words.test(error.message),
  );

test('lines may hold comments, blanks and ranges', () => {
  const rows = parseText('# lab\n\nn[1-2]  # two\r\nlast\n', 'hosts.txt');
  assert.equal(
    rows.map((row) => [row.name, row.from]),
    [
      ['n1', 'hosts.txt line 3'],
      ['n2', 'hosts.txt line 3'],
      ['last', 'hosts.txt line 4'],
    ],
  );
});

test('a table gives serials, domains and addresses', () => {
  const rows = parseText(
    'Host,Rack,serial,Fabric Address,port,#note\n"n1",r7,S-1,10.0.0.1,2222,"a, b"\nn2,,S-2,,,\n',
    'lab.csv',
  );
  assert.equal(rows[0], {
    name: 'n1',
    from: 'lab.csv line 2',
    domains: [{ kind: 'rack', id: 'r7', from: 'plan' }],
    serial: 'S-1',
    fabricAddress: '10.0.0.1',
    port: 2222,
  });
  assert.equal(rows[1], { name: 'n2', from: 'lab.csv line 3', domains: [], serial: 'S-2' });
});

test('a table with a wrong column, port or row is refused with its line', () => {
  refuses('host,seral\nn1,1\n', /unknown column "seral"/u);
  refuses('host,port\nn1,99999\n', /line 2: "99999"/u);
  refuses('host,rack\n,r1\n', /line 2: no host/u);
  refuses('host,rack\nn1\n', /not a table/u);
});

test('an Ansible inventory gives hosts of all groups with their variables', () => {
  const rows = parseText(
    JSON.stringify({
      _meta: {
        hostvars: {
          gpu1: { ansible_host: '10.1.0.1', ansible_port: 2200, ansible_user: 'u', rack: 4 },
        },
      },
      all: { children: ['gpus', 'ungrouped'] },
      gpus: { hosts: ['gpu1', 'gpu2'] },
    }),
    'inventory.json',
  );
  assert.equal(
    rows.map(({ name, address, port, user }) => [name, address, port, user]),
    [
      ['gpu1', '10.1.0.1', 2200, 'u'],
      ['gpu2', undefined, undefined, undefined],
    ],
  );
  assert.equal(rows[0]?.domains, [{ kind: 'rack', id: '4', from: 'plan' }]);
  refuses('{"all": 1', /not valid JSON/u);
});

test('one host or one serial twice is named with both places', async () => {
  const twice = await rejects(readHosts(['a,b', 'b'], Readable.from([])), 'PLAN_INVALID');
  assert.match(twice.message, /same host more than once: "b"/u);
  const stdin = Readable.from(['host,serial\nn1,S1\nn2,S1\n']) as unknown as NodeJS.ReadableStream;
  const serial = await rejects(readHosts(['-'], stdin), 'PLAN_INVALID');
  assert.match(serial.message, /"S1" \(standard input line 2, standard input line 3\)/u);
});

test('a file that is not there is a plan error', async () => {
  await rejects(readHosts(['file:nowhere.csv'], process.stdin), 'PLAN_INVALID');
});

test.run();
