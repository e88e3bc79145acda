// Rules about pages and sheets that a reader of one file cannot see are kept.
import { readFileSync } from 'node:fs';
import { Failed, at, files } from './kit.mjs';

const RULES = [
  {
    says: 'only tokens.css holds colours',
    looksAt: path => path.startsWith('www/style/') && path.endsWith('.css') && !path.endsWith('/tokens.css'),
    breaks: /#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|hwb|lab|lch|oklab|oklch)a?\(/i,
  },
  {
    says: 'pages hold no inline styles or handlers: the content security policy blocks them',
    looksAt: path => path === 'index.html' || path === 'www/bench.html' || path === 'www/frames.html' || path.startsWith('src/host/') || path === 'www/tools/pages.mjs',
    breaks: /\sstyle=["'$]|\son[a-z]+=["']|<style\b/,
  },
  {
    says: 'lock files name no server',
    looksAt: path => path === 'package-lock.json',
    breaks: /"resolved"/,
  },
];

export function tidy() {
  const broken = [];
  for (const path of files('index.html', 'package-lock.json', 'www/style', 'www/tools', 'www/bench.html', 'www/frames.html', 'src/host')) {
    const rules = RULES.filter(rule => rule.looksAt(path));
    if (!rules.length) continue;
    readFileSync(at(path), 'utf8').split('\n').forEach((line, i) => {
      rules.filter(rule => rule.breaks.test(line)).forEach(rule => broken.push(`${path}:${i + 1}: ${rule.says}`));
    });
  }
  if (broken.length) throw new Failed(broken.join('\n  '), 'use a token or a class.');
}
