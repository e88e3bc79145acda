// Draws the first frame of the stage and of the ribbon: pure functions, state in, SVG out. It stands in until the engine
// draws its own still at build time (`still first`); shapes and class names are those of the painter.
//
// No style attributes anywhere: the content security policy blocks them. A size that no class gives is a font-size
// attribute, which a class would outrank.

const KEYS = Object.fromEntries(
  ['chen', 'farah', 'goran', 'kofi', 'asha', 'bruno', 'dina', 'jonas', 'mira', 'pia'].map((key, hue) => [key, { hue, tag: key[0].toUpperCase() }]));

// Marks ---------------------------------------------------------------------------------------------------------------

const round = value => (typeof value === 'number' ? Math.round(value * 100) / 100 : value);
const attributes = of => Object.entries(of).filter(([, value]) => value !== undefined && value !== '').map(([name, value]) => ` ${name}="${round(value)}"`).join('');
const el = (tag, of, body) => (body === undefined ? `<${tag}${attributes(of)}/>` : `<${tag}${attributes(of)}>${body}</${tag}>`);
const g = (name, ...parts) => el('g', { class: name }, parts.join(''));
const text = (x, y, words, name, size) => el('text', { x, y, class: name, 'font-size': size }, words);
const rect = (x, y, width, height, rx, name) => el('rect', { x, y, width, height, rx, class: name });
const circle = (cx, cy, r, name) => el('circle', { cx, cy, r, class: name });
const diamond = (cx, cy, r, name = '') => el('path', { d: `M${cx} ${cy - r}L${cx + r} ${cy}L${cx} ${cy + r}L${cx - r} ${cy}Z`, class: `dia ${name}`.trim() });

/** Never under 10 px; a cell too small for that has no letter. */
const letter = size => Math.max(10, Math.round(size * 0.56));

/** A record: square where it is stored, round while it travels; hollow while it is above the high watermark. */
function record(cx, cy, size, key, { open = false, dot = false } = {}) {
  const { hue, tag } = KEYS[key], half = size / 2, inset = open ? 1 : 0.5, fs = letter(size);
  const name = open ? 'rec open' : 'rec';
  const body = dot ? circle(cx, cy, half - inset / 2, name) : rect(cx - half + inset, cy - half + inset, size - 2 * inset, size - 2 * inset, Math.max(2, size * 0.2), name);
  return g(`k${hue}`, body, text(cx, cy + fs * 0.36, tag, open ? 'rec-t open' : 'rec-t', fs));
}

/** A request or an answer in flight: one to five records in a capsule. */
function batch(cx, cy, keys, size) {
  const width = keys.length * (size + 1) + 5, height = size + 6;
  return rect(cx - width / 2, cy - height / 2, width, height, height / 2, 'pill')
    + keys.map((key, i) => record(cx - width / 2 + 3 + size / 2 + i * (size + 1), cy, size, key, { dot: true })).join('');
}

const ack = (cx, cy, offset, r) => circle(cx, cy, r, 'ring') + text(cx, cy + 3.5, offset, 'mid b', 10);

/** A transit line with rounded corners. */
function line(points, name, r = 10) {
  let d = `M${points[0].join(' ')}`;
  for (let i = 1; i < points.length - 1; i++) {
    const [[px, py], [x, y], [nx, ny]] = points.slice(i - 1, i + 2);
    const before = Math.hypot(x - px, y - py), after = Math.hypot(nx - x, ny - y), k = Math.min(r, before / 2, after / 2);
    d += `L${round(x - (x - px) / before * k)} ${round(y - (y - py) / before * k)}Q${x} ${y} ${round(x + (nx - x) / after * k)} ${round(y + (ny - y) / after * k)}`;
  }
  return el('path', { d: `${d}L${points.at(-1).join(' ')}`, class: `ln ${name}` });
}

/** A partition's log on one broker, a lettered cell for each record; `y` is its centre line. */
function tape({ x, y, pitch, size, slots, records, committed, leader }) {
  const pad = (pitch - size) / 2 + 2, height = size + 2 * pad, width = slots * pitch + 4;
  const cx = i => x + 2 + i * pitch + pitch / 2;
  const cells = records.map((key, i) => record(cx(i), y, size, key, { open: i >= committed }));
  const next = leader && records.length < slots ? rect(cx(records.length) - size / 2 + 1, y - size / 2 + 1, size - 2, size - 2, size * 0.2, 'slot') : '';
  return rect(x, y - height / 2, width, height, 7, leader ? 'bed leader' : 'bed') + cells.join('') + next;
}

/** The same without letters, where rows are low. */
function strip(x, y, width, height, keys, slots) {
  const pitch = (width - 4) / slots;
  return rect(x, y - height / 2, width, height, 4, 'bed')
    + g('strip', ...keys.map((key, i) => rect(x + 2 + i * pitch + 0.5, y - height / 2 + 2, pitch - 1, height - 4, 1.5, `rec k${KEYS[key].hue}`)));
}

