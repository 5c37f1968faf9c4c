// The patients' phones: shows what the simulator streams, posts what is typed.

const MODES = {
  normal: ['Normal', 'The carrier works: texts arrive and delivery is reported.'],
  slow: ['Slow', 'The carrier takes seconds to answer each text.'],
  down: ['Down', 'The carrier answers “try again later” (503). Carebridge keeps the texts and tries again.'],
  refuse: ['Refuse', 'The carrier refuses every text for good. The room shows why.'],
  undeliverable: ['Undeliverable', 'The carrier takes texts and then reports that the phone cannot be reached.'],
  drop: [
    'Drop',
    'The carrier takes the text and breaks off: Carebridge cannot know whether it left, says so, and does not repeat it.',
  ],
};
const NOTES = {
  sending: 'not taken yet',
  accepted: 'accepted',
  sent: 'on its way',
  delivered: 'delivered',
  failed: 'not delivered',
};

const byId = (id) => document.getElementById(id);
const phones = new Map();
let lines = [];

async function post(path, json) {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(json),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

function addModes() {
  for (const [mode, [name]] of Object.entries(MODES)) {
    const label = document.createElement('label');
    label.classList.toggle('trouble', mode !== 'normal');
    const input = Object.assign(document.createElement('input'), { type: 'radio', name: 'mode', value: mode });
    input.addEventListener('change', () => void post('/ui/mode', { mode }));
    label.append(input, Object.assign(document.createElement('span'), { textContent: name }));
    byId('modes').append(label);
  }
}

function showMode(mode) {
  const input = document.querySelector(`#modes input[value="${mode}"]`);
  if (input) input.checked = true;
  explain(MODES[mode]?.[1] ?? '', mode !== 'normal');
}

function explain(text, isTrouble) {
  byId('explanation').textContent = text;
  byId('explanation').classList.toggle('trouble', isTrouble);
}

/** `+1 212 555 0123` of `+12125550123`; other countries' numbers as they are. */
function pretty(number) {
  return number.replace(/^\+1(\d{3})(\d{3})(\d{4})$/, '+1 $1 $2 $3');
}

function addPhone(number) {
  const section = byId('phone').content.cloneNode(true).firstElementChild;
  const find = (selector) => section.querySelector(selector);
  find('.number').textContent = pretty(number);
  find('.avatar').textContent = number.slice(-2);
  section.setAttribute('aria-label', `Phone ${pretty(number)}`);
  const textarea = find('textarea');
  const file = find('input[type=file]');
  let picture;

  const attach = (next) => {
    picture = next;
    find('.attached').hidden = next === undefined;
    if (next) find('.attached img').src = `data:${next.contentType};base64,${next.base64}`;
    else file.value = '';
  };
  file.addEventListener('change', () => {
    const [chosen] = file.files;
    if (!chosen) return;
    const reader = new FileReader();
    reader.onload = () => attach({ contentType: chosen.type, base64: reader.result.split(',')[1] });
    reader.readAsDataURL(chosen);
  });
  find('.detach').addEventListener('click', () => attach(undefined));
  textarea.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    find('form').requestSubmit();
  });
  find('form').addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      await post('/ui/texts', { from: number, to: find('.line').value, text: textarea.value, picture });
      textarea.value = '';
      attach(undefined);
      find('.problem').textContent = '';
    } catch (error) {
      find('.problem').textContent = error.message;
    }
  });
  byId('phones').insertBefore(section, document.querySelector('.new-phone'));
  phones.set(number, { section, list: find('.texts'), rows: new Map(), fillLines: () => fillLines(find) });
}

function fillLines(find) {
  const select = find('.line');
  const chosen = select.value;
  select.replaceChildren(...lines.map(({ number, name }) => new Option(`${name} (${pretty(number)})`, number)));
  if (lines.some(({ number }) => number === chosen)) select.value = chosen;
  find('.line-choice').hidden = lines.length < 2;
}

function showTexts(phone, texts) {
  const toEnd = () => (phone.list.scrollTop = phone.list.scrollHeight);
  const isAtEnd = phone.list.scrollHeight - phone.list.scrollTop - phone.list.clientHeight < 60;
  for (const text of texts) {
    let row = phone.rows.get(text.id);
    if (!row) {
      row = newRow(text);
      // A picture has no height until it is loaded.
      if (isAtEnd) for (const image of row.querySelectorAll('img')) image.addEventListener('load', toEnd);
      phone.rows.set(text.id, row);
      phone.list.append(row);
    }
    showState(row, text);
  }
  if (isAtEnd) toEnd();
}

function newRow(text) {
  const row = document.createElement('li');
  row.className = text.direction === 'from-patient' ? 'text own' : 'text';
  for (const { id } of text.pictures) {
    row.append(Object.assign(document.createElement('img'), { src: `/ui/pictures/${id}`, alt: 'Picture' }));
  }
  row.append(
    Object.assign(document.createElement('div'), { className: 'bubble', textContent: text.text }),
    Object.assign(document.createElement('div'), { className: 'note' }),
  );
  return row;
}

function showState(row, text) {
  row.classList.toggle('failed', text.state === 'failed');
  const note = row.querySelector('.note');
  const time = new Date(text.at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  const isOwn = text.direction === 'from-patient';
  const line = lines.find(({ number }) => number === text.line);
  const who = isOwn ? '' : `${line ? line.name : pretty(text.line)} · `;
  const ticks = Object.assign(document.createElement('span'), {
    textContent: text.state === 'delivered' ? '✓✓' : text.state === 'sending' || text.state === 'failed' ? '' : '✓',
    className: text.state === 'delivered' ? 'done' : '',
  });
  note.replaceChildren(
    `${who}${time} · ${isOwn && text.state === 'delivered' ? 'taken by Carebridge' : NOTES[text.state]} `,
    ticks,
  );
}

function addNewPhoneForm() {
  const form = byId('new-phone').content.cloneNode(true).firstElementChild;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      await post('/ui/phones', { number: form.elements.number.value });
      form.reset();
      form.querySelector('.problem').textContent = '';
    } catch (error) {
      form.querySelector('.problem').textContent = error.message;
    }
  });
  byId('phones').append(form);
}

function show(state) {
  const isFirst = phones.size === 0;
  const isNewLines = JSON.stringify(lines) !== JSON.stringify(state.lines);
  lines = state.lines;
  showMode(state.mode);
  byId('taken').textContent = state.taken;
  byId('doubled').textContent = state.doubled;
  byId('doubled-fact').classList.toggle('bad', state.doubled > 0);
  for (const { number, texts } of state.phones) {
    const isNew = !phones.has(number);
    if (isNew) addPhone(number);
    if (isNew || isNewLines) phones.get(number).fillLines();
    showTexts(phones.get(number), texts);
  }
  // On a narrow screen the browser would stay at the form that was there before the phones.
  if (isFirst) byId('phones').scrollLeft = 0;
}

addModes();
addNewPhoneForm();
const events = new EventSource('/ui/events');
events.onmessage = ({ data }) => show(JSON.parse(data));
events.onerror = () => explain('The simulated carrier has been stopped. This page comes back when it does.', true);
