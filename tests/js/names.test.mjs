import assert from "node:assert/strict";
import { test } from "node:test";

import { avatarClass, initials } from "../../conferences/static/conferences/meeting/ui/dom.js";

test("a Latin name gives two letters, any other its first character", () => {
  assert.equal(initials("Jane van Doe"), "JD");
  assert.equal(initials("佐藤 花子"), "佐");
  assert.equal(initials("suzuki"), "S");
  assert.equal(initials("𠮷田　太郎"), "𠮷");
  assert.equal(initials(" "), "?");
});

test("a participant always has the same avatar colour", () => {
  assert.equal(avatarClass("q7c1mjtb"), avatarClass("q7c1mjtb"));
  assert.match(avatarClass("x"), /^avatar--[1-6]$/);
});
