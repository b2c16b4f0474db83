import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const root = new URL("../../conferences/static/conferences/meeting/", import.meta.url);
const modules = readdirSync(root, { recursive: true })
  .filter((name) => name.endsWith(".js"))
  .map((name) => ({ name, source: readFileSync(new URL(name, root), "utf8") }));
const importsOf = (source) => [...source.matchAll(/^(?:import|export)\b[^;]*?from\s+"([^"]+)";/gm)].map(([, path]) => path);
const inFolder = (folder) => modules.filter(({ name }) => name.startsWith(`${folder}/`));
const code = (source) => source.replaceAll(/\/\*[^]*?\*\//g, "").replaceAll(/\/\/.*$/gm, "");

test("media knows no screens", () => {
  for (const { name, source } of inFolder("media")) {
    assert.ok(importsOf(source).every((path) => !path.includes("/ui/")), name);
    assert.doesNotMatch(code(source), /\bdocument\.|\bHTML\w*Element\b/, name);
  }
});

test("screens touch no sockets and no peer connections", () => {
  for (const { name, source } of inFolder("ui")) {
    assert.ok(importsOf(source).every((path) => !/\/(media|signalling)\//.test(path)), name);
    assert.doesNotMatch(code(source), /\bWebSocket\b|\bRTCPeerConnection\b|\bgetUserMedia\b/, name);
  }
});

test("state and layout import nothing", () => {
  for (const { name, source } of [...inFolder("state"), ...modules.filter(({ name }) => name === "ui/layout.js")]) {
    assert.deepEqual(importsOf(source), [], name);
  }
});

test("what people write is never parsed as markup", () => {
  for (const { name, source } of modules) {
    assert.doesNotMatch(code(source), /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b/, name);
  }
});

test("only main acts on import, apart from defining the tile element", () => {
  for (const { name, source } of modules) {
    const acts = code(source).split("\n").filter((line) => /^\w[\w.]*\(/.test(line));
    const allowed = { "main.js": acts, "ui/tile.js": ['customElements.define("lo-tile", TileElement);'] }[name] ?? [];
    assert.deepEqual(acts, allowed, name);
  }
});

test("files stay small and hold no odd imports", () => {
  for (const { name, source } of modules) {
    assert.ok(source.split("\n").length <= 300, name);
    for (const path of importsOf(source)) assert.match(path, /^\.\.?\/[\w./]+\.js$/, name);
  }
});
