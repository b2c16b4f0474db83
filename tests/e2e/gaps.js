// `window.gaps` notes for how long, at most, nobody else's picture moved on the screen and no sound came in. Start it with gaps.begin().
(() => {
  const longest = {};
  const last = {};
  let running = false;

  const note = (what) => {
    const now = performance.now();
    if (last[what] !== undefined) longest[what] = Math.max(longest[what] ?? 0, now - last[what]);
    last[what] = now;
  };

  const watchPicture = (tile) => {
    const video = tile.querySelector("video");
    const { participant } = tile.dataset;
    const moved = () => {
      if (!running) return;
      note(participant);
      video.requestVideoFrameCallback(moved);
    };
    last[participant] = performance.now();
    video.requestVideoFrameCallback(moved);
  };

  let newest = 0;
  const watchSound = () => {
    const receivers = window.probe.peers().flatMap((peer) => peer.getReceivers());
    const heard = receivers.filter(({ track }) => track.kind === "audio").flatMap((receiver) => receiver.getSynchronizationSources());
    const latest = Math.max(0, ...heard.map(({ timestamp }) => timestamp));
    if (latest > newest) note("sound");
    newest = Math.max(newest, latest);
  };

  let timer;
  window.gaps = {
    /** Watches the tiles of these participants from now on, and all sound. */
    begin(participants) {
      running = true;
      for (const participant of participants) watchPicture(document.querySelector(`lo-tile[data-participant="${participant}"]`));
      last.sound = performance.now();
      timer = setInterval(watchSound, 50);
    },

    /** The longest gaps so far in milliseconds, with the one that is not over yet: by participant, and `sound`. */
    end() {
      for (const what of Object.keys(last)) note(what);
      running = false;
      clearInterval(timer);
      return longest;
    },
  };
})();
