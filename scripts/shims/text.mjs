/**
 * Stands in for the packages with which yargs lays out its own help text, which is never shown (src/cli/options.ts
 * writes ours): loading them takes 30 ms, for tables of Unicode properties.
 */
const unused = () => {
  throw new Error("yargs's own help text is not part of this build");
};
export default unused;