// The scene -----------------------------------------------------------------------------------------------------------

/** Broker that leads each partition. */
const LEADER = [2, 3, 1];
const LENGTH = [14, 13, 13];
const LOG = [['chen', 'farah', 'goran', 'kofi'], ['bruno', 'dina', 'mira'], ['asha', 'jonas', 'pia']].map((keys, p) => sample([8, 19, 40][p], keys, LENGTH[p]));
const BROKERS = [1, 2, 3];
const PARTITIONS = [0, 1, 2];
const leads = (broker, partition) => LEADER[partition] === broker;
/** What a replica holds: a follower is one record behind, one of them two. */
const held = (broker, partition) => LOG[partition].slice(0, LENGTH[partition] - (leads(broker, partition) ? 0 : partition === 0 && broker === 3 ? 2 : 1));

function sample(seed, keys, n) {
  return Array.from({ length: n }, () => {
    seed = (seed * 1664525 + 1013904223) >>> 0;
    return keys[Math.floor(seed / 4294967296 * keys.length)];
  });
}

const LAYOUTS = {
  wide: { width: 1000, height: 760, x: 190, cards: 560, row: 44, pitch: 30, size: 25, slots: 15, labels: 92, head: 34, foot: 10, top: 74, gap: 18, zoo: [14, 38, 33], producer: [24, 112], gutter: 163, group: [852, 118], drop: 20, dot: 20 },
  mid: { width: 840, height: 580, x: 156, cards: 488, row: 40, pitch: 26, size: 22, slots: 15, labels: 82, head: 32, foot: 8, top: 60, gap: 10, zoo: [12, 36, 29], producer: [16, 104], gutter: 138, group: [712, 106], drop: 18, dot: 18 },
  small: { width: 700, height: 516, x: 132, cards: 414, row: 34, pitch: 21, size: 18, slots: 15, labels: 78, head: 30, foot: 6, top: 52, gap: 9, zoo: [8, 34, 25], producer: [10, 94], gutter: 118, group: [594, 90], drop: 16, dot: 16 },
};

function desk(name, l) {
  const right = l.x + l.cards, card = l.head + 3 * l.row + l.foot;
  const top = broker => l.top + (broker - 1) * (card + l.gap);
  const row = (broker, partition) => top(broker) + l.head + partition * l.row + l.drop;
  const [zooY, zooHeight, zooMid] = l.zoo, [px, pw] = l.producer, [gx, gw] = l.group;
  const out = [];

  out.push(rect(l.x, zooY, l.cards, zooHeight, 10, 'card'), text(l.x + 16, zooMid + 5, 'Cluster', 'h2'));
  out.push(text(right - 16, zooMid + 5, 'brokers 1 2 3, controller 1', 'm end'));

  // One trunk from the producer to each leader, one line from each leader to its consumer.
  const py = row(2, 0) + 22;
  PARTITIONS.forEach(p => {
    const ly = row(LEADER[p], p);
    out.push(line([[px + pw, py], [l.gutter, py], [l.gutter, ly], [l.x, ly]], 'data'), line([[right, ly], [gx, ly]], 'data'));
  });

  for (const b of BROKERS) {
    const head = top(b) + l.head / 2 + 2;
    out.push(rect(l.x, top(b), l.cards, card, 10, 'card'), circle(l.x + 18, head, 5, 'tri'), text(l.x + 32, head + 5, `Broker ${b}`, 'h'));
    if (b === 1) out.push(rect(l.x + 104, head - 10, 92, 20, 5, 'box ink'), diamond(l.x + 117, head, 4.5, 'inv'), text(l.x + 127, head + 4, 'Controller', 'b inv', 11.5));
    for (const p of PARTITIONS) {
      const y = row(b, p), leader = leads(b, p), x = l.x + l.labels;
      out.push(tape({ x, y, pitch: l.pitch, size: l.size, slots: l.slots, records: held(b, p), committed: LENGTH[p] - 1, leader }));
      out.push(text(l.x + 18, y - 2, `P${p}`, 'h2'), text(l.x + 18, y + 11 + (l.row > 40 ? 2 : 0), leader ? 'leader' : 'follower', leader ? 's2 b' : 's'));
      if (leader) out.push(line([[x + l.slots * l.pitch + 4, y], [right, y]], 'data'));
    }
  }

  out.push(rect(px, py - 44, pw, 88, 10, 'box'), text(px + 14, py - 20, 'driver-app', 'h2'), text(px + 14, py - 4, 'producer', 's'));
  out.push(...['chen', 'bruno', 'pia'].map((key, i) => record(px + 24 + l.dot * 0.1 + i * (l.dot + 4), py + 20, l.dot, key, { dot: true })));
  const low = row(3, 1), high = row(1, 2);
  out.push(batch(l.gutter, high + (py - high) * 0.66, ['asha'], l.dot), batch(l.gutter, low - 70 * l.row / 44, ['dina'], l.dot), ack(l.gutter, low - 130 * l.row / 44, '13', 11));

  out.push(rect(gx - 10, l.top, gw + 20, top(3) + card - l.top, 12, 'frame'));
  out.push(text(gx + gw / 2, l.top + 24, 'readers', 'mid b'));
  [['C3', 'P2', high], ['C1', 'P0', row(2, 0)], ['C2', 'P1', low]].forEach(([name, partition, y]) => {
    out.push(rect(gx, y - 27, gw, 54, 8, 'box'), text(gx + 14, y - 6, name, 'b'), text(gx + gw - 14, y - 6, partition, 'm end'), text(gx + 14, y + 12, 'reading', 's'));
  });
  const lane = gx - 10 - right;
  out.push(batch(right + lane * 0.435, high, ['pia'], l.dot), batch(right + lane * (lane < 50 ? 0.5 : 0.674), row(2, 0), lane < 50 ? ['chen'] : ['chen', 'kofi'], l.dot), batch(right + lane * 0.326, low, ['mira'], l.dot));
  return svg(`at-${name}`, l.width, l.height, out);
}

