import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { Recovery } from "../../conferences/static/conferences/meeting/media/recovery.js";

class FakePeerConnection extends EventTarget {
  connectionState = "new";

  become(state) {
    this.connectionState = state;
    this.dispatchEvent(new Event("connectionstatechange"));
  }
}

let calls;
let online;
let pc;
let recovery;

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  calls = [];
  online = true;
  pc = new FakePeerConnection();
  recovery = new Recovery({
    pc,
    canTry: () => online,
    restartIce: () => calls.push("restart"),
    rebuild: () => calls.push("rebuild"),
    onChange: (connected) => calls.push(connected ? "up" : "down"),
  });
});

test("a short disconnection mends itself", () => {
  recovery.start();
  pc.become("connected");
  pc.become("disconnected");
  mock.timers.tick(2_900);
  pc.become("connected");
  mock.timers.tick(60_000);
  assert.deepEqual(calls, ["up", "down", "up"]);
});

test("what the server does not hear is restarted, whatever the browser believes", () => {
  recovery.start();
  pc.become("connected");
  recovery.doubt();
  assert.deepEqual(calls, ["up", "restart"]);
  pc.become("disconnected");
  recovery.doubt();
  assert.deepEqual(calls, ["up", "restart", "down", "restart"]);
});

test("nothing is doubted before it was expected to stand", () => {
  recovery.doubt();
  assert.deepEqual(calls, []);
});

test("after three seconds of disconnection ICE restarts", () => {
  recovery.start();
  pc.become("connected");
  pc.become("disconnected");
  mock.timers.tick(3_000);
  assert.deepEqual(calls, ["up", "down", "restart"]);
});

test("a failed connection restarts ICE at once, and after two restarts it is rebuilt", () => {
  recovery.start();
  pc.become("connected");
  pc.become("failed");
  mock.timers.tick(12_000);
  mock.timers.tick(12_000);
  assert.deepEqual(calls, ["up", "down", "restart", "restart", "rebuild"]);
});

test("a connection that never comes up is tried again", () => {
  recovery.start();
  mock.timers.tick(12_000);
  assert.deepEqual(calls, ["restart"]);
});

test("nothing is tried while signalling is down; when it is back there is no wait", () => {
  recovery.start();
  pc.become("connected");
  online = false;
  pc.become("failed");
  assert.deepEqual(calls, ["up", "down"]);
  online = true;
  recovery.hurry();
  assert.deepEqual(calls, ["up", "down", "restart"]);
});

test("a connection that is well is left alone", () => {
  recovery.start();
  pc.become("connected");
  recovery.hurry();
  mock.timers.tick(60_000);
  assert.deepEqual(calls, ["up"]);
});

test("a stopped recovery does nothing more", () => {
  recovery.start();
  recovery.stop();
  pc.become("failed");
  mock.timers.tick(60_000);
  assert.deepEqual(calls, []);
});
