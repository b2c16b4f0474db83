/** Lets pictures wait for packets that are sent again, while the path to this participant loses some. */

import { JitterBuffer } from "./media/jitter_buffer.js";
import { StatsReader } from "./media/stats.js";

const INTERVAL_MS = 2_000;

/** @param {() => RTCPeerConnection | null} subscribed the subscribe connection as it is now */
export function watchLosses(subscribed) {
  const stats = new StatsReader();
  const buffer = new JitterBuffer();
  setInterval(async () => {
    const pc = subscribed();
    const figures = await stats.read(null, pc, performance.now());
    const target = buffer.target(figures, performance.now());
    const videos = pc?.getReceivers().filter(({ track }) => track.kind === "video") ?? [];
    for (const receiver of videos) {
      if (receiver.jitterBufferTarget !== target) receiver.jitterBufferTarget = target;
    }
  }, INTERVAL_MS);
}
