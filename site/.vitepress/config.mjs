import { createRequire } from 'node:module';
import path from 'node:path';

// Not imports: Vite would make them part of this file.
const load = createRequire(import.meta.url);
const { groups, root } = load('../pages.js');
const repository = load('../links.js').repository();

/** As GitHub names the places of headings, so that links are the same in both. */
const slugify = (text) => text.toLowerCase().replace(/[^\wà-ÿ\- ]/g, '').replace(/ /g, '-');

export default {
  title: 'shm-typed-array',
  description: 'Shared memory for Node.js: queues, maps, locks and arrays for several processes',
  lang: 'en',
  base: process.env.SITE_BASE || '/',
  srcDir: '.pages',
  outDir: path.join(root, 'target', 'site'),
  cacheDir: path.join(root, 'target', 'site-cache'),
  lastUpdated: false,
  // The reference is not of VitePress: site/check.js looks at links to it, and at all others again.
  ignoreDeadLinks: [/^\/reference\//],
  markdown: {
    languageAlias: { mjs: 'js' },
    anchor: { slugify },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark' },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Tutorial', link: '/tutorial' },
      { text: 'Recipes', link: '/recipes' },
      { text: 'API', link: '/api' },
      { text: 'Types', link: '/reference/index.html', target: '_self' },
    ],
    sidebar: [{ text: 'Overview', link: '/' }].concat(
      groups().map(({ title, pages }) => ({ text: title, items: pages.map((page) => ({ text: page.title, link: page.url })) })),
    ),
    socialLinks: repository === null ? [] : [{ icon: 'github', link: repository }],
  },
};
