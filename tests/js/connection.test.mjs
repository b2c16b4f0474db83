import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { Connection } from "../../conferences/static/conferences/meeting/signalling/connection.js";

class FakeWebSocket extends EventTarget {
  static OPEN = 1;
  static made = [];
  readyState = 0;
  sent = [];

  constructor(url) {
    super();
    this.url = url;
    FakeWebSocket.made.push(this);
  }

  send(frame) {
    this.sent.push(JSON.parse(frame));
  }

  close() {
    this.readyState = 3;
  }

  accept() {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }

  receive(message) {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) }));
  }

  lose(code = 1006) {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event("close"), { code }));
  }
}

const PONG = { type: "pong", sent: 1, server_time: "2026-11-24T01:00:00+00:00" };
let events;
let connection;
const newest = () => FakeWebSocket.made.at(-1);

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  globalThis.WebSocket = FakeWebSocket;
  FakeWebSocket.made = [];
  events = [];
  connection = new Connection("wss://liveon.test/ws", {
    onOpen: () => events.push("open"),
    onMessage: ({ type }) => events.push(type),
    onLost: () => events.push("lost"),
    onClosed: (reason) => events.push(`closed: ${reason}`),
  });
  connection.open();
});

test("messages go out and come in while the socket is open", () => {
  assert.equal(connection.send({ type: "leave" }), false);
  newest().accept();
  assert.equal(connection.send({ type: "leave" }), true);
  newest().receive({ type: "rebuild", epoch: 2, keep: false });
  newest().receive(PONG);
  assert.deepEqual(newest().sent, [{ type: "leave" }]);
  assert.deepEqual(events, ["open", "rebuild"]);
});

test("a lost socket is opened again, later each time", () => {
  newest().lose();
  mock.timers.tick(400);
  assert.equal(FakeWebSocket.made.length, 2);
  newest().lose();
  mock.timers.tick(400);
  assert.equal(FakeWebSocket.made.length, 2);
  mock.timers.tick(400);
  assert.equal(FakeWebSocket.made.length, 3);
  assert.deepEqual(events, ["lost", "lost"]);
});

test("after a final close code nothing is opened again", () => {
  for (const [code, reason] of [[4401, "login_required"], [4403, "removed"], [4404, "room_not_found"], [4409, "duplicate"], [4410, "meeting_ended"]]) {
    connection.open();
    events = [];
    const sockets = FakeWebSocket.made.length;
    newest().lose(code);
    mock.timers.tick(60_000);
    connection.retryNow();
    assert.equal(FakeWebSocket.made.length, sockets);
    assert.deepEqual(events, [`closed: ${reason}`]);
  }
});

test("after a server restart or too many messages it comes back by itself", () => {
  for (const code of [1012, 4400, 4408, 4429]) {
    const sockets = FakeWebSocket.made.length;
    newest().lose(code);
    mock.timers.tick(15_000);
    assert.ok(FakeWebSocket.made.length > sockets, String(code));
  }
});

test("a socket that falls silent is given up", () => {
  newest().accept();
  mock.timers.tick(10_000);
  assert.equal(newest().sent.at(-1).type, "ping");
  newest().receive(PONG);
  mock.timers.tick(10_000);
  mock.timers.tick(8_000);
  assert.deepEqual(events, ["open", "lost"]);
});

test("a network change doubts an open socket and hurries a waiting one", () => {
  newest().accept();
  connection.retryNow();
  mock.timers.tick(3_000);
  assert.deepEqual(events, ["open", "lost"]);
  connection.retryNow();
  assert.equal(FakeWebSocket.made.length, 2);
});

test("closing ends it, and an old socket is not listened to", () => {
  const old = newest();
  old.accept();
  connection.close();
  old.receive({ type: "rebuild", epoch: 2, keep: false });
  old.lose();
  mock.timers.tick(60_000);
  assert.deepEqual(events, ["open"]);
  assert.equal(FakeWebSocket.made.length, 1);
});
