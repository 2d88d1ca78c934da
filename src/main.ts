/** What the bundle gives to its loader, scripts/bundle-loader.cjs. */
export { main, thread } from './cli.ts';
