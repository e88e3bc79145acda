// How long a frame takes: the app itself, with a cluster in which very many packets really are under way, drawn in
// letters. `npm run bench` opens this page and prints #results. A bare canvas that only copies as many sprites is the
// reference of what this browser on this machine could reach at all.
import glueUrl from '../pkg/kafka_playground.js?url';
import moduleUrl from '../pkg/kafka_playground_bg.wasm?url';

/** Milliseconds that are looked on before and while measuring. */
const WARM = 1500;
const MEASURED = 6000;
/** Producers whose packets are about so many travellers. */
const CROWDS = [[100, 3], [500, 12], [1000, 24], [2000, 48]];
const KEYS = 'chen,farah,goran,kofi,bruno,dina,mira,asha,jonas,pia,omar,lena,ravi,sofia,tom,uma,viktor,wen,xenia,yusuf,zoe,ada,ben,carla';

const rows = [];
const row = (name, figures) => rows.push(name.padEnd(44) + figures.map(([value, unit]) => `${value.toFixed(1).padStart(8)} ${unit.padEnd(10)}`).join(''));
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));
const nth = (samples, part) => samples[Math.min(samples.length - 1, Math.floor(samples.length * part))] ?? 0;

// What is counted: sprites copied in a frame, and the time that callbacks of frames take.
let copies = 0;
const { drawImage } = CanvasRenderingContext2D.prototype;
CanvasRenderingContext2D.prototype.drawImage = function (...words) {
  copies += 1;
  return drawImage.apply(this, words);
};
const askForFrame = window.requestAnimationFrame.bind(window);
let busy = 0;
window.requestAnimationFrame = act => askForFrame(now => {
  const since = performance.now();
  act(now);
  busy += performance.now() - since;
});

/** Looks on for a while and writes down what the frames were like; resolves to how much half of them drew at least. */
async function watch(name) {
  await sleep(WARM);
  const [gaps, works, counts] = [[], [], []];
  let last;
  const until = performance.now() + MEASURED;
  await new Promise(resolve => {
    const look = now => {
      if (last !== undefined) {
        gaps.push(now - last);
        works.push(busy);
        counts.push(copies);
      }
      last = now;
      busy = 0;
      copies = 0;
      if (performance.now() < until) askForFrame(look);
      else resolve();
    };
    askForFrame(look);
  });
  const fps = gaps.length / gaps.reduce((sum, gap) => sum + gap, 0) * 1000;
  for (const list of [gaps, works, counts]) list.sort((a, b) => a - b);
  row(name, [[nth(counts, 0.5), 'drawn'], [fps, 'fps'], [nth(gaps, 0.5), 'ms p50'], [nth(gaps, 0.95), 'ms p95'], [nth(works, 0.5), 'JS ms p50'], [nth(works, 0.95), 'JS ms p95']]);
  return nth(counts, 0.5);
}

/** A cluster whose links are slow and whose producers are many. */
const crowd = producers => [
  'world brokers=3 seed=1 latency=1500ms',
  'topic crowd partitions=12 replication=3',
  ...Array.from({ length: producers }, (_, i) => `producer p${i + 1} name=app-${i + 1} acks=1 batch.size=60`),
  ...Array.from({ length: producers }, (_, i) => `load p${i + 1} crowd every=${25 + i}ms keys=${KEYS} size=20`),
  'run 60s',
].join('\n');

let instance = 0;

/** Mounts the app on a script and lets it play. */
async function app(script) {
  instance += 1;
  const glue = await import(/* @vite-ignore */ `${glueUrl}#${instance}`);
  await glue.default({ module_or_path: moduleUrl });
  const root = document.querySelector('#app').cloneNode(false);
  document.querySelector('#app').replaceWith(root);
  let failed;
  const page = { root: new URL('.', location.href).href, script, alive: () => [], begin() {}, record() {}, keepCluster() {}, keptCluster: () => undefined, stopped: message => { failed = message; }, switchTheme() {} };
  glue.start(root, page);
  await sleep(500);
  root.querySelector('[aria-label="Play"]')?.click();
  // Letters, whatever the rate.
  for (let press = 0; press < 6 && root.querySelector('.stagebox')?.dataset.density !== 'Letters'; press += 1) {
    document.dispatchEvent(new KeyboardEvent('keydown', { key: 'g', bubbles: true }));
    await sleep(50);
  }
  return { root, failed: () => failed };
}

/** The least that a frame with so many sprites can be: nothing but copying them. */
async function bare(count) {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [1000, 760];
  document.querySelector('#app').replaceChildren(canvas);
  const context = canvas.getContext('2d');
  const sprites = Array.from({ length: 24 }, (_, i) => {
    const sprite = document.createElement('canvas');
    [sprite.width, sprite.height] = [56, 30];
    const ink = sprite.getContext('2d');
    ink.fillStyle = `hsl(${i * 15} 70% 50%)`;
    ink.roundRect(1, 1, 54, 28, 14);
    ink.fill();
    return sprite;
  });
  let going = true;
  const draw = now => {
    context.clearRect(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < count; i += 1) context.drawImage(sprites[i % 24], (i * 137 + now / 20) % 940, (i * 71) % 730, 56, 30);
    if (going) window.requestAnimationFrame(draw);
  };
  window.requestAnimationFrame(draw);
  await watch(`bare canvas, ${count} sprites`);
  going = false;
}

const results = document.querySelector('#results');
try {
  for (const [travellers, producers] of CROWDS) {
    await bare(travellers);
    const mounted = await app(crowd(producers));
    const moved = await watch(`the app, about ${travellers} labelled travellers`);
    mounted.root.querySelector('[aria-label="Pause"]')?.click();
    if (mounted.failed()) throw new Error(mounted.failed());
    if (!moved) throw new Error('The app drew nobody who travels: these figures are not of it.');
    mounted.root.remove();
    document.body.prepend(Object.assign(document.createElement('div'), { id: 'app' }));
  }
} catch (error) {
  rows.push(`stopped: ${error.stack ?? error}`);
}
results.textContent = rows.join('\n');
results.hidden = false;
document.documentElement.dataset.bench = 'done';
