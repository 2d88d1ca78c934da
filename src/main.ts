/** What the bundle gives to its loader, scripts/bundle-loader.cjs. */
export { compilerThread, main, thread } from './cli.ts';
