import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { vendorModule } from "./vendor.js";

const root = fileURLToPath(new URL("../../app/stage/", import.meta.url));
const files = readdirSync(root, { recursive: true }).map(String).filter((name) => name.endsWith(".js") && !name.startsWith("vendor")).sort();

/** Folders and files that import only what stands further up. */
const ORDER = ["shared", "palette", "words", "vendor", "data", "state", "state.js", "gl", "layers", "ui", "rest"];
const floor = (name) => {
  const first = name.split("/")[0], known = ORDER.indexOf(first.endsWith(".js") && first !== "state.js" ? first.slice(0, -3) : first);
  return known < 0 ? ORDER.length : known;
};

test("modules import what stands further up, without circles of folders", () => {
  for (const name of files) {
    const source = readFileSync(join(root, name), "utf8");
    for (const [, path] of source.matchAll(/^(?:import|export)[^;]*from "([^"]+)";/gm)) {
      const target = relative(root, resolve(dirname(join(root, name)), path));
      assert.ok(existsSync(join(root, target)), `${name} imports ${target}, which is not there`);
      assert.ok(floor(target) <= floor(name), `${name} imports ${target}`);
    }
  }
});

test("state and data know neither the page nor WebGL", () => {
  for (const name of files.filter((file) => /^(state|data)/.test(file))) {
    const code = readFileSync(join(root, name), "utf8").replace(/\/\*[^]*?\*\/|\/\/.*/g, "");
    assert.doesNotMatch(code, /\b(document|HTMLElement|querySelector|WebGL|requestAnimationFrame|matchMedia)\b/, name);
  }
});

test("no file has more than 300 lines, no folder more than 15", () => {
  const folders = new Map();
  for (const name of files) {
    assert.ok(readFileSync(join(root, name), "utf8").split("\n").length <= 300, name);
    folders.set(dirname(name), (folders.get(dirname(name)) ?? 0) + 1);
  }
  for (const [folder, count] of folders) assert.ok(count <= 15, folder);
});

test("README.md has a line for every file", () => {
  const text = readFileSync(join(root, "README.md"), "utf8");
  for (const name of files) assert.ok(text.includes(`\`${name}\``), name);
});

test("the vendored module is that of its package", { skip: !existsSync(new URL("../../node_modules/d3-quadtree", import.meta.url)) && "node_modules is missing" }, () => {
  assert.equal(readFileSync(join(root, "vendor/d3-quadtree.js"), "utf8"), vendorModule());
  assert.ok(statSync(join(root, "vendor/LICENSE")).size > 100);
});
