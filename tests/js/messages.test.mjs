import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { CLIENT_FIELDS, MAX_FRAME_BYTES, SERVER_FIELDS, decode, encode } from "../../conferences/static/conferences/meeting/signalling/messages.js";

const folder = new URL("../data/signalling/", import.meta.url);
const examples = readdirSync(folder).map((name) => ({
  name: name.replace(".json", ""),
  message: JSON.parse(readFileSync(new URL(name, folder), "utf8")),
}));
const fieldsOf = ({ type, request, ...fields }) => Object.keys(fields).sort();

test("every message type has an example, and every example a type", () => {
  const types = [...Object.keys(CLIENT_FIELDS), ...Object.keys(SERVER_FIELDS)].sort();
  assert.deepEqual(examples.map(({ name }) => name).sort(), types);
  assert.deepEqual(examples.map(({ message }) => message.type).sort(), types);
});

for (const { name, message } of examples) {
  const fields = { ...CLIENT_FIELDS, ...SERVER_FIELDS }[name];

  test(`${name} has the documented fields`, () => {
    assert.deepEqual(fieldsOf(message), [...fields].sort());
  });

  if (name in SERVER_FIELDS) {
    test(`${name} is decoded, but not without a field`, () => {
      assert.deepEqual(decode(JSON.stringify(message)), message);
      for (const field of fields) {
        const { [field]: _, ...rest } = message;
        assert.equal(decode(JSON.stringify(rest)), null);
      }
    });
  } else {
    test(`${name} is encoded`, () => {
      assert.deepEqual(JSON.parse(encode(message)), message);
    });
  }
}

test("what is not a known message decodes to nothing", () => {
  const bad = ["", "{", "null", "7", "[]", "{}", '{"type":"constructor"}', '{"type":"join"}', new ArrayBuffer(4), undefined];
  for (const frame of bad) assert.equal(decode(frame), null);
});

test("a frame larger than the server takes is not sent", () => {
  assert.throws(() => encode({ type: "chat", text: "あ".repeat(MAX_FRAME_BYTES / 3) }), RangeError);
});
