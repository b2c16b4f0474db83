/** Lets pictures wait for packets that are sent again, where some are lost. */

import { JitterBuffer } from "./media/jitter_buffer.js";
import { entriesOf, inboundVideo, pathOf } from "./media/stats.js";

const INTERVAL_MS = 2_000;

/** @param {() => RTCPeerConnection | null} subscribed the subscribe connection as it is now */
export function watchLosses(subscribed) {
  /** @type {WeakMap<RTCRtpReceiver, JitterBuffer>} */
  const buffers = new WeakMap();
  setInterval(async () => {
    const pc = subscribed();
    const entries = await entriesOf(pc);
    const { roundTripMs } = pathOf(entries);
    for (const receiver of pc?.getReceivers() ?? []) {
      const entry = inboundVideo(entries, receiver.track);
      if (!entry) continue;
      const buffer = buffers.get(receiver) ?? new JitterBuffer();
      buffers.set(receiver, buffer);
      const target = buffer.target(entry, roundTripMs, performance.now());
      if (receiver.jitterBufferTarget !== target) receiver.jitterBufferTarget = target;
    }
  }, INTERVAL_MS);
}
