// Still pictures: what the page shows before the engine runs, and where it cannot run at all.
import { existsSync, readFileSync } from 'node:fs';
import { Failed, ask, at, files, must } from './kit.mjs';

/** How many pictures of the stage the first frame has, one for each of its sizes. */
const SIZES = 4;

/**
 * The first frame of the page as the host binary draws it (`still first`): what stands in index.html in the place of
 * each mark. It is what the live page shows at the instant at which it comes alive.
 */
export async function firstFrame() {
  const answer = await ask(await hostBinary(), ['still', 'first']);
  const lines = answer?.trim().split('\n') ?? [];
  const [ribbon, clock, event, millis] = lines.slice(SIZES);
  if (!millis) throw new Failed('`still first` did not print the first frame.', 'run `cargo run -- still first` and read what it says.');
  return {
    '<!-- first frame -->': lines.slice(0, SIZES).join('\n'),
    '<!-- first ribbon -->': ribbon,
    '<!-- first clock -->': `<b>${clock}</b><span>${event}</span>`,
    'data-first-now=""': `aria-valuemin="0" aria-valuemax="${millis}" aria-valuenow="${millis}" aria-valuetext="${millis / 1000} seconds"`,
  };
}

/**
 * One lesson step as a still: `{ svg, text }`, or null while the host binary cannot draw.
 *
 * Asks the host binary: `kafka-playground still <slug> <n> <light|dark>` prints the picture, from `<svg` to `</svg>`,
 * and after it the step's text, a paragraph a line. The picture takes its colours from classes, so one serves both themes.
 */
export async function renderStill(slug, step, theme = 'light') {
  const binary = await hostBinary();
  if (!binary) return null;
  const answer = await ask(binary, ['still', slug, String(step), theme]);
  const end = answer?.lastIndexOf('</svg>') ?? -1;
  if (end < 0) throw new Failed(`\`still ${slug} ${step}\` did not print a picture.`, `run \`cargo run -- still ${slug} ${step} ${theme}\` and read what it says.`);
  const svg = answer.slice(answer.indexOf('<svg'), end + 6);
  return { svg, text: answer.slice(end + 6).split('\n').map(line => line.trim()).filter(Boolean) };
}

let built;

/**
 * The host tests have been compiled with these arguments: the binary is compiled as they were, which is not again. Vite
 * asks for it too, and is a program of its own.
 */
export function compiledFor(testing) {
  process.env.HOST_BINARY_LIKE = [...testing, '--test', 'it'].join(' ');
}

/** The host binary, compiled once; null while it has no `still` command. */
export function hostBinary() {
  built ??= (async () => {
    const knows = files('src/main.rs', 'src/host').some(path => /"still"/.test(readFileSync(at(path), 'utf8')));
    if (!knows) return null;
    const like = process.env.HOST_BINARY_LIKE?.split(' ') ?? [];
    await must('cargo', ['build', '--quiet', '--bin', 'kafka-playground', ...like], { what: 'The host binary does not compile.', how: 'read the first error above.' });
    const folder = process.env.CARGO_TARGET_DIR ?? at('target');
    const path = `${folder}/debug/kafka-playground`;
    return existsSync(path) ? path : null;
  })();
  return built;
}
