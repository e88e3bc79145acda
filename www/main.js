// Boots the page: fetches the WebAssembly module, starts it in #app, and is what remains standing when it fails.
//
// The library exports `start(root, page)`: the element it fills, and everything it may ask of JavaScript (`pageFor`
// below). A panic leaves an instance in an unknown state, so nothing here ever calls into it again: what happened is
// shown, the script so far is offered, and a fresh instance of the same module takes its place.
import glueUrl from '../pkg/kafka_playground.js?url';
import moduleUrl from '../pkg/kafka_playground_bg.wasm?url';
import { Keep, clusters } from './keep.js';
import { Notice } from './notice.js';

/** Where the app is: both `www/main.js` and `assets/<name>.js` stand one folder below. Never asked of the location. */
const here = import.meta.url;
const appRoot = new URL('..', here).href;

const notice = new Notice();
let keep;
let compiled;
let generation = 0;
/** Whether there is an app in which somebody could have done something. */
let isAlive = false;

/** What was pressed before there was anyone to hear it, in order. */
const pressed = [];

/** WebAssembly is missing, forbidden, or too old for this module. */
class Blocked extends Error {}

async function boot() {
  // The app changes the address without loading a page; a relative address would be read anew from there.
  for (const link of document.querySelectorAll('link[rel=icon]')) link.href = link.href;
  document.addEventListener('click', onClick);
  try {
    [compiled, keep] = await Promise.all([compile(), Keep.open()]);
    await begin('');
  } catch (error) {
    notStarted(error);
  }
}

/** The module, compiled once; every instance is made from it. */
async function compile() {
  if (typeof WebAssembly !== 'object') throw new Blocked();
  const response = await fetch(moduleUrl);
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  const bytes = await response.arrayBuffer();
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    // A policy of the browser or of the page, or a module that this browser is too old for.
    throw new Blocked(error.message);
  }
}

/** Starts a fresh instance. The fragment makes it a module of its own, with its own memory, from the same file. */
async function begin(script, stands = 0) {
  generation += 1;
  const glue = await import(/* @vite-ignore */ `${glueUrl}#${generation}`);
  await glue.default({ module_or_path: compiled });
  glue.start(freshRoot(), pageFor(generation, script, stands));
}

/** The element the app fills; after a crash a copy without the listeners of the instance that is gone. */
function freshRoot() {
  const app = document.getElementById('app');
  if (generation === 1) return app;
  const fresh = app.cloneNode(false);
  app.replaceWith(fresh);
  return fresh;
}

/** Everything the library may ask of JavaScript. Calls from an instance that is gone are ignored. */
function pageFor(mine, script, stands) {
  const ifCurrent = act => (...words) => {
    if (mine === generation) act(...words);
  };
  return {
    /** The address of the app's root, ending in `/`. */
    root: appRoot,
    /** The script to replay before anything else; empty for a first start. */
    script,
    /** At which second of the cluster's time to stand then; 0 where the script ends. */
    stands,
    /** The script an earlier visit left; empty if there is none. */
    kept: script ? '' : keep.script,
    /** The app has drawn itself. Returns the names of the buttons (`data-press`) pressed until then, in order. */
    alive: () => {
      if (mine !== generation) return [];
      document.documentElement.dataset.alive = '';
      delete document.documentElement.dataset.busy;
      notice.hide();
      const lost = clusters.kept('stopped');
      if (lost) offer('The simulator stopped when you were here last. What you had done is kept.', JSON.parse(lost));
      isAlive = true;
      return pressed.splice(0);
    },
    /** Lines that the run's script has grown by: plan, seed and commands, each once. */
    record: ifCurrent(text => { forgetStop(); keep.append(text); }),
    /** A new run begins with these lines; the script of the last one is forgotten. */
    begin: ifCurrent(text => { forgetStop(); keep.begin(text); }),
    /** The last cluster of a view, kept beyond this visit; an empty text forgets it. */
    keepCluster: ifCurrent((view, text) => clusters.keep(view, text)),
    keptCluster: view => clusters.kept(view),
    /** A panic. The instance must not be entered again. */
    stopped: ifCurrent(stopped),
    switchTheme,
  };
}

// What can go wrong ---------------------------------------------------------------------------------------------------

function notStarted(error) {
  delete document.documentElement.dataset.busy;
  const still = { label: 'Read still lessons', href: new URL('figures/', appRoot).href };
  if (error instanceof Blocked) {
    notice.show('This browser blocks WebAssembly, which runs the brokers. The lessons still work as still pictures.', [still]);
  } else {
    notice.show('The part that runs the brokers did not arrive. The lessons still work as still pictures.', [
      { label: 'Try again', press: () => location.reload() }, still,
    ], error.message);
  }
}

function stopped(message) {
  generation += 1; // whatever the instance still says is ignored
  isAlive = false;
  clusters.keep('sandbox', ''); // what made it stop must not make the next visit stop
  keep.flush();
  const script = keep.script;
  delete document.documentElement.dataset.alive;
  const lost = { message, script, at: secondsOf(document.querySelector('.clock b')?.textContent) };
  clusters.keep('stopped', JSON.stringify(lost)); // until something is done or begun, also after a reload
  offer('The simulator stopped. This is our bug, not Kafka’s.', lost);
}

/** Something was done or begun: what stopped before is behind. */
function forgetStop() {
  if (isAlive) clusters.keep('stopped', '');
}

/** What the page's clock says, such as 01:02.500, in seconds. */
function secondsOf(text = '') {
  const seconds = text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  return Number.isFinite(seconds) ? seconds : 0;
}

function offer(sentence, { message, script, at }) {
  notice.show(sentence, [
    { label: 'Rewind 5 s', press: () => restart(script, Math.max(at - 5, 0.001)) },
    { label: 'Replay up to here', press: () => restart(script) },
    { label: 'Start over', press: () => restart('') },
    { label: 'Copy report', copy: () => `${message}\n\n${script}\n` },
  ], message);
}

async function restart(script, stands = 0) {
  notice.hide();
  clusters.keep('stopped', '');
  if (!script) keep.begin();
  try {
    await begin(script, stands);
  } catch (error) {
    notStarted(error);
  }
}

// An instance that ends without its panic hook (out of memory, stack overflow) is known by the error it throws.
addEventListener('error', event => {
  if (typeof WebAssembly === 'object' && event.error instanceof WebAssembly.RuntimeError && 'alive' in document.documentElement.dataset) stopped(String(event.error));
});
addEventListener('pagehide', () => keep?.flush());

// What works before and without the app -------------------------------------------------------------------------------

function onClick(event) {
  const control = event.target.closest?.('[data-press]');
  if (!control) return;
  if (control.dataset.press === 'theme') switchTheme();
  else if (!('alive' in document.documentElement.dataset)) {
    pressed.push(control.dataset.press);
    document.documentElement.dataset.busy = control.dataset.press;
  }
}

function switchTheme() {
  const { dataset } = document.documentElement;
  dataset.theme = dataset.theme === 'dark' ? 'light' : 'dark';
  try {
    localStorage.setItem('theme', dataset.theme);
  } catch {
    // Not stored, then; it holds for this visit.
  }
}

boot();
