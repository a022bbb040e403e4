// @ts-check
/* Shows the journal of a run under way: its last events, newest first, as text. */
(() => {
  'use strict';
  const MOST = 200;
  const list = /** @type {HTMLElement} */ (document.getElementById('events'));
  const state = /** @type {HTMLElement} */ (document.getElementById('state'));
  const source = new EventSource('events');
  let count = 0;
  source.addEventListener('open', () => {
    list.replaceChildren();
    count = 0;
    state.textContent = 'connected';
  });
  source.addEventListener('error', () => {
    state.textContent = 'connection lost, trying again';
  });
  source.addEventListener('message', ({ data }) => {
    count += 1;
    state.textContent = `${count} events`;
    const row = document.createElement('tr');
    for (const text of cells(String(data))) {
      const cell = document.createElement('td');
      cell.append(text.slice(0, 400));
      row.append(cell);
    }
    list.prepend(row);
    while (list.childElementCount > MOST) list.lastElementChild?.remove();
  });

  /** @param {string} line @returns {string[]} */
  function cells(line) {
    try {
      const { at, event, seq: _seq, ...rest } = JSON.parse(line);
      return [String(at), String(event), JSON.stringify(rest)];
    } catch (error) {
      return ['', 'unreadable', String(error)];
    }
  }
})();
