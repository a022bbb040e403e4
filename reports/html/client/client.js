// @ts-check
/* The search for nodes, and links to nodes that have no row of their own. The report says all that
   decides without it. Texts in the data are made safe to read; they reach the page as text only. */
(() => {
  'use strict';
  /** @typedef {[node: number, criterion: number, part: string, value: string, attempt: number, stream: number, line: number]} Row */
  /** @typedef {{ id: string, anchor: string, unit: string, bound: string, values: string, n: string }} Criterion */
  /**
   * @typedef {object} Data
   * @property {{ ids: string[], identities: string[], words: string, anchors: Record<string, string> }} nodes
   * @property {Criterion[]} criteria
   * @property {boolean} complete
   * @property {string[]} attempts
   * @property {string[]} streams
   * @property {Row[]} rows
   */

  const PAGE = 50;
  const MARKS = [
    ['bad', '✕', 'fail'],
    ['doubt', '?', 'inconclusive'],
    ['none', '○', 'not tested'],
    ['good', '✓', 'pass'],
  ];

  /** @param {string} id @returns {HTMLElement} */
  const at = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
  const find = /** @type {HTMLInputElement} */ (at('find'));
  const filter = /** @type {HTMLSelectElement} */ (at('filter'));
  const results = at('results');
  const found = at('found');

  /** @type {Data} */
  const data = JSON.parse(at('data').textContent || '');
  const { ids, identities, words, anchors } = data.nodes;
  const keys = ids.map((id, index) => `${id} ${identities[index] || ''}`.toLowerCase());
  /** @type {Map<number, Row[]> | undefined} */
  let samples;
  /** @type {(Criterion & { list: string[], trials: string[] })[] | undefined} */
  let columns;

  /**
   * @param {string} tag
   * @param {Record<string, string>} attributes
   * @param {...(Node | string)} children
   */
  const element = (tag, attributes, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };
  /** @param {number} index */
  const anchorOf = (index) => anchors[index] || `node-${ids[index]}`;
  /** @param {string} text */
  const isolated = (text) => element('bdi', {}, text);

  /** Figures of one node, split from the columns when first asked for. @param {number} node */
  const valuesOf = (node) => {
    columns ??= data.criteria.map((one) => ({
      ...one,
      list: one.values.split('|'),
      trials: one.n.split('|'),
    }));
    const rows = columns
      .filter(({ list }) => list[node])
      .map((one) =>
        element(
          'tr',
          {},
          element('td', {}, element('a', { href: `#${one.anchor}` }, isolated(one.id))),
          element('td', { class: 'num' }, `${one.list[node]} ${one.unit}`),
          element('td', { class: 'figure' }, one.bound),
          element('td', { class: 'num' }, `n ${one.trials[node]}`),
        ),
      );
    return element('table', { class: 'values' }, element('tbody', {}, ...rows));
  };

  /** Samples of one node with their place in the evidence. @param {number} node */
  const evidenceOf = (node) => {
    if (samples === undefined) {
      samples = new Map();
      for (const row of data.rows) {
        const list = samples.get(row[0]);
        if (list) list.push(row);
        else samples.set(row[0], [row]);
      }
    }
    const rows = samples.get(node) || [];
    if (rows.length === 0) {
      return element(
        'p',
        { class: 'note' },
        data.complete ? 'No sample.' : 'Samples: assay explain.',
      );
    }
    const body = rows.map(([, criterion, part, value, attempt, stream, line]) => {
      const [key = '', hash = ''] = (data.streams[stream] || '').split(/ (?=\S+$)/u);
      return element(
        'tr',
        {},
        element('td', {}, isolated(data.criteria[criterion]?.id || '')),
        element('td', {}, isolated(part)),
        element('td', { class: 'num' }, value),
        element('td', {}, isolated(`${data.attempts[attempt]}${key}`)),
        element('td', { class: 'num' }, String(line)),
        element('td', { class: 'hash' }, hash),
      );
    });
    const heads = ['Criterion', 'Part', 'Value', 'Stream', 'Line', 'SHA-256'].map((name) =>
      element('th', { scope: 'col' }, name),
    );
    return element(
      'details',
      {},
      element('summary', {}, `Evidence: ${rows.length} samples`),
      element(
        'table',
        { class: 'evidence' },
        element('thead', {}, element('tr', {}, ...heads)),
        element('tbody', {}, ...body),
      ),
    );
  };

  /** @param {number} node @param {boolean} open */
  const rowOf = (node, open) => {
    const [kind = '', glyph = '', word = ''] = MARKS[Number(words[node])] || [];
    const id = anchorOf(node);
    const name = document.getElementById(id)
      ? element('a', { href: `#${id}` }, isolated(ids[node] || ''))
      : isolated(ids[node] || '');
    const more = element('details', open ? { open: '' } : {}, element('summary', {}, 'numbers'));
    const fill = () => {
      if (more.childElementCount === 1) more.append(valuesOf(node), evidenceOf(node));
    };
    if (open) fill();
    more.addEventListener('toggle', fill);
    return element(
      'tr',
      {},
      element('th', { scope: 'row' }, name),
      element('td', {}, isolated(identities[node] || '')),
      element(
        'td',
        {},
        element(
          'span',
          { class: `mark ${kind}` },
          element('span', { 'aria-hidden': 'true' }, glyph),
          ` ${word}`,
        ),
      ),
      element('td', {}, more),
    );
  };

  /** @param {number[]} hits @param {number} shown */
  const show = (hits, shown) => {
    const open = hits.length === 1;
    const rows = hits.slice(0, shown).map((node) => rowOf(node, open));
    const heads = ['Node', 'Identity', 'Verdict', 'Numbers'].map((name) =>
      element('th', { scope: 'col' }, name),
    );
    const table = element(
      'table',
      {},
      element('caption', { class: 'unseen' }, 'Nodes found'),
      element('thead', {}, element('tr', {}, ...heads)),
      element('tbody', {}, ...rows),
    );
    results.replaceChildren(table);
    if (hits.length > shown) {
      const next = element('button', { type: 'button' }, `Show ${PAGE} more`);
      next.addEventListener('click', () => show(hits, shown + PAGE));
      results.append(next);
    }
  };

  const search = () => {
    const wanted = find.value.trim().toLowerCase();
    const word = filter.value;
    if (wanted === '' && word === '') {
      results.replaceChildren();
      found.textContent = '';
      return;
    }
    const hits = [];
    for (let index = 0; index < keys.length; index += 1) {
      if (word !== '' && words[index] !== word) continue;
      if (/** @type {string} */ (keys[index]).includes(wanted)) hits.push(index);
    }
    // The node that is named exactly comes first.
    const exact = hits.findIndex((index) => ids[index]?.toLowerCase() === wanted);
    if (exact > 0) hits.unshift(...hits.splice(exact, 1));
    found.textContent = `${hits.length} of ${ids.length} nodes`;
    show(hits, PAGE);
  };

  /** A link to a node without a row of its own opens it here. */
  const follow = () => {
    const target = decodeURIComponent(location.hash.slice(1));
    const there = target === '' ? null : document.getElementById(target);
    if (there) {
      for (let outer = there.parentElement; outer; outer = outer.parentElement) {
        if (outer instanceof HTMLDetailsElement) outer.open = true;
      }
      return;
    }
    const node = ids.findIndex((_, index) => anchorOf(index) === target);
    if (node < 0) return;
    find.value = ids[node] || '';
    filter.value = '';
    search();
    at('finder').scrollIntoView();
    find.focus();
  };

  at('finder').hidden = false;
  find.addEventListener('input', search);
  filter.addEventListener('input', search);
  find.form?.addEventListener('submit', (event) => event.preventDefault());
  addEventListener('hashchange', follow);
  follow();
})();