/** On a phone each broker shows its leader in letters and its followers as strips; clients are one line. */
function phone() {
  const x = 12, cards = 366, pitch = 21, size = 18, slots = 14, left = x + 62, width = slots * pitch + 4, card = 100;
  const out = [rect(x, 8, cards, 28, 8, 'card'), text(x + 12, 26.5, 'Cluster', 'h2'), text(x + cards - 12, 26, 'brokers 1 2 3, controller 1', 'm end')];
  BROKERS.forEach((b, i) => {
    const y = 44 + i * (card + 8), head = y + 15;
    out.push(rect(x, y, cards, card, 10, 'card'), circle(x + 15, head, 4.5, 'tri'), text(x + 27, head + 5, `Broker ${b}`, 'h'));
    if (b === 1) out.push(rect(x + 98, head - 9, 90, 18, 5, 'box ink'), diamond(x + 110, head, 4.5, 'inv'), text(x + 120, head + 4, 'Controller', 'b inv', 11.5));
    let at = y + 28;
    for (const p of PARTITIONS) {
      const leader = leads(b, p), height = leader ? 30 : 18, mid = at + height / 2, first = LENGTH[p] - 13;
      const records = held(b, p).slice(first);
      out.push(text(x + 12, mid + (leader ? -1 : 4), `P${p}`, leader ? 'h2' : 'b', leader ? undefined : 11.5));
      if (leader) out.push(text(x + 12, mid + 12, 'leader', 's2 b'), tape({ x: left, y: mid, pitch, size, slots, records, committed: 12, leader }));
      else out.push(strip(left, mid, width, 13, records, slots));
      at += height;
    }
  });
  const y = 386;
  ['chen', 'bruno', 'pia'].forEach((key, i) => out.push(record(x + 14 + i * 22, y, 18, key, { dot: true })));
  out.push(text(x + 76, y + 4, 'driver-app sends', 's2'), text(x + cards, y + 4, 'C1, C2, C3 read', 's2 end'));
  return svg('at-phone', 390, 418, out);
}

const svg = (name, width, height, parts) => el('svg', { class: `stage ${name}`, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': 'Three healthy brokers with records flowing' }, parts.join(''));

/** The stage, once for each layout; the sheet shows the one that fits. */
export const drawFirstFrame = () => [...Object.entries(LAYOUTS).map(([name, layout]) => desk(name, layout)), phone()].join('\n');

/** The ribbon four seconds in: a live chapter, the rate so far, the playhead. */
export function drawFirstRibbon() {
  let seed = 2;
  const rate = Array.from({ length: 150 }, (_, i) => {
    if (i / 150 >= 0.12) return 1;
    seed = (seed * 1664525 + 1013904223) >>> 0;
    return 8 + seed / 4294967296 * 14;
  });
  const bars = rate.map((value, i) => el('rect', { x: i, y: 28 - value, width: 0.7, height: value, class: i / 150 < 0.12 ? 'rb-bar past' : 'rb-bar' })).join('');
  return el('svg', { 'aria-hidden': 'true' }, [
    el('rect', { width: '12%', height: 3, class: 'rb-chapter now' }),
    el('svg', { x: '12%', width: '88%', height: 3 }, el('rect', { x: 3, width: '100%', height: 3, class: 'rb-chapter' })),
    text(0, 15, 'Live', 'rb-title now'),
    el('svg', { y: 18, width: '100%', height: 28, viewBox: '0 0 150 28', preserveAspectRatio: 'none' }, bars),
    ...[[1, '0 s'], [30, '10 s'], [60, '20 s'], [90, '30 s']].map(([at, words]) => text(`${at}%`, 61, words, 'rb-axis')),
    el('line', { x1: '12%', x2: '12%', y1: 18, y2: 50, class: 'rb-pole' }),
    circle('12%', 48, 12, 'rb-halo'), circle('12%', 48, 8.5, 'rb-head'),
  ].join(''));
}
