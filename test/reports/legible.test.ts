import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { brief, legible, legibleDeep } from '../../reports/legible.ts';
import { embed } from '../../reports/html/embed.ts';

test('controls, direction overrides and lone surrogates are written out', () => {
  assert.is(legible('a\u001b[31mb'), 'a␛[31mb');
  assert.is(legible('x\u202egnp'), 'x⟨U+202E⟩gnp');
  assert.is(legible('\ud800'), '⟨U+D800⟩');
  assert.is(legible('a\r\nb\tc'), 'a  b c');
  assert.is(legible('\u0085\u2028\ufeff'), '⟨U+0085⟩⟨U+2028⟩⟨U+FEFF⟩');
});

test('emoji with joiners, accents and right-to-left letters stay as they are', () => {
  for (const text of ['👩‍🚀', 'é', 'שלום', 'नमस्ते', '日本']) assert.is(legible(text), text);
});

test('a long text is cut and says how long it was', () => {
  assert.is(legible('x'.repeat(10_000)), `${'x'.repeat(400)}… (10000 characters)`);
  assert.is(brief('abcdef', 4), 'abc…');
});

test('every string in a value is cleaned, markup of ours is left', () => {
  const markup = { toHTML: () => '\u001b' };
  assert.equal(legibleDeep({ a: ['\u0007', 1, undefined], b: null }), {
    a: ['␇', 1, undefined],
    b: null,
  });
  assert.is(legibleDeep({ markup }).markup, markup);
});

test('embedded JSON holds no sign that could end its script, and reads back the same', () => {
  const value = { a: '</script><!--', b: '\u2028\u2029' };
  const text = embed(value);
  assert.not.match(text, /[<\u2028\u2029]/u);
  assert.equal(JSON.parse(text), value);
});

test.run();
