// Copies d3-quadtree from its npm package into app/stage/vendor, as an ES module: `npm run vendor`.

import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const packageFolder = new URL("../../node_modules/d3-quadtree/", import.meta.url);
const vendorFolder = new URL("../../app/stage/vendor/", import.meta.url);

/** The package's file with its function wrapper (UMD) replaced by an export. */
export function vendorModule() {
  const source = readFileSync(new URL("dist/d3-quadtree.js", packageFolder), "utf8");
  const header = source.slice(0, source.indexOf("\n"));
  const start = source.indexOf("'use strict';"), stop = source.indexOf("exports.quadtree = quadtree;");
  if (start < 0 || stop < 0) throw new Error("d3-quadtree has another form than this script knows");
  return `${header}, ISC licence: see LICENSE\n${source.slice(start + "'use strict';".length, stop)}export { quadtree };\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL("d3-quadtree.js", vendorFolder), vendorModule());
  copyFileSync(new URL("LICENSE", packageFolder), new URL("LICENSE", vendorFolder));
}
